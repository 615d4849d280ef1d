"""Two small blocking clients for the conformance check: HTTP/1.1 and Socket.IO over WebSocket."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
from dataclasses import dataclass

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    text: str


class HttpConnection:
    """A keep-alive HTTP/1.1 connection to 127.0.0.1; opened again when the server closes it."""

    def __init__(self, port: int, timeout: float = 10) -> None:
        self._port = port
        self._timeout = timeout
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=self._timeout)
        self.file = self.socket.makefile("rb")

    def request(
        self, method: str, target: str, body: str | None = None, headers: tuple[str, ...] = ()
    ) -> Response:
        """Sends one request and reads the whole response."""
        content = (body or "").encode()
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", *headers]
        if body is not None:
            lines.append("Content-Type: text/plain;charset=UTF-8")
            lines.append(f"Content-Length: {len(content)}")
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        return self._receive_response()

    def _receive_response(self) -> Response:
        status_line = self.file.readline().split()
        if len(status_line) < 2:
            raise ConnectionError("closed instead of an HTTP response")
        status = int(status_line[1])
        headers = {}
        while line := self.file.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if status == 101:
            return Response(status, headers, "")
        return Response(status, headers, self._receive_body(headers).decode())

    def _receive_body(self, headers: dict[str, str]) -> bytes:
        until_close = False
        if "content-length" in headers:
            body = self.file.read(int(headers["content-length"]))
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._receive_chunks()
        else:
            until_close = True
            body = self.file.read()
        if until_close or headers.get("connection", "").lower() == "close":
            self._connect()
        return body

    def _receive_chunks(self) -> bytes:
        body = b""
        while size := int(self.file.readline(), 16):
            body += self.file.read(size)
            self.file.readline()
        self.file.readline()
        return body


class WebSocketClient:
    """A Socket.IO client, connected to the namespace ``/`` over WebSocket."""

    def __init__(self, port: int) -> None:
        self._http = HttpConnection(port)
        self._upgrade()
        opened = self.receive()
        if not opened.startswith("0") or "sid" not in json.loads(opened[1:]):
            raise AssertionError(f"no Engine.IO open packet: {opened!r}")
        self.send("40")
        connected = self.receive()
        if not connected.startswith("40{"):
            raise AssertionError(f"no Socket.IO CONNECT: {connected!r}")

    def _upgrade(self) -> None:
        key = base64.b64encode(os.urandom(16))
        response = self._http.request(
            "GET",
            "/socket.io/?EIO=4&transport=websocket",
            headers=(
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 13",
                f"Sec-WebSocket-Key: {key.decode()}",
            ),
        )
        if response.status != 101:
            raise AssertionError(f"upgrade answered {response.status}: {response.text[:200]}")
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        if response.headers.get("sec-websocket-accept") != accept:
            raise AssertionError(f"wrong Sec-WebSocket-Accept in {response.headers}")

    def send(self, text: str) -> None:
        """Sends one text message."""
        self._send_frame(_TEXT, text.encode())

    def _send_frame(self, first_byte: int, payload: bytes) -> None:
        if len(payload) < 126:
            head = bytes((first_byte, 0x80 | len(payload)))
        else:
            head = bytes((first_byte, 0x80 | 126)) + len(payload).to_bytes(2, "big")
        key = os.urandom(4)
        masked = bytes(byte ^ key[i & 3] for i, byte in enumerate(payload))
        self._http.socket.sendall(head + key + masked)

    def receive(self) -> str:
        """Receives the next Engine.IO packet; answers pings of both protocols by itself."""
        while True:
            first_byte, payload = self._receive_frame()
            if first_byte == _PING:
                self._send_frame(_PONG, payload)
            elif first_byte != _TEXT:
                raise AssertionError(f"unexpected frame {first_byte:#x}: {payload[:100]!r}")
            elif payload == b"2":
                self.send("3")
            else:
                return payload.decode()

    def _receive_frame(self) -> tuple[int, bytes]:
        head = self._http.file.read(2)
        if len(head) < 2:
            raise ConnectionError("closed instead of a WebSocket frame")
        length = head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(self._http.file.read(2 if length == 126 else 8), "big")
        return head[0], self._http.file.read(length)

    def emit(self, event: str, data: object, ack_id: int | None = None) -> None:
        """Sends an event with one argument."""
        self.send(f"42{'' if ack_id is None else ack_id}{json.dumps([event, data])}")
