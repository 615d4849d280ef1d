"""Class-based namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from .addressing import refuse_unknown
from .errors import UsageError
from .handlers import CONNECTION_EVENTS, UNHANDLED, count_parameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from .addressing import Rooms
    from .extension import SocketIO
    from .server import Server
    from .types import Room


class Namespace:
    """The handlers of one namespace as methods: ``on_chat`` handles the event ``chat``.

    Register an instance with :meth:`SocketIO.on_namespace`. An event without a method is ignored.

    :param namespace: its name; None for ``/``, ``'*'`` for every namespace without handlers.
    """

    def __init__(self, namespace: str | None = None) -> None:
        #: Its name.
        self.namespace: str = namespace or "/"
        self._socketio: SocketIO | None = None
        self._accepts: dict[str, int | None] = {}

    @property
    def socketio(self) -> SocketIO:
        """The server that this namespace is registered with.

        :raises UsageError: it is not registered yet.
        """
        if self._socketio is None:
            raise UsageError(
                f"the namespace {self.namespace!r} belongs to no server yet; "
                "register it with socketio.on_namespace()"
            )
        return self._socketio

    @property
    def server(self) -> Server:
        """The server without Flask's contexts: :attr:`SocketIO.server`.

        :raises UsageError: the namespace is not registered, or there is no application yet.
        """
        server: Server | None = self.socketio.server
        if server is None:
            raise UsageError("this SocketIO has no application yet: call init_app(app) first")
        return server

    # ---------------------------------------------------------------- handlers

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Call the method of an event; override it to dispatch in another way.

        :param event: the event's name.
        :param args: the client's sid, and what it sent; for ``connect`` the sid, the handshake's
            WSGI environment and ``auth``; for ``disconnect`` the sid and the reason.
        :returns: what the method returns: the ack.
        """
        args = args[2:] if event == "connect" else args[1:]
        method = getattr(self, "on_" + event, None)
        if method is None:
            return None if event in CONNECTION_EVENTS else UNHANDLED
        if event in CONNECTION_EVENTS:
            if event not in self._accepts:
                self._accepts[event] = count_parameters(method)
            args = args[: self._accepts[event]]
        return method(*args)

    # ---------------------------------------------------------------- sending

    def emit(
        self,
        event: str,
        data: Any = None,
        room: Rooms | None = None,
        include_self: bool = True,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        *,
        to: Rooms | None = None,
        skip_sid: str | list[str] | None = None,
        ignore_queue: bool = False,
        **unknown: Never,
    ) -> None:
        """Send an event to the clients of this namespace, or to some of them.

        The arguments are those of :meth:`SocketIO.emit`.
        """
        if unknown:
            refuse_unknown(unknown, self.emit)
        self.socketio.emit(
            event,
            data,
            namespace=namespace or self.namespace,
            to=to,
            room=room,
            include_self=include_self,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
        )

    def send(
        self,
        data: Any,
        room: Rooms | None = None,
        include_self: bool = True,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        *,
        to: Rooms | None = None,
        skip_sid: str | list[str] | None = None,
        ignore_queue: bool = False,
        **unknown: Never,
    ) -> None:
        """Send a message to the clients of this namespace, or to some of them.

        The arguments are those of :meth:`SocketIO.send`.
        """
        if unknown:
            refuse_unknown(unknown, self.send)
        self.socketio.send(
            data,
            namespace=namespace or self.namespace,
            to=to,
            room=room,
            include_self=include_self,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
        )

    def call(
        self,
        event: str,
        data: Any = None,
        to: Room | None = None,
        sid: Room | None = None,
        namespace: str | None = None,
        timeout: float | None = 60,
        ignore_queue: bool = False,
    ) -> Any:
        """Send an event to one client of this namespace and wait for its answer.

        :param event: the event's name.
        :param data: its data; a tuple is several arguments, None is none.
        :param to: the client's sid.
        :param sid: another name for ``to``.
        :param namespace: another namespace.
        :param timeout: seconds to wait; None for no limit.
        :param ignore_queue: True to reach this process's clients only.
        :returns: None, one value, or a tuple of several: what the client's handler acknowledged.
        :raises TimeoutError: no answer came in time.
        :raises DisconnectedError: the client is not connected, or went away meanwhile.
        """
        where = namespace or self.namespace
        return self.server.call(event, data, to, sid, where, timeout, ignore_queue)

    # ---------------------------------------------------------------- rooms and clients

    def enter_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """Put a client of this namespace into a room.

        :raises ValueError: the client is not connected.
        """
        self.server.enter_room(sid, room, namespace or self.namespace)

    def leave_room(self, sid: str, room: Room, namespace: str | None = None) -> None:
        """Take a client of this namespace out of a room.

        :raises ValueError: the client is not connected.
        """
        self.server.leave_room(sid, room, namespace or self.namespace)

    def close_room(self, room: Room, namespace: str | None = None) -> None:
        """Take every client out of a room of this namespace."""
        self.socketio.close_room(room, namespace or self.namespace)

    def rooms(self, sid: str, namespace: str | None = None) -> list[Room]:
        """Return the rooms of a client of this namespace, its own first; none if it is not
        connected."""
        return self.server.rooms(sid, namespace or self.namespace)

    def disconnect(self, sid: str, namespace: str | None = None) -> None:
        """Disconnect a client from this namespace; nothing happens if it is not connected."""
        self.server.disconnect(sid, namespace or self.namespace)

    def get_session(self, sid: str, namespace: str | None = None) -> dict[str, Any]:
        """Return what the application keeps for a client; see :meth:`.Server.get_session`.

        :raises KeyError: the client is not connected.
        """
        return self.server.get_session(sid, namespace or self.namespace)

    def save_session(self, sid: str, session: dict[str, Any], namespace: str | None = None) -> None:
        """Replace what the application keeps for a client.

        :raises KeyError: the client is not connected.
        """
        self.server.save_session(sid, session, namespace or self.namespace)

    def session(
        self, sid: str, namespace: str | None = None
    ) -> AbstractContextManager[dict[str, Any]]:
        """Give what the application keeps for a client to a ``with`` block, and save it after.

        :raises KeyError: the client is not connected.
        """
        return self.server.session(sid, namespace or self.namespace)
