"""Clients that take less than they are sent."""

from __future__ import annotations

import pytest
from tests.hub.doubles import ABORTED, EngineSite

from flask_socketio.engineio import SessionSettings, message_group
from flask_socketio.types import DisconnectReason

HELLO = message_group("hello")
KIB = message_group("x" * 1023)
SMALL = SessionSettings(max_buffered_bytes=4096)


class TestSlowConsumers:
    @pytest.fixture
    def site(self) -> EngineSite:
        return EngineSite(SMALL)

    def test_one_that_does_not_read_is_disconnected(
        self, site: EngineSite, caplog: pytest.LogCaptureFixture
    ) -> None:
        slow, slow_websocket = site.open_websocket()
        _, other_websocket = other = site.open_websocket()
        slow_websocket.writable = False
        sent = []
        for _ in range(6):
            sent.append(site.engine.send(slow, KIB))
            assert site.engine.send(other[0], KIB)
            site.clock.turn()
        assert sent == [True] * 4 + [False] * 2
        assert slow_websocket.closed == ABORTED
        assert site.application.closed == [DisconnectReason.TRANSPORT_ERROR]
        assert site.engine.counters.slow_consumers == 1
        assert "slow consumer: 4096 bytes unsent, max_buffered_bytes=4096" in caplog.text
        assert len(other_websocket.packets) == 6

    def test_one_message_of_any_size_goes_to_an_idle_client(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        assert site.engine.send(socket, message_group("x" * 1_000_000))
        site.clock.turn()
        assert len(websocket.packets[0]) == 1_000_001

    def test_much_in_one_turn_to_a_client_that_reads(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        for _ in range(20):
            assert site.engine.send(socket, KIB)
        assert site.engine.send(socket, message_group("x" * 1_000_000))
        site.clock.turn()
        assert len(websocket.packets) == 21
        assert site.engine.counters.slow_consumers == 0

    def test_a_client_between_two_polls(self, site: EngineSite) -> None:
        socket = site.open_polling()
        sent = [site.engine.send(socket, KIB) for _ in range(5)]
        assert sent == [True] * 4 + [False]
        site.clock.turn()
        assert site.application.closed == [DisconnectReason.TRANSPORT_ERROR]
