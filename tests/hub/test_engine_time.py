from __future__ import annotations

import pytest
from tests.hub.doubles import EngineSite

from flask_socketio.engineio import SessionSettings, Transport
from flask_socketio.types import DisconnectReason


@pytest.fixture
def site() -> EngineSite:
    return EngineSite()


def test_pings(site: EngineSite) -> None:
    socket, websocket = site.open_websocket()
    for _ in range(5):
        site.clock.pass_time(25)
        assert websocket.take() == ["2"]
        site.engine.receive(socket, "3")


@pytest.mark.parametrize("transport", list(Transport))
def test_pings_that_come_more_often_than_clients_time_out(transport: Transport) -> None:
    site = EngineSite(SessionSettings(ping_interval=5, ping_timeout=60))
    socket = site.open_polling()
    websocket = site.upgrade(socket) if transport is Transport.WEBSOCKET else None
    pings = 0
    for _ in range(12):
        site.clock.pass_time(5)
        if websocket is not None:
            pings += websocket.take() == ["2"]
            site.engine.receive(socket, "3")
        else:
            pings += site.poll(socket).payload == b"2"
            site.engine.receive_payload(socket, b"3")
    assert pings == 12


def test_a_silent_client(site: EngineSite) -> None:
    _, websocket = site.open_websocket()
    site.clock.pass_time(45)
    assert site.application.closed == [DisconnectReason.PING_TIMEOUT]
    assert websocket.closed == (1000, "no answer for 20 s")
    site.clock.pass_time(100)
    assert site.engine.counters.closed == 1


def test_nothing_is_watched_after_the_end(site: EngineSite) -> None:
    socket, _ = site.open_websocket()
    socket.expires = site.engine.now() + 300
    site.engine.close(socket)
    site.clock.turn()
    site.engine.close(socket)
    site.clock.turn()
    site.clock.pass_time(1000)
    assert site.application.expired == []
    assert site.engine.counters.closed == 1
