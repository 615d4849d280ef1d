"""A Socket.IO client over one WebSocket, for tests that look at packets."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_websocket

#: Seconds to wait for a packet.
TIMEOUT = 5.0

_PACKET = re.compile(r"4([0-6])(?:(\d+)-)?(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = "0", "1", "2", "3", "4"


class Packet(NamedTuple):
    """A Socket.IO packet from the server."""

    type: str
    namespace: str
    ack_id: int | None
    data: Any


class RefusedError(Exception):
    """The server sent CONNECT_ERROR."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.data = data


class Client:
    """A client that is connected to the engine, and to no namespace yet.

    :param port: the server's port on the loopback address.
    :param headers: headers of the handshake request.
    :param query: more for its query string.
    :param path: where the server is.
    """

    def __init__(
        self,
        port: int,
        headers: dict[str, str] | None = None,
        query: str = "",
        path: str = "socket.io",
    ) -> None:
        url = f"ws://127.0.0.1:{port}/{path}/?EIO=4&transport=websocket&{query}"
        self._open = ExitStack()
        self._websocket = self._open.enter_context(
            connect_websocket(url, additional_headers=headers, compression=None)
        )
        self._websocket.recv(TIMEOUT)
        self._ack_ids = iter(range(10_000))
        #: Packets that came while another one was waited for.
        self.kept: list[Packet] = []
        #: The sid in each namespace.
        self.sids: dict[str, str] = {}

    @property
    def sid(self) -> str:
        """The sid in the global namespace."""
        return self.sids["/"]

    # ---------------------------------------------------------------- packets

    def send_packet(
        self, packet_type: str, namespace: str = "/", data: Any = None, ack_id: int | None = None
    ) -> None:
        """Send one packet without attachments."""
        prefix = "" if namespace == "/" else namespace + ","
        number = "" if ack_id is None else str(ack_id)
        body = "" if data is None else json.dumps(data)
        self._websocket.send(f"4{packet_type}{prefix}{number}{body}")

    def receive_packet(self) -> Packet:
        """Return the next packet, also one that was kept."""
        return self.kept.pop(0) if self.kept else self._read()

    def _read(self) -> Packet:
        while True:
            message = self._websocket.recv(TIMEOUT)
            assert isinstance(message, str), "attachments are read with their packet"
            if message[0] == "4":
                break
        match = _PACKET.fullmatch(message)
        assert match is not None, message
        packet_type, count, namespace, ack_id, body = match.groups()
        data = json.loads(body) if body else None
        attachments = [self._websocket.recv(TIMEOUT) for _ in range(int(count or 0))]
        if packet_type in "56":
            packet_type = {"5": EVENT, "6": ACK}[packet_type]
            data = _put_back(data, attachments)
        return Packet(packet_type, namespace or "/", int(ack_id) if ack_id else None, data)

    def _wait_for(self, *types: str, namespace: str, ack_id: int | None = None) -> Packet:
        for place, packet in enumerate(self.kept):
            if _fits(packet, types, namespace, ack_id):
                return self.kept.pop(place)
        while True:
            packet = self._read()
            if _fits(packet, types, namespace, ack_id):
                return packet
            self.kept.append(packet)

    # ---------------------------------------------------------------- namespaces

    def connect(self, namespace: str = "/", auth: Any = None) -> str:
        """Connect to a namespace.

        :returns: the sid.
        :raises RefusedError: the server refused.
        """
        self.send_packet(CONNECT, namespace, auth)
        packet = self._wait_for(CONNECT, CONNECT_ERROR, namespace=namespace)
        if packet.type == CONNECT_ERROR:
            raise RefusedError(packet.data)
        self.sids[namespace] = packet.data["sid"]
        return self.sids[namespace]

    def leave(self, namespace: str = "/") -> None:
        """Disconnect from a namespace."""
        self.send_packet(DISCONNECT, namespace)

    def wait_for_disconnect(self, namespace: str = "/") -> None:
        """Wait until the server disconnects this client."""
        self._wait_for(DISCONNECT, namespace=namespace)

    def wait_for_close(self) -> tuple[int | None, str | None]:
        """Wait until the server closes the connection.

        :returns: its close code and reason.
        """
        with suppress(ConnectionClosed):
            while True:
                self.kept.append(self._read())
        return self._websocket.close_code, self._websocket.close_reason

    # ---------------------------------------------------------------- events

    def emit(self, event: str, *args: Any, namespace: str = "/") -> None:
        """Send an event."""
        self.send_packet(EVENT, namespace, [event, *args])

    def start_call(self, event: str, *args: Any, namespace: str = "/") -> int:
        """Send an event that asks for an ack.

        :returns: the ack's id.
        """
        ack_id = next(self._ack_ids)
        self.send_packet(EVENT, namespace, [event, *args], ack_id)
        return ack_id

    def finish_call(self, ack_id: int, namespace: str = "/") -> list[Any]:
        """Return the arguments of an ack."""
        data = self._wait_for(ACK, namespace=namespace, ack_id=ack_id).data
        assert isinstance(data, list)
        return data

    def call(self, event: str, *args: Any, namespace: str = "/") -> Any:
        """Send an event and return its ack: None, a value, or a list of several."""
        answer = self.finish_call(self.start_call(event, *args, namespace=namespace), namespace)
        return None if not answer else answer[0] if len(answer) == 1 else answer

    def receive_event(self, namespace: str = "/") -> list[Any]:
        """Return the next event of a namespace: its name and its arguments."""
        data = self._wait_for(EVENT, namespace=namespace).data
        assert isinstance(data, list)
        return data

    def answer(self, *args: Any, namespace: str = "/") -> list[Any]:
        """Answer the next event that asks for an ack.

        :returns: the event.
        """
        packet = self._wait_for(EVENT, namespace=namespace)
        assert packet.ack_id is not None, f"{packet} asks for no ack"
        self.send_packet(ACK, namespace, list(args), packet.ack_id)
        assert isinstance(packet.data, list)
        return packet.data

    def drain(self, namespace: str = "/") -> list[list[Any]]:
        """Return the events that came, once everything sent before has been handled.

        The site has a handler of ``fence`` in the global namespace.
        """
        self.call("fence")
        events = [
            packet.data
            for packet in self.kept
            if packet.type == EVENT and packet.namespace == namespace
        ]
        self.kept = [packet for packet in self.kept if packet.data not in events]
        return events

    def close(self) -> None:
        """Close the connection."""
        self._open.close()


def _fits(packet: Packet, types: tuple[str, ...], namespace: str, ack_id: int | None) -> bool:
    return (
        packet.type in types
        and packet.namespace == namespace
        and (ack_id is None or packet.ack_id == ack_id)
    )


def _put_back(data: Any, attachments: list[Any]) -> Any:
    if isinstance(data, list):
        return [_put_back(item, attachments) for item in data]
    if isinstance(data, dict):
        if data.get("_placeholder"):
            return attachments[data["num"]]
        return {key: _put_back(value, attachments) for key, value in data.items()}
    return data
