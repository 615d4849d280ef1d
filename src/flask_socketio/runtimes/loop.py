"""The Hub on an asyncio loop: its clock, its flushes and its timers.

Threads: the loop's thread owns the engine and everything in it; other threads reach it through
`Calls`, which serialises them.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ..hub.engine import Engine


class LoopRuntime:
    """What an engine needs of the loop that owns it.

    :param loop: the loop; it may be uvloop's or asyncio's own.
    """

    engine: Engine

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.now: Callable[[], float] = loop.time
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf

    def request_flush(self) -> None:
        """Have the engine write what is queued, once this turn's input has been taken."""
        self._loop.call_soon(self.engine.flush)

    def request_timer(self, when: float) -> None:
        """Have the engine's timers handled at a time."""
        if when < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = when
            self._timer = self._loop.call_at(when, self._handle_timer)

    def close(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _handle_timer(self) -> None:
        self._timer = None
        self._timer_at = inf
        self.engine.handle_timer()
