"""Answers that are written to a connection without uvicorn's request cycle."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from ..engineio import Response

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

_STATUS_LINES = {
    int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def write_response(
    transport: asyncio.Transport,
    response: Response,
    keep_alive: bool = False,
    extra_headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Write a whole HTTP response.

    :param transport: the connection.
    :param response: the response, with its Content-Length.
    :param keep_alive: False to announce that the connection ends.
    :param extra_headers: headers that every response has, such as Date.
    """
    lines = [_STATUS_LINES.get(response.status) or b"HTTP/1.1 %d \r\n" % response.status]
    lines += [b"%b: %b\r\n" % header for header in extra_headers]
    lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in response.headers]
    if not keep_alive:
        lines.append(b"Connection: close\r\n")
    lines.append(b"\r\n")
    lines.append(response.body)
    transport.write(b"".join(lines))


def going_away() -> Response:
    """Answer a handshake that comes while the server stops."""
    body = b"The server is about to stop.\n"
    headers = (("Content-Type", "text/plain"), ("Content-Length", str(len(body))))
    return Response(int(HTTPStatus.SERVICE_UNAVAILABLE), headers, body)


def abort_if_written(transport: asyncio.Transport) -> None:
    """Cut a connection that is about to end, and from which nothing more is to come.

    What it waits for is the client's part in the end of TLS, for which the client has 30 s.
    """
    if transport.is_closing() and not transport.get_write_buffer_size():
        transport.abort()


def write_error(transport: asyncio.Transport, status: HTTPStatus, message: str) -> None:
    """Write an error for a request that cannot be answered otherwise, and close the connection."""
    body = (message + "\n").encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    transport.write(head.encode("latin-1") + body)
    transport.close()
