"""The rooms of one namespace, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set

    from ..types import Room, Sid


class LocalAdapter:
    """Two maps, room to clients and client to rooms, so that leaving costs what was joined.

    The room that every client has for itself is not in the maps: it is the client.
    """

    __slots__ = ("_members", "_rooms")

    def __init__(self) -> None:
        self._members: dict[Room, set[Sid]] = {}
        self._rooms: dict[Sid, set[Room]] = {}

    def join(self, sid: Sid, room: Room) -> None:
        """Put a client into a room."""
        self._members.setdefault(room, set()).add(sid)
        self._rooms.setdefault(sid, set()).add(room)

    def leave(self, sid: Sid, room: Room) -> None:
        """Take a client out of a room; nothing happens if it is not in there."""
        members = self._members.get(room)
        if members is None or sid not in members:
            return
        members.discard(sid)
        if not members:
            del self._members[room]
        rooms = self._rooms[sid]
        rooms.discard(room)
        if not rooms:
            del self._rooms[sid]

    def leave_all(self, sid: Sid) -> None:
        """Take a client out of every room, in time proportional to the rooms it was in."""
        for room in self._rooms.pop(sid, ()):
            members = self._members[room]
            members.discard(sid)
            if not members:
                del self._members[room]

    def close_room(self, room: Room) -> None:
        """Take every client out of a room, which ends with it."""
        for sid in tuple(self._members.get(room, ())):
            self.leave(sid, room)

    def rooms(self, sid: Sid) -> tuple[Room, ...]:
        """Return the rooms a client has joined, without its own."""
        return tuple(self._rooms.get(sid, ()))

    def members(self, room: Room) -> Set[Sid]:
        """Return the clients that joined a room. The Hub's to read, before the next change."""
        return self._members.get(room, frozenset())
