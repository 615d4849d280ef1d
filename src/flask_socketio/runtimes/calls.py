"""Calls that any thread hands to the thread of an event loop."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
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
            if not self._closed:
                self._loop.call_soon_threadsafe(self._drain)

    def ask(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Have ``function(*args)`` called on the loop, and wait for what it returns.

        :raises Exception: what it raises.
        :raises RuntimeError: the loop has ended.
        """
        if self._closed:
            raise RuntimeError("the server has stopped")
        answer: Future[T] = Future()
        self.submit(_answer, answer, function, args)
        return answer.result(timeout=ASK_TIMEOUT)

    def close(self) -> None:
        """Take no more calls: the loop is about to end. Called on its thread."""
        self._drain()
        self._closed = True

    def _drain(self) -> None:
        self._woken = False
        queue = self._queue
        for _ in range(min(len(queue), DRAIN_BUDGET)):
            function, args = queue.popleft()
            function(*args)
        if queue and not self._woken:
            self._woken = True
            self._loop.call_soon(self._drain)


def _answer(answer: Future[Any], function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = function(*args)
    except (ValueError, KeyError, RuntimeError) as error:  # what the caller is to see
        answer.set_exception(error)
    else:
        answer.set_result(result)
