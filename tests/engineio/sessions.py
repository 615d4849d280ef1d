"""Sessions to start a test from."""

from __future__ import annotations

from flask_socketio.engineio.packet import PROBE_PONG, message_group
from flask_socketio.engineio.session import Session
from flask_socketio.engineio.settings import SessionSettings, Transport
from flask_socketio.types import EioSid

NOW = 100.0
HELLO = message_group("hello")


def websocket_session(settings: SessionSettings | None = None) -> Session:
    session = Session(EioSid("s"), settings or SessionSettings(), Transport.WEBSOCKET, NOW)
    (opening,) = session.groups_to_send()
    assert opening.wire[0][:1] == "0"
    return session


def polling_session(settings: SessionSettings | None = None) -> Session:
    session = Session(EioSid("s"), settings or SessionSettings(), Transport.POLLING, NOW)
    session.open_poll(NOW)
    opening = session.payload_to_send()
    assert opening is not None
    assert opening[:1] == b"0"
    return session


def probed_session() -> Session:
    """Return a session whose probe was answered."""
    session = polling_session()
    session.open_probe(NOW)
    session.receive_probe("2probe", NOW)
    assert session.probe_to_send() == [PROBE_PONG]
    return session
