"""One connection to a server, on which a test writes bytes and reads answers."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

WEBSOCKET_HEADERS = (
    b"Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
ENGINE = "/engine.io/?EIO=4&transport="


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    #: Whether the body ended before its length, or its last chunk, had come.
    is_cut: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def head_of(method: str, path: str, *headers: str, version: str = "1.1") -> bytes:
    """The head of a request, with a Host header."""
    lines = [f"{method} {path} HTTP/{version}", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def upgrade_of(path: str = ENGINE + "websocket") -> bytes:
    """The request that opens a WebSocket."""
    return f"GET {path} HTTP/1.1\r\n".encode() + WEBSOCKET_HEADERS + b"\r\n"


class Connection:
    """A blocking socket; what is read too much is kept for the next answer."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.sock = sock if context is None else context.wrap_socket(sock, server_hostname="tests")
        self.file = self.sock.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.file.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def ask(self, method: str, path: str, *headers: str, body: bytes = b"") -> Answer:
        """One request and its answer."""
        if body:
            headers = (*headers, f"Content-Length: {len(body)}")
        self.send(head_of(method, path, *headers) + body)
        return self.receive(method)

    def receive(self, method: str = "GET") -> Answer:
        """The next answer, whole."""
        response = http.client.HTTPResponse(_Reader(self.file), method=method)  # type: ignore[arg-type]
        response.begin()
        try:
            body = response.read()
        except http.client.IncompleteRead as error:
            return Answer(response.status, response.headers, error.partial, is_cut=True)
        return Answer(response.status, response.headers, body)

    def receive_head(self) -> bytes:
        """The head of the next answer, as it is."""
        lines = []
        while (line := self.file.readline()) not in (b"\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def receive_exactly(self, count: int) -> bytes:
        return self.file.read(count)

    def is_closed(self, timeout: float = 5.0) -> bool:
        """Whether the server ends the connection, without another byte, in that time."""
        self.sock.settimeout(timeout)
        try:
            return self.file.read(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


class _Reader:
    """What http.client takes for a socket: the file stays open behind an answer."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def makefile(self, _mode: str) -> Any:
        return _Unclosed(self._file)


class _Unclosed:
    def __init__(self, file: Any) -> None:
        self.read = file.read
        self.readline = file.readline
        self.readinto = file.readinto
        self.read1 = file.read1

    def close(self) -> None:
        """Leave the file to the next answer."""

    def flush(self) -> None:
        """Nothing was written."""
