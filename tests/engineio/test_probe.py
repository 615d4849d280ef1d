from __future__ import annotations

import pytest

from flask_socketio.engineio.heartbeat import STALL
from flask_socketio.engineio.packet import PROBE_PONG
from flask_socketio.engineio.probe import Probe
from flask_socketio.errors import ProtocolError


def test_the_exchange() -> None:
    probe = Probe(10)
    assert not probe.receive("2probe")
    assert probe.answered
    assert probe.groups_to_send() == [PROBE_PONG]
    assert probe.groups_to_send() == []
    assert probe.receive("5")


def test_an_upgrade_before_the_test() -> None:
    probe = Probe(10)
    with pytest.raises(ProtocolError, match="'5'"):
        probe.receive("5")


@pytest.mark.parametrize("data", ["", "2", "2prob", "4hello", "55", b"2probe", b"5"])
def test_anything_else_is_a_protocol_error(data: str | bytes) -> None:
    probe = Probe(10)
    probe.receive("2probe")
    with pytest.raises(ProtocolError):
        probe.receive(data)


def test_it_expires() -> None:
    probe = Probe(10)
    assert not probe.has_expired(9.9)
    assert probe.has_expired(10)


def test_a_timer_that_is_very_late_gives_another_chance() -> None:
    probe = Probe(10)
    late = 10 + STALL + 1
    assert not probe.has_expired(late)
    assert probe.expires_at == late + STALL
    assert probe.has_expired(late + STALL)
