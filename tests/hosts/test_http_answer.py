"""Answers without uvicorn's request cycle."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import pytest

from flask_socketio.engineio import Response
from flask_socketio.hosts.http_answer import (
    abort_if_written,
    going_away,
    write_error,
    write_response,
)


class Transport(asyncio.Transport):
    """Collects what is written."""

    def __init__(self, unwritten: int = 0) -> None:
        super().__init__()
        self.written = b""
        self.closed = self.aborted = False
        self._unwritten = unwritten

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self._unwritten


@pytest.mark.parametrize(
    ("keep_alive", "connection"), [(True, b""), (False, b"Connection: close\r\n")]
)
def test_a_response(keep_alive: bool, connection: bytes) -> None:
    transport = Transport()
    response = Response(200, (("Content-Length", "2"),), b"ok")
    write_response(transport, response, keep_alive, [(b"date", b"today")])
    expected = b"HTTP/1.1 200 OK\r\ndate: today\r\nContent-Length: 2\r\n%b\r\nok" % connection
    assert transport.written == expected
    assert not transport.closed


def test_a_status_that_nobody_knows() -> None:
    transport = Transport()
    write_response(transport, Response(299, (), b""))
    assert transport.written.startswith(b"HTTP/1.1 299 \r\n")


def test_an_error_closes() -> None:
    transport = Transport()
    write_error(transport, HTTPStatus.BAD_REQUEST, "wrong")
    assert transport.written.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert transport.written.endswith(b"Content-Length: 6\r\nConnection: close\r\n\r\nwrong\n")
    assert transport.closed


def test_going_away() -> None:
    response = going_away()
    assert response.status == 503
    assert dict(response.headers)["Content-Length"] == str(len(response.body))


@pytest.mark.parametrize(
    ("closed", "unwritten", "aborted"), [(True, 0, True), (True, 1, False), (False, 0, False)]
)
def test_abort_if_written(closed: bool, unwritten: int, aborted: bool) -> None:
    transport = Transport(unwritten)
    transport.closed = closed
    abort_if_written(transport)
    assert transport.aborted is aborted
