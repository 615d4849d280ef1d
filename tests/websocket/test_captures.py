"""What real clients sent: see fixtures/README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.websocket.captures import MESSAGES, Capture, load_captures

from flask_socketio.websocket import (
    Close,
    DeflateSettings,
    State,
    WebSocketConnection,
    accept_handshake,
)

if TYPE_CHECKING:
    from flask_socketio.websocket import Event

CAPTURES = load_captures()


def test_the_recorded_clients_are_there() -> None:
    clients = {"aiohttp", "chromium", "node", "websocket-client", "websockets", "ws"}
    assert {capture.name.rsplit("-", 1)[0] for capture in CAPTURES} == clients


@pytest.mark.parametrize("size", [1, 7, 1460, 1 << 20])
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture.name)
def test_recorded_client_is_understood(capture: Capture, size: int) -> None:
    acceptance = accept_handshake(
        capture.method,
        "1.1",
        capture.headers,
        deflate=DeflateSettings() if capture.compressed else None,
    )
    assert (acceptance.deflate is not None) is capture.compressed
    connection = WebSocketConnection(deflate=acceptance.deflate)
    events: list[Event] = []
    for start in range(0, len(capture.stream), size):
        events += connection.receive_data(capture.stream[start : start + size])
    assert events == [*MESSAGES, Close(3001, "done")]
    assert connection.data_to_send() == b"\x88\x02\x0b\xb9"
    assert connection.state is State.CLOSED
