from __future__ import annotations

import pytest

from flask_socketio.engineio.heartbeat import STALL, Beat, Heartbeat
from flask_socketio.engineio.settings import SessionSettings
from flask_socketio.errors import ProtocolError


def test_a_ping_is_due_after_the_interval() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    assert heartbeat.due_at == 125
    assert heartbeat.handle_timer(124.9, 100) is Beat.NOTHING
    assert heartbeat.due_at == 125
    assert heartbeat.handle_timer(125, 100) is Beat.PING
    assert heartbeat.due_at == 145


def test_the_interval_counts_from_the_pong() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    heartbeat.handle_timer(125, 100)
    heartbeat.receive_pong(130)
    assert heartbeat.due_at == 155
    # Whatever the owner says about when the client was heard.
    assert heartbeat.handle_timer(155, 125) is Beat.PING


def test_a_pong_nobody_asked_for_only_moves_the_next_ping() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    heartbeat.receive_pong(110)
    assert heartbeat.handle_timer(135, 110) is Beat.PING


def test_silence_after_a_ping_is_a_timeout() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    heartbeat.handle_timer(125, 100)
    assert heartbeat.handle_timer(144.9, 100) is Beat.NOTHING
    assert heartbeat.handle_timer(145, 100) is Beat.TIMEOUT


def test_a_client_heard_without_its_pong_gets_another_ping() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    heartbeat.handle_timer(125, 100)
    assert heartbeat.handle_timer(145, 130) is Beat.PING
    assert heartbeat.due_at == 165
    assert heartbeat.handle_timer(165, 130) is Beat.TIMEOUT


def test_a_late_ping_gives_the_whole_timeout() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    assert heartbeat.handle_timer(300, 100) is Beat.PING
    assert heartbeat.due_at == 320


def test_a_timer_that_is_very_late_kills_nobody() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    heartbeat.handle_timer(125, 100)
    late = 145 + STALL + 0.1
    assert heartbeat.handle_timer(late, 100) is Beat.NOTHING
    assert heartbeat.due_at == late + STALL
    assert heartbeat.handle_timer(heartbeat.due_at, 100) is Beat.TIMEOUT


def test_pings_come_from_the_server() -> None:
    heartbeat = Heartbeat(SessionSettings(), 100)
    with pytest.raises(ProtocolError, match="PING from the client"):
        heartbeat.receive_ping(110)
    assert heartbeat.patience == 20


def test_without_monitoring_pings_go_out_whatever_comes() -> None:
    heartbeat = Heartbeat(SessionSettings(monitor_clients=False), 100)
    assert heartbeat.handle_timer(125, 100) is Beat.PING
    assert heartbeat.handle_timer(150, 100) is Beat.PING
    assert heartbeat.due_at == 175
