"""What the Hub puts into mailboxes: calls of the application, to be made by workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..socketio import Packet
    from ..types import DisconnectReason
    from .ports import Dispatcher
    from .socket import Socket


class ConnectJob:
    """A client asks to be connected to a namespace."""

    __slots__ = ("_dispatcher", "_packet", "_socket")

    def __init__(self, dispatcher: Dispatcher, socket: Socket, packet: Packet) -> None:
        self._dispatcher = dispatcher
        self._socket = socket
        self._packet = packet

    def run(self) -> None:
        """Run the connect handler."""
        self._dispatcher.run_connect(self._socket, self._packet)


class EventJob:
    """A client sent an event."""

    __slots__ = ("_dispatcher", "_packet", "_socket")

    def __init__(self, dispatcher: Dispatcher, socket: Socket, packet: Packet) -> None:
        self._dispatcher = dispatcher
        self._socket = socket
        self._packet = packet

    def run(self) -> None:
        """Run the event's handler."""
        self._dispatcher.run_event(self._socket, self._packet)


class DisconnectJob:
    """A client has left a namespace."""

    __slots__ = ("_dispatcher", "_reason", "_socket")

    def __init__(self, dispatcher: Dispatcher, socket: Socket, reason: DisconnectReason) -> None:
        self._dispatcher = dispatcher
        self._socket = socket
        self._reason = reason

    def run(self) -> None:
        """Run the disconnect handler."""
        self._dispatcher.run_disconnect(self._socket, self._reason)


class AckJob:
    """A client answered a packet that asked for an ack."""

    __slots__ = ("_callback", "_packet", "_socket")

    def __init__(
        self, callback: Callable[[Socket, Packet], None], socket: Socket, packet: Packet
    ) -> None:
        self._callback = callback
        self._socket = socket
        self._packet = packet

    def run(self) -> None:
        """Run the callback."""
        self._callback(self._socket, self._packet)
