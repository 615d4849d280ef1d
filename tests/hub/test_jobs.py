from __future__ import annotations

from typing import Any

from tests.hub.doubles import lone_socket

from flask_socketio.hub.jobs import HandlerJob
from flask_socketio.types import DisconnectReason

SOCKET = lone_socket()


def test_a_job_is_one_call() -> None:
    made: list[tuple[Any, ...]] = []
    job = HandlerJob(lambda *args: made.append(args), SOCKET, DisconnectReason.PING_TIMEOUT)
    assert made == []
    job.run()
    assert made == [(SOCKET, DisconnectReason.PING_TIMEOUT)]


def test_it_names_its_call_and_its_client() -> None:
    shown = repr(HandlerJob(print, SOCKET, "something"))
    assert "print" in shown
    assert SOCKET.sid in shown
    assert "something" in shown
