"""Calls that any thread hands to the thread of an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVarTuple

    Ts = TypeVarTuple("Ts")

T = TypeVar("T")

#: Calls that are made before reads and heartbeats get their turn.
DRAIN_BUDGET = 1024
#: Seconds after which a loop that does not answer is taken for dead.
ASK_TIMEOUT = 60.0


class Calls:
    """A queue that wakes the loop at most once until the loop has taken everything.

    :param loop: the loop; it may be uvloop's or asyncio's own.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        #: Whether a wake-up is on its way. Written by every thread without a lock: who sees True
        #: has appended before the loop clears it, so its call is drained.
        self._woken = False
        self._closed = False

    def submit(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have ``function(*args)`` called on the loop, after what was submitted before.

        When the loop has ended, nothing happens: there is nobody left to do it for.
        """
        self._queue.append((function, args))
        if not self._woken:
            self._woken = True
            self._wake()

    def ask(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Have ``function(*args)`` called on the loop, and wait for what it returns.

        On the loop's own thread, where waiting would never end, it is called at once, before what
        was submitted and is not called yet.

        :raises Exception: what it raises.
        :raises RuntimeError: the loop has ended.
        """
        if asyncio._get_running_loop() is self._loop:
            return function(*args)
        answer: Future[T] = Future()
        self.submit(answer_call, answer, function, args)
        return answer.result(timeout=ASK_TIMEOUT)

    def close(self) -> None:
        """Make the calls that are left, and take no more: the loop is about to end.

        Called on its thread.
        """
        try:
            for _ in range(0, len(self._queue), DRAIN_BUDGET):
                self._drain()
        finally:
            self._closed = True
            self._discard()

    @property
    def closed(self) -> bool:
        """Whether no call is taken any more."""
        return self._closed

    def _wake(self) -> None:
        if not self._closed:
            try:
                self._loop.call_soon_threadsafe(self._drain)
            except RuntimeError:  # the loop was closed without telling us
                self._closed = True
        if self._closed:
            self._discard()

    def _discard(self) -> None:
        """Drop what nobody will call; who waits for an answer learns that none will come.

        `_woken` is cleared first: who queues a call after that comes here, too, and the call of
        who saw it set is queued already.
        """
        self._woken = False
        with suppress(IndexError):  # another thread may be discarding, too
            while True:
                refuse_call(*self._queue.popleft())

    def _drain(self) -> None:
        if self._closed:
            return
        self._woken = False
        queue = self._queue
        try:
            for _ in range(min(len(queue), DRAIN_BUDGET)):
                function, args = queue.popleft()
                function(*args)
        finally:  # a call that fails holds up no other
            if queue and not self._woken:
                self._woken = True
                self._loop.call_soon(self._drain)


def answer_call(answer: Future[Any], function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Make a call that somebody waits for."""
    try:
        result = function(*args)
    except Exception as error:  # whatever it is, it is raised again in the thread that waits
        answer.set_exception(error)
    else:
        answer.set_result(result)


def refuse_call(function: Callable[..., object], args: tuple[Any, ...]) -> None:
    """Drop a call; who waits for its answer learns that none will come."""
    if function is answer_call:
        args[0].set_exception(RuntimeError("the server has stopped"))
