from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.engineio.packet import PING, message_group
from flask_socketio.engineio.packet_v3 import (
    OldForms,
    count_units,
    decode_binary,
    decode_text,
    encode_base64,
    escape_json,
    old_forms,
)
from flask_socketio.errors import ProtocolError

BINARY = message_group("51-[]", b"\x01\x02\x03")
UNICODE = message_group("ž🐍")


def test_text_is_the_same_on_a_websocket() -> None:
    group = message_group("hello")
    forms = old_forms(group)
    assert forms.binary is group
    assert forms.base64 is group


def test_a_binary_message_has_a_type() -> None:
    forms = old_forms(BINARY)
    assert forms.binary.wire == ("451-[]", b"\x04\x01\x02\x03")
    assert forms.binary.size == 6 + 4
    assert forms.base64.wire == ("451-[]", "b4AQID")


def test_payloads() -> None:
    forms = old_forms(BINARY)
    assert forms.text == b"6:451-[]6:b4AQID"
    assert forms.text_of_bytes == forms.text
    assert forms.framed == b"\x00\x06\xff451-[]\x01\x04\xff\x04\x01\x02\x03"


def test_text_beyond_ascii() -> None:
    forms = old_forms(UNICODE)
    assert forms.text == "4:4ž🐍".encode()
    assert forms.text_of_bytes == b"7:4" + "ž🐍".encode().decode("latin-1").encode()
    assert forms.framed == b"\x00\x07\xff4" + "ž🐍".encode()


@pytest.mark.parametrize(
    ("packet", "escaped"),
    [
        ("4hello", "4hello"),
        ('42/a,1["ž🐍"]', r'42/a,1["\u017e\ud83d\udc0d"]'),
        ('44"é"', r'44"\u00e9"'),
        ("4é", "4é"),
        ('42/é,["a"]', '42/é,["a"]'),
        ('42["a",é]', '42["a",é]'),
        ('4["é' + "[" * 100_000, '4["é' + "[" * 100_000),
    ],
)
def test_json_is_escaped(packet: str, escaped: str) -> None:
    assert escape_json(packet) == escaped


@given(st.recursive(st.text(st.characters(codec="utf-8")), st.lists))
def test_escaped_json_says_the_same(value: object) -> None:
    escaped = escape_json("42/x," + json.dumps(value, ensure_ascii=False))
    assert escaped.isascii()
    assert json.loads(escaped[5:]) == value


def test_a_length_of_many_digits() -> None:
    forms = old_forms(message_group("x" * 1233))
    assert forms.framed[:6] == b"\x00\x01\x02\x03\x04\xff"
    assert forms.text[:5] == b"1234:"


def test_every_form_is_made_once() -> None:
    group = message_group("é", b"1")
    forms = old_forms(group)
    assert old_forms(group) is forms
    for name in ("binary", "base64", "framed", "text", "text_of_bytes"):
        assert getattr(forms, name) is getattr(forms, name)


def test_control_packets() -> None:
    assert OldForms(PING).text == b"1:2"
    assert OldForms(PING).framed == b"\x00\x01\xff2"


@pytest.mark.parametrize(
    ("packet", "decoded"),
    [("4hello", "4hello"), ("2probe", "2probe"), ("6", "6"), ("b4AQID", b"\x01\x02\x03")],
)
def test_text_packets(packet: str, decoded: str | bytes) -> None:
    assert decode_text(packet) == decoded


@pytest.mark.parametrize("packet", ["", "7", "x", "b", "b2AQID", "b4AQ", "b4é==="])
def test_what_is_no_text_packet(packet: str) -> None:
    with pytest.raises(ProtocolError):
        decode_text(packet)


def test_binary_packets() -> None:
    assert decode_binary(b"\x04abc") == b"abc"
    assert decode_binary(b"\x04") == b""


@pytest.mark.parametrize("packet", [b"", b"4abc", b"\x02probe"])
def test_what_is_no_binary_packet(packet: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a message"):
        decode_binary(packet)


@given(st.text(st.characters(codec="utf-8")))
def test_units_are_those_of_utf_16(text: str) -> None:
    assert count_units(text) == sum(2 if character > "\uffff" else 1 for character in text)


@given(st.binary())
def test_what_is_encoded_is_decoded(content: bytes) -> None:
    assert decode_text(encode_base64(content)) == content


@given(st.one_of(st.text(), st.text("b4AQ=2")))
def test_any_text_gives_a_packet_or_a_protocol_error(packet: str) -> None:
    try:
        decoded = decode_text(packet)
    except ProtocolError:
        return
    assert decoded == packet or isinstance(decoded, bytes)
