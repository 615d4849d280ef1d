from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.engineio.packet import (
    CLOSE,
    NOOP,
    PING,
    PROBE_PONG,
    PacketGroup,
    PacketType,
    control_group,
    message_group,
)
from flask_socketio.errors import UsageError


def test_a_text_message_gets_its_type() -> None:
    group = message_group('2["a"]')
    assert group.wire == ('42["a"]',)
    assert group.payload == b'42["a"]'
    assert group.size == 7


def test_a_binary_message_is_raw_on_a_websocket_and_base64_in_a_payload() -> None:
    group = message_group(b"\x01\x02\x03\x04")
    assert group.wire == (b"\x01\x02\x03\x04",)
    assert group.payload == b"bAQIDBA=="
    assert group.size == 4


def test_attachments_follow_their_message() -> None:
    group = message_group("51-[]", b"\x00", b"")
    assert group.wire == ("451-[]", b"\x00", b"")
    assert group.payload == b"451-[]\x1ebAA==\x1eb"
    assert group.size == 7


def test_size_counts_encoded_bytes() -> None:
    assert message_group("a€😀").size == 1 + 1 + 3 + 4


def test_the_payload_is_made_once() -> None:
    group = message_group("x" * 100, b"y" * 100)
    assert group.payload is group.payload


def test_frames_are_left_to_the_owner() -> None:
    group = message_group("x")
    assert group.frames is None
    group.frames = b"\x81\x024x"
    assert group.frames == b"\x81\x024x"


@pytest.mark.parametrize(
    ("text", "said"),
    [("a\ud800", "valid Unicode"), ("a\x1eb", "U\\+001E"), ("é\x1e", "U\\+001E")],
)
def test_a_text_that_cannot_be_sent_raises_at_once(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        message_group(text)


@pytest.mark.parametrize(
    ("group", "packet"),
    [
        (PING, "2"),
        (NOOP, "6"),
        (CLOSE, "1"),
        (PROBE_PONG, "3probe"),
        (control_group(PacketType.OPEN, "{}"), "0{}"),
    ],
)
def test_control_packets(group: PacketGroup, packet: str) -> None:
    assert group.wire == (packet,)
    assert group.payload == packet.encode()
    assert group.size == len(packet)


def test_a_group_shows_its_packets() -> None:
    assert repr(message_group("x", b"y")) == "PacketGroup(('4x', b'y'))"


@given(st.text(), st.lists(st.binary(), max_size=3))
def test_any_text_is_encoded_or_refused(text: str, attachments: list[bytes]) -> None:
    try:
        group = message_group(text, *attachments)
    except UsageError:
        assert "\x1e" in text
    else:
        assert group.size == sum(
            len(part.encode() if isinstance(part, str) else part) for part in group.wire
        )
        assert group.payload.count(b"\x1e") == len(attachments)
