from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flask_socketio.engineio.heartbeat_v3 import HeartbeatV3
from flask_socketio.engineio.packet import NOOP, PacketGroup, message_group
from flask_socketio.engineio.payload_v3 import utf8_of
from flask_socketio.engineio.request import parse_query
from flask_socketio.engineio.settings import SessionSettings
from flask_socketio.engineio.wire import CURRENT, Wire
from flask_socketio.engineio.wire_v3 import BINARY, TextWire, choose_wire
from flask_socketio.errors import ProtocolError

CAPTURES = json.loads((Path(__file__).parent / "captures" / "version_3.json").read_text())
PAYLOADS = [capture for capture in CAPTURES if "payload" in capture]
MESSAGES = [capture for capture in CAPTURES if "message" in capture]
#: Where they can, 2.x clients send text, and in text JSON that is not ASCII. They are answered in
#: forms that 1.x clients read as well.
WRITTEN = [
    capture
    for capture in PAYLOADS
    if capture["parser"] == "1.3.2"
    or (capture["binary"] and capture["payload"][:2] in ("00", "01"))
    or (not capture["binary"] and str(capture["packets"]).isascii())
]
GROUPS = [message_group("ž", b"\x01"), NOOP]
CONTENTS = st.lists(
    st.one_of(st.text(st.characters(exclude_characters="\x1e", codec="utf-8")), st.binary()),
    min_size=1,
)


def read(value: Any) -> str | bytes:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else str(value)


def wire_of(capture: dict[str, Any]) -> Wire:
    return BINARY if capture["binary"] else TextWire()


def name_of(capture: dict[str, Any]) -> str:
    kind = "binary" if capture["binary"] else "text"
    return f"{capture['parser']}-{kind}-{str(capture['packets'])[:30]}"


class TestWhatTheOfficialClientsSend:
    @pytest.mark.parametrize("capture", PAYLOADS, ids=name_of)
    def test_payloads_are_read(self, capture: dict[str, Any]) -> None:
        decoded = wire_of(capture).decode_payload(bytes.fromhex(capture["payload"]), None)
        assert decoded == [read(packet) for packet in capture["packets"]]

    @pytest.mark.parametrize("capture", WRITTEN, ids=name_of)
    def test_payloads_are_written_the_same(self, capture: dict[str, Any]) -> None:
        wire = wire_of(capture)
        payload = bytes.fromhex(capture["payload"])
        wire.decode_payload(payload, None)  # from which a TextWire learns how the client writes
        groups = [PacketGroup((read(packet),), 1) for packet in capture["packets"]]
        assert wire.encode_payload(groups) == payload

    @pytest.mark.parametrize("capture", MESSAGES, ids=name_of)
    def test_messages(self, capture: dict[str, Any]) -> None:
        wire = wire_of(capture)
        (packet,) = map(read, capture["packets"])
        message = read(capture["message"])
        assert wire.decode_message(message) == packet
        (group,) = wire.groups([PacketGroup((packet,), 1)])
        assert group.wire == (message,)


def test_a_client_that_takes_binary() -> None:
    assert BINARY.encode_payload(GROUPS) == (
        b"\x00\x03\xff4\xc5\xbe\x01\x02\xff\x04\x01\x00\x01\xff6"
    )
    assert [group.wire for group in BINARY.groups(GROUPS)] == [("4ž", b"\x04\x01"), ("6",)]
    assert BINARY.decode_payload("2:4ž".encode(), None) == ["4ž"]
    assert BINARY.decode_payload("3:4Å¾2:4é1:2".encode(), None) == ["4ž", "4é", "2"]


def test_a_client_that_takes_text_only() -> None:
    wire = TextWire()
    assert wire.encode_payload(GROUPS) == "2:4ž6:b4AQ==1:6".encode()
    assert [group.wire for group in wire.groups(GROUPS)] == [("4ž", "b4AQ=="), ("6",)]
    assert wire.decode_payload("2:4ž".encode(), None) == ["4ž"]
    assert wire.decode_payload("2:4é".encode(), None) == ["4é"]
    assert wire.decode_payload(b"\x01\x02\xff\x04\x01", None) == [b"\x01"]
    assert wire.encode_payload(GROUPS[:1]) == "2:4ž6:b4AQ==".encode()


def test_a_1x_client_is_answered_in_its_own_encoding() -> None:
    wire = TextWire()
    assert wire.decode_payload("3:4Å¾".encode(), None) == ["4ž"]
    assert wire.encode_payload(GROUPS[:1]) == "3:4Å¾6:b4AQ==".encode()


@pytest.mark.parametrize("wire", [BINARY, TextWire()])
def test_limits(wire: Wire) -> None:
    with pytest.raises(ProtocolError, match="more than 1"):
        wire.decode_payload(b"1:21:2", 1)
    with pytest.raises(ProtocolError, match="more than 1"):
        wire.decode_payload(b"\x00\x01\xff2" * 2, 1)
    assert wire.version == 3
    assert isinstance(wire.heartbeat(SessionSettings(), 1), HeartbeatV3)


@pytest.mark.parametrize("wire", [BINARY, TextWire()])
def test_the_websocket_says_for_itself_whether_it_takes_binary(wire: Wire) -> None:
    assert wire.on_websocket(False) is BINARY
    assert isinstance(wire.on_websocket(True), TextWire)


def test_the_query_chooses() -> None:
    assert choose_wire(parse_query("EIO=4&transport=polling&b64=1")) is CURRENT
    assert choose_wire(parse_query("EIO=3&transport=polling")) is BINARY
    first = choose_wire(parse_query("EIO=3&transport=polling&b64=1"))
    assert isinstance(first, TextWire)
    assert choose_wire(parse_query("EIO=3&transport=polling&b64=1")) is not first


@given(CONTENTS, st.booleans())
def test_what_is_encoded_is_decoded(contents: list[str | bytes], is_binary: bool) -> None:
    # Text that looks as if it had been encoded twice is taken for that.
    assume(is_binary or not any(utf8_of(text) for text in contents if isinstance(text, str)))
    payload = (BINARY if is_binary else TextWire()).encode_payload(
        [message_group(content) for content in contents]
    )
    decoded = BINARY.decode_payload(payload, None)
    assert [p[1:] if isinstance(p, str) else p for p in decoded] == contents
