from __future__ import annotations

import json

import pytest

from flask_socketio.engineio.settings import SessionSettings, Transport, open_group
from flask_socketio.types import EioSid

SID = EioSid("abc")


def announced(
    settings: SessionSettings, transport: Transport = Transport.POLLING
) -> dict[str, object]:
    (packet,) = open_group(SID, settings, transport).wire
    assert isinstance(packet, str)
    assert packet[0] == "0"
    announcement: dict[str, object] = json.loads(packet[1:])
    return announcement


def test_the_open_packet_of_the_defaults() -> None:
    assert announced(SessionSettings()) == {
        "sid": "abc",
        "upgrades": ["websocket"],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": 1_000_000,
    }


@pytest.mark.parametrize(
    ("interval", "grace", "milliseconds"), [(0.5, 0, 500), (25, 5, 30000), (0.3, 0.0004, 300)]
)
def test_the_announced_interval(interval: float, grace: float, milliseconds: int) -> None:
    settings = SessionSettings(ping_interval=interval, ping_grace=grace)
    assert announced(settings)["pingInterval"] == milliseconds


@pytest.mark.parametrize(
    ("settings", "transport"),
    [
        (SessionSettings(), Transport.WEBSOCKET),
        (SessionSettings(allow_upgrades=False), Transport.POLLING),
        (SessionSettings(transports=(Transport.POLLING,)), Transport.POLLING),
    ],
)
def test_no_upgrade_is_offered(settings: SessionSettings, transport: Transport) -> None:
    assert announced(settings, transport)["upgrades"] == []
