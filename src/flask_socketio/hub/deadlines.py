"""When to look at which session again."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engine_socket import EngineSocket


class Deadlines:
    """A heap with one entry for each session, moved lazily.

    A deadline mostly moves away (a pong came), and then the entry stays where it is: when its time
    has come, the session is asked for its deadline and put back. Only a deadline that comes nearer
    (an upgrade has begun) makes a new entry; the old one is recognised by its time and skipped.
    """

    __slots__ = ("_heap", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, EngineSocket]] = []
        self._serial = 0

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next(self) -> float:
        """The time of the earliest entry, infinity when there is none."""
        return self._heap[0][0] if self._heap else inf

    def watch(self, socket: EngineSocket) -> bool:
        """See to it that a session is looked at in time.

        :returns: whether this entry is now the earliest.
        """
        when = socket.deadline
        if when >= socket.timer:
            return False
        socket.timer = when
        self._serial += 1
        heappush(self._heap, (when, self._serial, socket))
        return self._heap[0][2] is socket

    def due(self, now: float) -> Iterator[EngineSocket]:
        """Take out each session whose time has come; call `watch` for it afterwards."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, socket = heappop(heap)
            if when == socket.timer:
                socket.timer = inf
                yield socket
