from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.errors import ProtocolError, UsageError
from flask_socketio.socketio.packet import (
    MAX_NAMESPACE_LENGTH,
    Packet,
    PacketType,
    decode_header,
    encode_header,
    encode_namespace,
)


def fields(packet: Packet) -> tuple[object, ...]:
    return (packet.type, packet.namespace, packet.ack_id, packet.data, packet.query)


@pytest.mark.parametrize(
    ("text", "expected", "due"),
    [
        ('2["a"]', (PacketType.EVENT, "/", None, '["a"]', ""), 0),
        ('212["a"]', (PacketType.EVENT, "/", 12, '["a"]', ""), 0),
        ('29999999999["a"]', (PacketType.EVENT, "/", 9999999999, '["a"]', ""), 0),
        ('2/chat,["a"]', (PacketType.EVENT, "/chat", None, '["a"]', ""), 0),
        ('2/chat,12["a"]', (PacketType.EVENT, "/chat", 12, '["a"]', ""), 0),
        ('2/chat?t=1&u=?,12["a"]', (PacketType.EVENT, "/chat", 12, '["a"]', "t=1&u=?"), 0),
        ("30[]", (PacketType.ACK, "/", 0, "[]", ""), 0),
        ("3/chat,13[]", (PacketType.ACK, "/chat", 13, "[]", ""), 0),
        ("0", (PacketType.CONNECT, "/", None, "", ""), 0),
        ('0{"a":1}', (PacketType.CONNECT, "/", None, '{"a":1}', ""), 0),
        ("0/chat,", (PacketType.CONNECT, "/chat", None, "", ""), 0),
        ("0/chat", (PacketType.CONNECT, "/chat", None, "", ""), 0),
        ("0/chat?token=x,", (PacketType.CONNECT, "/chat", None, "", "token=x"), 0),
        ("1", (PacketType.DISCONNECT, "/", None, "", ""), 0),
        ("1/chat,", (PacketType.DISCONNECT, "/chat", None, "", ""), 0),
        ('4{"message":"m"}', (PacketType.CONNECT_ERROR, "/", None, '{"message":"m"}', ""), 0),
        ('4"m"', (PacketType.CONNECT_ERROR, "/", None, '"m"', ""), 0),
        ('51-["a"]', (PacketType.EVENT, "/", None, '["a"]', ""), 1),
        ('510-/chat,7["a"]', (PacketType.EVENT, "/chat", 7, '["a"]', ""), 10),
        ("61-3[]", (PacketType.ACK, "/", 3, "[]", ""), 1),
    ],
)
def test_header_is_read(text: str, expected: tuple[object, ...], due: int) -> None:
    packet, attachments_due = decode_header(text)
    assert (fields(packet), attachments_due) == (expected, due)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown packet type ''"),
        ("7[]", "unknown packet type '7'"),
        ("٢[]", "unknown packet type"),
        ("2", "EVENT without data"),
        ("2/chat,", "EVENT without data"),
        ('2{"a":1}', "data of EVENT begins wrongly"),
        ('2٢["a"]', "data of EVENT begins wrongly"),
        ('2-1["a"]', "data of EVENT begins wrongly"),
        ('212345678901["a"]', "ack id of more than 10 digits"),
        ("2" + "1" * 5000 + '["a"]', "ack id of more than 10 digits"),
        ('3["a"]', "ACK without an id"),
        ("31", "ACK without data"),
        ("31{}", "data of ACK begins wrongly"),
        ("0[]", "data of CONNECT begins wrongly"),
        ("1{}", "DISCONNECT with data"),
        ("4", "CONNECT_ERROR without data"),
        ('5["a"]', "illegal number of attachments"),
        ('5-["a"]', "illegal number of attachments"),
        ('50-["a"]', "illegal number of attachments"),
        ('5x-["a"]', "illegal number of attachments"),
        ('5٢-["a"]', "illegal number of attachments"),
        ('51234567-["a"]', "illegal number of attachments"),
        ('511-["a"]', "too many attachments: 11, allowed are max_attachments=10"),
        ("2/" + "n" * MAX_NAMESPACE_LENGTH + ",[]", "namespace longer than 1024 characters"),
    ],
)
def test_malformed_header_is_refused(text: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        decode_header(text)


def test_longest_namespace_is_read() -> None:
    name = "/" + "n" * (MAX_NAMESPACE_LENGTH - 1)
    assert decode_header(f"1{name},")[0].namespace == name


def test_attachments_are_limited_by_the_caller() -> None:
    assert decode_header('512-["a"]', 12)[1] == 12
    with pytest.raises(ProtocolError, match="max_attachments=0"):
        decode_header('51-["a"]', 0)


@given(st.text() | st.from_regex(r"[0-7]([0-9]+-)?(/[a-z?]*,?)?[0-9]*[\[{\"]?.*"))
def test_any_text_is_a_packet_or_an_error(text: str) -> None:
    try:
        packet, due = decode_header(text)
    except ProtocolError:
        return
    assert packet.type in list(PacketType)[:5]
    assert 0 <= due <= 10


@pytest.mark.parametrize(
    ("namespace", "expected"), [("/", "1"), ("/chat", "1/chat,"), ("/a b/c", "1/a b/c,")]
)
def test_header_is_written(namespace: str, expected: str) -> None:
    assert encode_header(PacketType.DISCONNECT, namespace) == expected


def test_namespace_is_written() -> None:
    assert (encode_namespace("/"), encode_namespace("/chat")) == ("", "/chat,")


@pytest.mark.parametrize("namespace", ["", "chat", "/a,b"])
def test_impossible_namespace_is_refused(namespace: str) -> None:
    with pytest.raises(UsageError, match="namespace"):
        encode_header(PacketType.EVENT, namespace)


def test_representation_shows_no_data() -> None:
    packet = Packet(PacketType.EVENT, "/chat", 3, '["secret"]', attachments=(b"secret",))
    assert repr(packet) == ("<Packet EVENT namespace='/chat' ack_id=3 data of 10, 1 attachments>")
