"""What a connection costs at rest, and what a peer can make it cost."""

from __future__ import annotations

import gc
import sys
import time

import pytest
from tests.websocket.wire import frame

from flask_socketio.errors import ProtocolError
from flask_socketio.websocket import PerMessageDeflate, State, WebSocketConnection

TEXT, BINARY, FIRST_BINARY, MIDDLE, PING = 0x81, 0x82, 0x02, 0x00, 0x89


def test_idle_connection_is_small() -> None:
    connection = WebSocketConnection()
    connection.receive_data(frame(TEXT, b"a"))
    connection.receive_data(frame(TEXT, b"a" * 300)[:100])
    connection.receive_data(frame(TEXT, b"a" * 300)[100:])
    held = gc.get_referents(connection)
    assert not [value for value in held if isinstance(value, (bytearray, list, dict))]
    assert sys.getsizeof(connection) < 200


def test_closed_connection_holds_nothing() -> None:
    connection = WebSocketConnection(deflate=PerMessageDeflate())
    connection.receive_data(frame(FIRST_BINARY, b"a" * 300) + frame(MIDDLE, b"a" * 300)[:100])
    connection.receive_eof()
    held = gc.get_referents(connection)
    assert not [value for value in held if isinstance(value, (bytearray, PerMessageDeflate))]


def test_bytes_one_by_one_cost_linear_time() -> None:
    data = frame(BINARY, b"x" * 300_000)
    connection = WebSocketConnection()
    begin = time.process_time()
    events = [event for byte in data for event in connection.receive_data(bytes((byte,)))]
    assert events == [b"x" * 300_000]
    assert time.process_time() - begin < 5.0


@pytest.mark.parametrize("unit", [frame(PING), frame(MIDDLE), frame(MIDDLE, b"x")])
def test_a_big_segment_of_tiny_frames_costs_linear_time(unit: bytes) -> None:
    connection = WebSocketConnection()
    connection.receive_data(frame(FIRST_BINARY))
    begin = time.process_time()
    connection.receive_data(unit * 100_000)
    assert connection.state is State.OPEN
    assert time.process_time() - begin < 5.0


def test_error_keeps_no_frame_alive() -> None:
    (error,) = WebSocketConnection().receive_data(frame(TEXT, b"\xff" * 300))
    assert isinstance(error, ProtocolError)
    assert (error.__traceback__, error.__context__) == (None, None)
