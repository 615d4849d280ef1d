"""One namespace: its clients and its rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapters.local import LocalAdapter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ..types import Room, Sid
    from .socket import Socket


class NamespaceState:
    """The clients of one namespace by sid, and who is in which room."""

    __slots__ = ("adapter", "name", "sockets")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.sockets: dict[Sid, Socket] = {}
        self.adapter: LocalAdapter = LocalAdapter()

    def select(
        self, rooms: Collection[Room] | None, skip: Collection[Sid] = ()
    ) -> Iterable[Socket]:
        """Return the clients that a broadcast reaches, each once.

        :param rooms: rooms and sids; None for everybody.
        :param skip: sids that are left out.
        """
        if rooms is None:
            if not skip:
                return tuple(self.sockets.values())
            return [socket for sid, socket in self.sockets.items() if sid not in skip]
        sockets = self.sockets
        sids: Iterable[Sid]
        if len(rooms) == 1:
            sids = self._members(next(iter(rooms)))
        else:
            sids = {sid for room in rooms for sid in self._members(room)}
        return [sockets[sid] for sid in sids if sid not in skip]

    def rooms(self, sid: Sid) -> tuple[Room, ...]:
        """Return the rooms of a client, its own first; none if it is not here."""
        return (sid, *self.adapter.rooms(sid)) if sid in self.sockets else ()

    def remove(self, socket: Socket) -> None:
        """Forget a client, and take it out of its rooms."""
        # An old client that has come back already has the same sid.
        if self.sockets.get(socket.sid) is socket:
            del self.sockets[socket.sid]
        self.adapter.leave_all(socket.sid)

    def _members(self, room: Room) -> Collection[Sid]:
        """The members of a room; a sid is a room that its client is always in."""
        members = self.adapter.members(room)
        own = self.sockets.get(room)  # type: ignore[call-overload]  # any hashable may be asked for
        if own is None:
            return members
        return {own.sid, *members} if members else (own.sid,)
