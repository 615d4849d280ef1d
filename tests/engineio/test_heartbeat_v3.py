from __future__ import annotations

from math import inf

import pytest

from flask_socketio.engineio.heartbeat import STALL, Beat
from flask_socketio.engineio.heartbeat_v3 import HeartbeatV3
from flask_socketio.engineio.settings import SessionSettings
from flask_socketio.errors import ProtocolError


def test_silence_for_both_times_is_a_timeout() -> None:
    heartbeat = HeartbeatV3(SessionSettings(ping_interval=25, ping_timeout=20), 100)
    assert heartbeat.due_at == 145
    assert heartbeat.handle_timer(144.9, 100) is Beat.NOTHING
    assert heartbeat.handle_timer(145, 100) is Beat.TIMEOUT


def test_whatever_comes_is_a_sign_of_life() -> None:
    heartbeat = HeartbeatV3(SessionSettings(), 100)
    assert heartbeat.handle_timer(145, 110) is Beat.NOTHING
    assert heartbeat.due_at == 155
    assert heartbeat.handle_timer(155, 110) is Beat.TIMEOUT


def test_the_announced_interval_counts() -> None:
    assert HeartbeatV3(SessionSettings(ping_grace=5), 100).due_at == 150


def test_a_timer_that_is_very_late_kills_nobody() -> None:
    heartbeat = HeartbeatV3(SessionSettings(), 100)
    late = 145 + STALL + 0.1
    assert heartbeat.handle_timer(late, 100) is Beat.NOTHING
    assert heartbeat.due_at == late + STALL
    assert heartbeat.handle_timer(heartbeat.due_at, 100) is Beat.TIMEOUT


def test_without_monitoring_nothing_is_due() -> None:
    assert HeartbeatV3(SessionSettings(monitor_clients=False), 100).due_at == inf


def test_pings_come_from_the_client() -> None:
    heartbeat = HeartbeatV3(SessionSettings(), 100)
    heartbeat.receive_ping(120)
    assert heartbeat.due_at == 145
    with pytest.raises(ProtocolError, match="PONG from the client"):
        heartbeat.receive_pong(120)
