"""When to look at which session again."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engine_socket import EngineSocket

#: Entries without a session that are left in the heap however few the others are.
SPARE_ENTRIES = 100


class Watch:
    """An entry of the heap: a time, and the session to look at then; None if it is void."""

    __slots__ = ("socket", "when")

    def __init__(self, when: float, socket: EngineSocket) -> None:
        self.when: float = when
        self.socket: EngineSocket | None = socket

    def __lt__(self, other: Watch) -> bool:
        return self.when < other.when


class Deadlines:
    """A heap with one valid entry for each session, moved lazily.

    A deadline mostly moves away (a pong came), and then the entry stays where it is: when its time
    has come, the session is asked for its deadline and put back. Only a deadline that comes nearer
    (an upgrade has begun) makes a new entry; the old one becomes void, and so does that of a
    session that has ended: nothing here keeps it alive. Void entries never outnumber the others
    for long.
    """

    __slots__ = ("_heap", "_void")

    def __init__(self) -> None:
        self._heap: list[Watch] = []
        self._void = 0

    def __len__(self) -> int:
        return len(self._heap) - self._void

    @property
    def next(self) -> float:
        """The time of the earliest entry, infinity when there is none."""
        return self._heap[0].when if self._heap else inf

    def watch(self, socket: EngineSocket) -> bool:
        """See to it that a session is looked at in time.

        :returns: whether this entry is now the earliest.
        """
        when = socket.deadline
        if when == inf or (socket.watch is not None and when >= socket.watch.when):
            return False
        self.forget(socket)
        socket.watch = Watch(when, socket)
        heappush(self._heap, socket.watch)
        return self._heap[0] is socket.watch

    def forget(self, socket: EngineSocket) -> None:
        """Do not look at a session any more."""
        entry = socket.watch
        if entry is None:
            return
        entry.socket = socket.watch = None
        self._void += 1
        if self._void > SPARE_ENTRIES and self._void * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry.socket is not None]
            heapify(self._heap)
            self._void = 0

    def due(self, now: float) -> Iterator[EngineSocket]:
        """Take out each session whose time has come; call `watch` for it afterwards."""
        while self._heap and self._heap[0].when <= now:
            socket = heappop(self._heap).socket
            if socket is None:
                self._void -= 1
            else:
                socket.watch = None
                yield socket
