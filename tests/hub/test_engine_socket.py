from __future__ import annotations

from math import inf

from tests.hub.doubles import ENVIRON, lone_engine_socket


def test_a_new_one_has_no_ends() -> None:
    socket = lone_engine_socket()
    assert socket.environ is ENVIRON
    assert (socket.websocket, socket.probe, socket.poll, socket.post) == (None,) * 4
    assert socket.client is None
    assert not socket.dirty
    assert not socket.paused
    assert not hasattr(socket, "__dict__")


def test_its_deadline_is_the_sessions_or_the_applications() -> None:
    socket = lone_engine_socket(100.0)
    assert socket.deadline == 125
    socket.expires = 120
    assert socket.deadline == 120
    socket.expires = 130
    assert socket.deadline == 125


def test_a_session_that_has_ended_has_none() -> None:
    socket = lone_engine_socket()
    socket.session.receive("1", 1.0)
    assert socket.deadline == inf
