from __future__ import annotations

import pytest

from flask_socketio.engineio.heartbeat import Heartbeat
from flask_socketio.engineio.packet import NOOP, message_group
from flask_socketio.engineio.settings import SessionSettings
from flask_socketio.engineio.wire import CURRENT
from flask_socketio.errors import ProtocolError


def test_groups_are_made_in_its_form() -> None:
    groups = [message_group("a", b"b"), NOOP]
    assert CURRENT.groups(groups) is groups
    assert CURRENT.encode_payload(groups) == b"4a\x1ebYg==\x1e6"


def test_what_comes() -> None:
    assert CURRENT.decode_message("2probe") == "2probe"
    assert CURRENT.decode_message(b"\x04") == b"\x04"
    assert CURRENT.decode_payload(b"4a\x1ebYg==", None) == ["4a", b"b"]
    with pytest.raises(ProtocolError, match="2 packets"):
        CURRENT.decode_payload(b"4a\x1ebYg==", 1)


def test_it_is_the_same_for_every_session() -> None:
    assert CURRENT.on_websocket(True) is CURRENT
    assert CURRENT.version == 4
    assert isinstance(CURRENT.heartbeat(SessionSettings(), 1), Heartbeat)
