"""The client's end of a connection without a network: it speaks Engine.IO and Socket.IO."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..engineio import PacketType as EnginePacketType
from ..socketio import Connection, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..socketio import Packet, Parser
    from .inline import InlineHost

#: More attachments than any test sends in one packet: limits on the client's side are its own.
MAX_ATTACHMENTS = 10_000


#: What the request for a WebSocket has in its headers, and what its query string begins with.
UPGRADE_HEADERS = {
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_UPGRADE": "websocket",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}
ENGINE_QUERY = "EIO=4&transport=websocket"


class InlineClient:
    """One session, as its client sees it.

    :param host: where the server is.
    :param parser: the server's, which the client has to share.
    :param environ: of the handshake.
    :param take_packet: called with each Socket.IO packet that arrives, its data not decoded.
    :param take_end: called when the server has closed the connection.
    :raises EngineRequestError: the handshake's origin is not allowed.
    """

    def __init__(
        self,
        host: InlineHost,
        parser: Parser,
        environ: dict[str, Any],
        take_packet: Callable[[InlineClient, Packet], None],
        take_end: Callable[[InlineClient], None],
    ) -> None:
        #: The session's id; empty until the server's first packet has arrived.
        self.sid: Any = ""
        #: False for a client that leaves the server's PINGs unanswered.
        self.answers_pings = True
        self.connection: Connection = Connection(
            parser, Role.CLIENT, max_attachments=MAX_ATTACHMENTS
        )
        self.is_open: bool = True
        self._take_packet = take_packet
        self._take_end = take_end
        self._websocket = host.connect(environ, self)

    def send(self, parts: tuple[str | bytes, ...]) -> None:
        """Send a Socket.IO packet and its attachments."""
        messages = (part if isinstance(part, bytes) else f"4{part}" for part in parts)
        self._websocket.send(*messages)

    def finish(self) -> None:
        """Have everything that follows from what was sent happen."""
        self._websocket.finish()

    def drop(self) -> None:
        """End the connection without a word."""
        self.is_open = False
        self._websocket.drop()

    def receive(self, packet: str | bytes) -> None:
        """Take an Engine.IO packet."""
        if not self.is_open:
            return
        if isinstance(packet, bytes):
            self._receive_message(packet)
            return
        match packet[0]:
            case EnginePacketType.MESSAGE:
                self._receive_message(packet[1:])
            case EnginePacketType.OPEN:
                self.sid = json.loads(packet[1:])["sid"]
            case EnginePacketType.PING if self.answers_pings:
                self._websocket.send(f"{EnginePacketType.PONG}{packet[1:]}")
            case _:  # nothing else says anything to a client that has a WebSocket
                pass

    def _receive_message(self, message: str | bytes) -> None:
        packet = self.connection.receive(message)
        if packet is not None:
            self._take_packet(self, packet)

    def closed(self) -> None:
        """Learn that the server has closed the connection."""
        if self.is_open:
            self.is_open = False
            self._take_end(self)


def as_given(environ: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a handshake what the test did not give: handlers show ``request`` to it.

    :param environ: the handshake's environment, as middleware has left it.
    """
    environ["QUERY_STRING"] = environ["QUERY_STRING"].removeprefix(ENGINE_QUERY).removeprefix("&")
    for name in UPGRADE_HEADERS:
        environ.pop(name, None)
    if environ.get("HTTP_USER_AGENT", "").startswith("Werkzeug/"):
        del environ["HTTP_USER_AGENT"]
    return environ
