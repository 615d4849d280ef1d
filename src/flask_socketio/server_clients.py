"""``socketio.server.manager``: who is connected, and in which rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from . import server_views as views
from .addressing import rooms_of
from .hub.hub import Hub
from .live_mapping import LiveMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .addressing import Rooms
    from .extension import SocketIO
    from .service import SocketIOService
    from .types import Room

    Members: TypeAlias = "Mapping[str, str]"
    Ask: TypeAlias = "Callable[[], SocketIOService]"


class ClientRegister:
    """The clients of this process, by namespace and room.

    Before the server runs, and after it has stopped, nobody is connected.

    :param socketio: the extension.
    :param find_service: returns the server's inside.
    """

    def __init__(self, socketio: SocketIO, find_service: Callable[[], SocketIOService]) -> None:
        self._socketio = socketio
        self._find_service = find_service

    # ---------------------------------------------------------------- mappings, to be read only

    @property
    def rooms(self) -> Mapping[str, Mapping[Room, Mapping[str, str]]]:
        """The clients as ``{namespace: {room: {sid: id of its session}}}``.

        The room None has all clients of the namespace, and each sid is a room of its own. Each
        access shows what is then; none of the mappings can be written to.
        """
        service = self._find_service()

        def read() -> dict[str, Mapping[Room, Members]]:
            names = views.ask_hub(service, views.read_namespaces) or []
            return {name: _rooms_of_namespace(service, name) for name in names}

        def look_up(name: str) -> Mapping[Room, Members]:
            if not views.ask_hub(service, views.has_room, name, None):
                raise KeyError(name)
            return _rooms_of_namespace(service, name)

        return LiveMapping("server.manager.rooms", read, "join_room() and leave_room()", look_up)

    @property
    def eio_to_sid(self) -> Mapping[str, Mapping[str, str]]:
        """The sids of each session, as ``{id of the session: {namespace: sid}}``."""
        service = self._find_service()
        return LiveMapping(
            "server.manager.eio_to_sid",
            lambda: views.ask_hub(service, views.read_sids_by_session) or {},
            "what connects and disconnects clients",
        )

    @property
    def callbacks(self) -> Mapping[str, Mapping[int, Callable[..., object]]]:
        """The callbacks that wait for answers, as ``{sid: {id of the packet: callback}}``."""
        service = self._find_service()
        return LiveMapping(
            "server.manager.callbacks",
            lambda: views.ask_hub(service, views.read_callbacks) or {},
            "emit(callback=...)",
        )

    @property
    def pending_disconnect(self) -> Mapping[str, list[str]]:
        """The clients whose disconnect handler has not ended, as ``{namespace: [sid]}``."""
        service = self._find_service()
        return LiveMapping(
            "server.manager.pending_disconnect",
            lambda: views.ask_hub(service, views.read_leaving) or {},
            "disconnect()",
        )

    # ---------------------------------------------------------------- questions

    def get_namespaces(self) -> list[str]:
        """Return the namespaces that have clients."""
        return views.ask_hub(self._find_service(), views.read_namespaces) or []

    def get_participants(self, namespace: str, room: Rooms | None) -> Iterator[tuple[str, str]]:
        """Return an iterator over the clients in a room: the sid and the id of the session of each.

        :param namespace: the namespace.
        :param room: a room, a sid, or a list of them; None for all clients of the namespace.
        """
        service = self._find_service()
        rooms = rooms_of(room, None)
        chosen = None if rooms is None else tuple(rooms)
        members = views.ask_hub(service, views.read_members, namespace, chosen) or {}
        return iter(members.items())

    def get_rooms(self, sid: str, namespace: str) -> list[Room]:
        """Return the rooms a client is in, its own first; none if it is not connected."""
        return views.ask_hub(self._find_service(), Hub.rooms, sid, namespace) or []

    def is_connected(self, sid: str, namespace: str) -> bool:
        """Tell whether a client is connected: its connect handler has accepted it."""
        return views.ask_hub(self._find_service(), views.is_connected, sid, namespace) or False

    def can_disconnect(self, sid: str, namespace: str) -> bool:
        """Tell whether a client is connected, so that it can be disconnected."""
        return self.is_connected(sid, namespace)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """Return the id of a client's session; `disconnect` needs no preparation here."""
        return self.eio_sid_from_sid(sid, namespace)

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """Return the sid that a session has in a namespace; None if it has none."""
        return views.ask_hub(self._find_service(), views.find_sid, eio_sid, namespace)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """Return the id of a client's session; None if the client is not connected."""
        return views.ask_hub(self._find_service(), views.find_eio_sid, sid, namespace)

    # ---------------------------------------------------------------- commands

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Rooms | None = None,
        skip_sid: str | list[str] | None = None,
        callback: Callable[..., object] | None = None,
        to: Rooms | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """Send an event to clients; see :meth:`flask_socketio.SocketIO.emit`."""
        self._socketio.emit(
            event,
            data,
            namespace=namespace,
            to=to,
            room=room,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
        )

    def disconnect(self, sid: str, namespace: str, ignore_queue: bool = False) -> None:
        """Disconnect a client from a namespace; nothing happens if it is not connected."""
        self._find_service().disconnect(sid, namespace)

    def enter_room(self, sid: str, namespace: str, room: Room, eio_sid: str | None = None) -> None:
        """Put a client into a room.

        :param eio_sid: accepted and ignored: the server knows it.
        :raises ValueError: the client is not connected.
        """
        self._find_service().enter_room(sid, room, namespace)

    def leave_room(self, sid: str, namespace: str, room: Room) -> None:
        """Take a client out of a room.

        :raises ValueError: the client is not connected.
        """
        self._find_service().leave_room(sid, room, namespace)

    def close_room(self, room: Room, namespace: str) -> None:
        """Take every client out of a room."""
        self._find_service().close_room(room, namespace)

    def trigger_callback(self, sid: str, id: int, data: list[Any]) -> None:
        """Call a callback that waits for a client's answer, in place of the client.

        :param sid: the client.
        :param id: the packet's id, as in :attr:`callbacks`.
        :param data: the arguments. Nothing happens if no callback waits.
        """
        callback = views.ask_hub(self._find_service(), views.take_callback, sid, id)
        if callback is not None:
            callback(*data)


def _rooms_of_namespace(service: SocketIOService, namespace: str) -> Mapping[Room, Members]:
    def read() -> dict[Room, Members]:
        names = views.ask_hub(service, views.read_room_names, namespace) or []
        return {room: _members_of_room(service, namespace, room) for room in names}

    def look_up(room: Room) -> Members:
        if not views.ask_hub(service, views.has_room, namespace, room):
            raise KeyError(room)
        return _members_of_room(service, namespace, room)

    title = f"server.manager.rooms[{namespace!r}]"
    return LiveMapping(title, read, "join_room() and leave_room()", look_up)


def _members_of_room(service: SocketIOService, namespace: str, room: Room) -> Members:
    rooms = None if room is None else (room,)
    return LiveMapping(
        f"server.manager.rooms[{namespace!r}][{room!r}]",
        lambda: views.ask_hub(service, views.read_members, namespace, rooms) or {},
        "join_room() and leave_room()",
    )
