"""Clients that may break every rule: HTTP requests and WebSocket frames written byte by byte."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from dataclasses import dataclass
from typing import Any, Self

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9

UPGRADE_HEADERS = (
    "Host: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def http_request(
    port: int,
    method: str,
    path: str,
    body: bytes | str | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 12.0,
) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        return _read_answer(connection.getresponse())
    finally:
        connection.close()


def read_answer(sock: socket.socket, method: str = "GET") -> Answer:
    """The response that comes on a socket to which a request was written by hand."""
    response = http.client.HTTPResponse(sock, method=method)
    try:
        response.begin()
        return _read_answer(response)
    finally:
        response.close()


def _read_answer(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


class PollingSession:
    """An Engine.IO session over HTTP long-polling, one connection for each request."""

    def __init__(self, port: int, path: str = "/socket.io/") -> None:
        self.port = port
        opening = http_request(port, "GET", f"{path}?EIO=4&transport=polling")
        assert opening.status == 200, opening
        self.handshake = json.loads(opening.text[1:])
        self.sid = self.handshake["sid"]
        self.path = f"{path}?EIO=4&transport=polling&sid={self.sid}"

    def get(self) -> Answer:
        return http_request(self.port, "GET", self.path)

    def post(self, body: bytes | str) -> Answer:
        return http_request(self.port, "POST", self.path, body)

    def start_get(self) -> socket.socket:
        """Send a GET without waiting for its answer, which ``read_answer`` takes."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=12)
        sock.sendall(f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        return sock


@dataclass(frozen=True, slots=True)
class Closed:
    """How a WebSocket ended: its close code, or None when the connection just broke off."""

    code: int | None
    reason: str = ""


def frame_of(payload: bytes, opcode: int, final: bool = True) -> bytes:
    """A client's frame. Its masking key is zero, which is legal and saves the work."""
    first = opcode | (0x80 if final else 0)
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + b"\0\0\0\0" + payload


class RawWebSocket:
    """A WebSocket client on a blocking socket.

    :param receive_buffer: the size of the socket's receive buffer in bytes; None: as the system
        has it.
    """

    def __init__(
        self, port: int, path: str, *, headers: str = "", receive_buffer: int | None = None
    ) -> None:
        self.sock = socket.socket()
        self.sock.settimeout(12)
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = f"GET {path} HTTP/1.1\r\n" + UPGRADE_HEADERS.format(port=port) + headers + "\r\n"
        self.sock.sendall(request.encode())
        self._buffer = bytearray()
        self._answered = False

    def finish_handshake(self) -> bytes:
        """Read the answer to the handshake; returns its head."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._fill()
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        self._answered = True
        return head

    def open(self) -> Self:
        head = self.finish_handshake()
        assert head.startswith(b"HTTP/1.1 101 "), head
        return self

    def _fill(self) -> None:
        data = self.sock.recv(65_536)
        if not data:
            raise ConnectionError("the connection is closed")
        self._buffer += data

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def send(self, message: str | bytes) -> None:
        opcode = TEXT if isinstance(message, str) else BINARY
        payload = message.encode() if isinstance(message, str) else message
        self.sock.sendall(frame_of(payload, opcode))

    def receive(self) -> str | bytes | Closed:
        """The next message, or how the connection ended."""
        try:
            first, second = self._take(2)
            size = second & 127
            if size == 126:
                (size,) = struct.unpack("!H", self._take(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._take(8))
            payload = self._take(size)
        except ConnectionError:
            return Closed(None)
        opcode = first & 15
        if opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big") if payload else 1005
            return Closed(code, payload[2:].decode())
        return payload.decode() if opcode == TEXT else payload

    def receive_until_closed(self) -> Closed:
        while not isinstance(message := self.receive(), Closed):
            pass
        return message

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class RawSocketIO(RawWebSocket):
    """A Socket.IO client on a WebSocket, connected to one namespace; it answers pings.

    :param auth: the data of the CONNECT packet, as JSON.
    """

    def __init__(
        self,
        port: int,
        auth: dict[str, Any] | None = None,
        namespace: str = "/",
        *,
        receive_buffer: int | None = None,
    ) -> None:
        path = "/socket.io/?EIO=4&transport=websocket"
        super().__init__(port, path, receive_buffer=receive_buffer)
        self.open()
        opening = self.receive()
        assert isinstance(opening, str), opening
        self.handshake = json.loads(opening[1:])
        self._prefix = "" if namespace == "/" else f"{namespace},"
        self.send(f"40{self._prefix}{json.dumps(auth) if auth else ''}")
        answer = self.receive_packet()
        assert isinstance(answer, str), answer
        assert answer.startswith(f"40{self._prefix}{{"), answer
        self._acks = 0

    def receive_packet(self) -> str | bytes | Closed:
        """The next message that is not a ping."""
        while (message := self.receive()) == "2":
            self.send("3")
        return message

    def emit(self, *args: Any) -> None:
        self.send(f"42{self._prefix}{json.dumps(args)}")

    def ask(self, *args: Any) -> Any:
        """Emit, and wait for the acknowledgement; events that come meanwhile are skipped."""
        self._acks += 1
        self.send(f"42{self._prefix}{self._acks}{json.dumps(args)}")
        start = f"43{self._prefix}{self._acks}["
        while True:
            message = self.receive_packet()
            assert not isinstance(message, Closed), f"closed while waiting: {message}"
            if isinstance(message, str) and message.startswith(start):
                return json.loads(message[len(start) - 1 :])
