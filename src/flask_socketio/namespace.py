"""Class-based namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from .addressing import refuse_unknown
from .errors import UsageError
from .handlers import CONNECTION_EVENTS, UNHANDLED, count_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from .addressing import Rooms
    from .extension import SocketIO
    from .types import Room


class Namespace:
    """The handlers of one namespace as methods: ``on_chat`` handles the event ``chat``.

    Register an instance with :meth:`SocketIO.on_namespace`. An event without a method is ignored.

    :param namespace: its name; None for ``/``, ``'*'`` for every namespace without handlers.
    """

    def __init__(self, namespace: str | None = None) -> None:
        self.namespace = namespace or "/"
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

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Call the method of an event; override it to dispatch in another way.

        :param event: the event's name.
        :param args: what the client sent with it.
        :returns: what the method returns: the ack.
        """
        method = getattr(self, "on_" + event, None)
        if method is None:
            return None if event in CONNECTION_EVENTS else UNHANDLED
        if event in CONNECTION_EVENTS:
            if event not in self._accepts:
                self._accepts[event] = count_parameters(method)
            args = args[: self._accepts[event]]
        return method(*args)

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
        **unknown: Never,
    ) -> None:
        """Send an event to the clients of this namespace; see :meth:`SocketIO.emit`."""
        if unknown:
            refuse_unknown(unknown, self.emit)
        self.socketio.emit(
            event,
            data,
            namespace=namespace or self.namespace,
            to=to,
            room=room,
            include_self=include_self,
            callback=callback,
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
        **unknown: Never,
    ) -> None:
        """Send a message to the clients of this namespace; see :meth:`SocketIO.send`."""
        if unknown:
            refuse_unknown(unknown, self.send)
        self.socketio.send(
            data,
            namespace=namespace or self.namespace,
            to=to,
            room=room,
            include_self=include_self,
            callback=callback,
        )

    def close_room(self, room: Room, namespace: str | None = None) -> None:
        """Take every client out of a room of this namespace."""
        self.socketio.close_room(room, namespace or self.namespace)
