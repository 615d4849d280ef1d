"""A client and a server that talk, without anything between them."""

from __future__ import annotations

from collections import deque

from flask_socketio.socketio import Connection, Packet, Parser, Role


class Pair:
    """Two connections with the messages that are on their way.

    :param parser: used by both ends.
    """

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.client = Connection(parser, Role.CLIENT)
        self.server = Connection(parser)
        self._to_client: deque[str | bytes] = deque()
        self._to_server: deque[str | bytes] = deque()

    def send_to_client(self, messages: tuple[str | bytes, ...]) -> None:
        self._to_client.extend(messages)

    def send_to_server(self, messages: tuple[str | bytes, ...]) -> None:
        self._to_server.extend(messages)

    @property
    def is_quiet(self) -> bool:
        """Nothing is on its way."""
        return not self._to_client and not self._to_server

    def receive_at_client(self) -> list[Packet]:
        """Deliver what is on its way to the client; return the packets."""
        return _deliver(self._to_client, self.client)

    def receive_at_server(self) -> list[Packet]:
        """Deliver what is on its way to the server; return the packets."""
        return _deliver(self._to_server, self.server)

    def join(self, namespace: str) -> None:
        """Connect a namespace, there and back."""
        self.send_to_server(self.client.connect(namespace))
        self.receive_at_server()
        self.send_to_client(self.server.accept(namespace, "sid"))
        self.receive_at_client()


def _deliver(messages: deque[str | bytes], end: Connection) -> list[Packet]:
    packets = []
    while messages:
        packet = end.receive(messages.popleft())
        if packet is not None:
            packets.append(packet)
    return packets
