"""An event loop that turns when it is told, with a clock that is set by hand."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Handle:
    """A callback that is due at a time."""

    def __init__(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def run(self) -> None:
        if not self.cancelled:
            self._function(*self._args)


class ManualLoop:
    """The part of ``asyncio.AbstractEventLoop`` that runtimes use."""

    def __init__(self) -> None:
        self.now = 100.0
        self._soon: deque[Handle] = deque()
        self._later: list[tuple[float, int, Handle]] = []
        self._count = itertools.count()

    def time(self) -> float:
        return self.now

    def call_soon(self, function: Callable[..., object], *args: Any) -> Handle:
        self._soon.append(Handle(function, args))
        return self._soon[-1]

    def call_later(self, delay: float, function: Callable[..., object], *args: Any) -> Handle:
        return self.call_at(self.now + delay, function, *args)

    def call_at(self, when: float, function: Callable[..., object], *args: Any) -> Handle:
        handle = Handle(function, args)
        heapq.heappush(self._later, (when, next(self._count), handle))
        return handle

    @property
    def timers(self) -> list[float]:
        """When the timers that have not been cancelled are due."""
        return sorted(when for when, _, handle in self._later if not handle.cancelled)

    def turn(self) -> None:
        """Run what is due now; what that adds waits for the next turn."""
        while self._later and self._later[0][0] <= self.now:
            self._soon.append(heapq.heappop(self._later)[2])
        for _ in range(len(self._soon)):
            self._soon.popleft().run()

    def advance(self, seconds: float) -> None:
        """Let time pass, and run each timer at its time."""
        end = self.now + seconds
        self.turn()
        while self._later and self._later[0][0] <= end:
            self.now = max(self.now, self._later[0][0])
            self.turn()
        self.now = end
        self.turn()
