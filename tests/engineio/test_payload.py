from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.engineio.packet import NOOP, PING, message_group
from flask_socketio.engineio.payload import decode_payload, encode_payload
from flask_socketio.errors import ProtocolError

CONTENTS = st.lists(
    st.one_of(st.text(st.characters(exclude_characters="\x1e", codec="utf-8")), st.binary()),
    min_size=1,
)


def test_packets_are_joined_by_the_separator() -> None:
    groups = [message_group("hello"), message_group("5", b"\x01\x02\x03\x04"), PING, NOOP]
    assert encode_payload(groups) == b"4hello\x1e45\x1ebAQIDBA==\x1e2\x1e6"


def test_packets_are_told_apart() -> None:
    assert decode_payload(b"4hello\x1ebAQIDBA==\x1e3\x1e1\x1e4\x1eb") == [
        "4hello",
        b"\x01\x02\x03\x04",
        "3",
        "1",
        "4",
        b"",
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"abc", id="unknown type"),
        pytest.param(b"4a\x1e", id="separator at the end"),
        pytest.param(b"\x1e4a", id="separator at the start"),
        pytest.param(b"4a\x1e\x1e4b", id="empty packet"),
        pytest.param(b"4\xff", id="not UTF-8"),
        pytest.param(b"4\xed\xa0\x80", id="a surrogate in UTF-8"),
        pytest.param(b"bAQ", id="base64 without padding"),
        pytest.param(b"bAQ==AQ==", id="base64 that goes on after its end"),
        pytest.param(b"bA Q==", id="a space in base64"),
        pytest.param("bé===".encode(), id="base64 that is not ASCII"),
        pytest.param(b"9:4hello", id="a payload of protocol 3"),
        pytest.param(b"7", id="a type that does not exist"),
    ],
)
def test_a_malformed_payload_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_payload(body)


def test_more_packets_than_allowed() -> None:
    assert len(decode_payload(b"4\x1e4\x1e4", 3)) == 3
    with pytest.raises(ProtocolError, match="4 packets, where 3 are allowed"):
        decode_payload(b"4\x1e4\x1e4\x1e4", 3)


@given(CONTENTS)
def test_what_is_encoded_is_decoded(contents: list[str | bytes]) -> None:
    payload = encode_payload([message_group(content) for content in contents])
    decoded = [
        packet[1:] if isinstance(packet, str) else packet for packet in decode_payload(payload)
    ]
    assert decoded == contents


@given(st.one_of(st.binary(), st.text("0123456b\x1eA=é").map(str.encode)))
def test_any_bytes_give_packets_or_a_protocol_error(body: bytes) -> None:
    try:
        packets = decode_payload(body)
    except ProtocolError:
        return
    assert len(packets) == body.count(b"\x1e") + 1
