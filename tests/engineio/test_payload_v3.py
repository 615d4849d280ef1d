from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.engineio.payload_v3 import (
    decode_binary_payload,
    decode_text_packets,
    is_binary,
    split_text_payload,
    utf8_of,
)
from flask_socketio.errors import ProtocolError


def decode_text_payload(body: bytes, max_packets: int | None = None) -> list[str | bytes]:
    return decode_text_packets(split_text_payload(body, max_packets))


def test_text() -> None:
    assert decode_text_payload(b"6:4hello1:26:b4AQID2:4:") == ["4hello", "2", b"\x01\x02\x03", "4:"]


def test_lengths_count_utf_16() -> None:
    assert decode_text_payload("4:4ž🐍3:4žž".encode()) == ["4ž🐍", "4žž"]


def test_empty_packets_are_left_out() -> None:
    assert decode_text_payload(b"0:") == []
    assert decode_text_payload(b"0:1:20:", 1) == ["2"]


def test_binary() -> None:
    body = b"\x00\x06\xff4hello\x01\x04\xff\x04\x01\x02\x03\x00\x03\xff4\xc3\xa9"
    assert decode_binary_payload(body) == ["4hello", b"\x01\x02\x03", "4é"]


def test_a_length_of_several_digits() -> None:
    assert decode_binary_payload(b"\x00\x01\x00\xff4" + b"x" * 9) == ["4" + "x" * 9]


def test_the_kinds_are_told_apart() -> None:
    assert is_binary(b"\x00\x01\xff2")
    assert is_binary(b"\x01\x01\xff\x04")
    assert not is_binary(b"1:2")
    assert not is_binary(b"")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"4hello", id="a payload of protocol 4"),
        pytest.param(b":4a", id="no length"),
        pytest.param(b"2:4a3", id="rest"),
        pytest.param(b"3:4a", id="too short"),
        pytest.param(b"-1:4a", id="negative"),
        pytest.param(b"2.0:4a", id="fraction"),
        pytest.param("٢:4a".encode(), id="digits of another script"),
        pytest.param(b"00000000002:4a", id="length of many digits"),
        pytest.param(b"2:9a", id="unknown type"),
        pytest.param(b"2:4\xff", id="not UTF-8"),
        pytest.param("2:4🐍".encode(), id="half a character"),
        pytest.param(b"4:b4AQ", id="base64 without padding"),
    ],
)
def test_a_malformed_text_payload_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_text_payload(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x02\x01\xff4", id="unknown kind"),
        pytest.param(b"\x00\xff4", id="no length"),
        pytest.param(b"\x00\x0a\xff4", id="no digit"),
        pytest.param(b"\x00" + b"\x00" * 11 + b"\xff", id="length of many digits"),
        pytest.param(b"\x00\x01", id="no end of the length"),
        pytest.param(b"\x00\x02\xff4", id="too short"),
        pytest.param(b"\x00\x01\xff4\x00", id="rest"),
        pytest.param(b"\x00\x02\xff4\xff", id="not UTF-8"),
        pytest.param(b"\x00\x00\xff", id="empty packet"),
        pytest.param(b"\x01\x00\xff", id="empty binary packet"),
        pytest.param(b"\x01\x01\xff\x02", id="binary that is no message"),
    ],
)
def test_a_malformed_binary_payload_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_binary_payload(body)


def test_more_packets_than_allowed() -> None:
    assert len(split_text_payload(b"1:21:2", 2)) == 2
    with pytest.raises(ProtocolError, match="more than 1 packets"):
        split_text_payload(b"1:21:2", 1)
    with pytest.raises(ProtocolError, match="more than 1 packets"):
        decode_binary_payload(b"\x00\x01\xff2" * 2, 1)


def test_characters_that_stand_for_bytes() -> None:
    assert utf8_of("Å¾") == "ž"
    assert utf8_of("é") is None
    assert utf8_of("ž") is None
    assert utf8_of("4a") is None


@given(st.one_of(st.binary(), st.text("0123:b4Až🐍=").map(str.encode)))
def test_any_text_payload_gives_packets_or_a_protocol_error(body: bytes) -> None:
    try:
        packets = decode_text_payload(body)
    except ProtocolError:
        return
    assert all(isinstance(packet, bytes) or packet[0] in "0123456" for packet in packets)


@given(
    st.one_of(
        st.binary(),
        st.lists(st.sampled_from([0, 1, 2, 3, 4, 0x34, 0x62, 0xC3, 0xA9, 0xFF])).map(bytes),
    )
)
def test_any_binary_payload_gives_packets_or_a_protocol_error(body: bytes) -> None:
    try:
        packets = decode_binary_payload(body)
    except ProtocolError:
        return
    assert all(isinstance(packet, bytes) or packet[0] in "0123456" for packet in packets)
