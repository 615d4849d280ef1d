"""The Hub behind a lock: whoever has something for it becomes its owner for a moment.

There is no thread here, and time is told: for hosts without an event loop.

Threads: any thread calls `submit` and `ask`. One at a time has ``_lock`` and makes the calls of
all; who finds it taken leaves its call to the one who has it. So calls are made in the order in
which they came, also those that the Hub itself submits, and nobody waits for the lock.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from .calls import ASK_TIMEOUT, answer_call, refuse_call

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVarTuple

    from ..hub.engine import Engine

    Ts = TypeVarTuple("Ts")

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("flask_socketio")


class LockRuntime:
    """What an engine needs of its owner, and how everybody reaches it.

    :param now: the time in seconds, on a clock that never goes back.
    :param timer_moved: called by the Hub's owner when the next timer is due earlier than it was,
        with the time at which `handle_timer` is to be called.
    """

    engine: Engine

    def __init__(
        self,
        now: Callable[[], float],
        timer_moved: Callable[[float], object] | None = None,
    ) -> None:
        self.now = now
        #: When `handle_timer` is to be called; infinity for never.
        self.timer_at: float = inf
        self._timer_moved = timer_moved
        self._lock = threading.Lock()
        self._queue: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._closed = False

    # ---------------------------------------------------------------- calls

    def submit(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have ``function(*args)`` called by the Hub's owner, after what was submitted before.

        Unless another thread is the owner at this moment, or the caller itself, it has been called
        when this returns. After `close` nothing happens.
        """
        self._queue.append((function, args))
        # Who has the lock looks at the queue again after giving it back: no call is forgotten.
        while self._queue and self._lock.acquire(blocking=False):
            try:
                self._drain()
            finally:
                self._lock.release()

    def ask(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Have ``function(*args)`` called by the Hub's owner, and wait for what it returns.

        The Hub itself must not ask: it would wait for itself.

        :raises Exception: what it raises.
        :raises RuntimeError: it was closed.
        """
        answer: Future[T] = Future()
        self.submit(answer_call, answer, function, args)
        return answer.result(timeout=ASK_TIMEOUT)

    def settle(self) -> None:
        """Wait until what was submitted has been done, and written to the hosts' connections.

        It may be another thread that does it. After `close` there is nothing to wait for.
        """
        with suppress(RuntimeError):
            while not self.ask(self._is_flushed):
                pass

    def _is_flushed(self) -> bool:
        return self.engine.is_flushed

    def close(self) -> None:
        """Make the calls that are left, and take no more."""
        self.submit(self._close)

    @property
    def closed(self) -> bool:
        """Whether no call is taken any more."""
        return self._closed

    def _close(self) -> None:
        self._closed = True

    def _drain(self) -> None:
        queue = self._queue
        while queue:
            function, args = queue.popleft()
            if self._closed:
                refuse_call(function, args)
                continue
            try:
                function(*args)
            except Exception:  # it must not meet who only happens to have the lock
                logger.exception("a defect: %r failed", function)

    # ---------------------------------------------------------------- what the engine asks for

    def request_flush(self) -> None:
        """Have the engine write what is queued, after what has been submitted already."""
        self._queue.append((self.engine.flush, ()))

    def request_timer(self, when: float) -> None:
        """Have the engine's timers handled at a time."""
        if when < self.timer_at:
            self.timer_at = when
            if self._timer_moved is not None:
                self._timer_moved(when)

    def handle_timer(self) -> None:
        """Do what is due; called by who keeps the time, from any thread."""
        self.submit(self._handle_timer)

    def _handle_timer(self) -> None:
        self.timer_at = inf
        self.engine.handle_timer()
