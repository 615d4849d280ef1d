from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from tests.socketio.strategies import ack_ids, events, json_values, namespaces

from flask_socketio.errors import ProtocolError, UsageError
from flask_socketio.socketio import RESERVED_EVENTS, JsonParser, Packet, PacketType, Parser

PARSER = JsonParser()


class SortingModule:
    """A JSON module of the user's."""

    def dumps(self, data: Any, **options: Any) -> str:
        return json.dumps(data, sort_keys=True, **options)

    loads = staticmethod(json.loads)


def receive(parser: Parser, messages: tuple[str | bytes, ...]) -> Packet:
    """Put a packet together as a connection does."""
    packet, due = parser.decode_header(messages[0], 1000)
    assert due == len(messages) - 1
    packet.attachments = tuple(part for part in messages[1:] if isinstance(part, bytes))
    return packet


@pytest.mark.parametrize(
    ("namespace", "args", "ack_id", "expected"),
    [
        ("/", ["a", 1], None, ('2["a",1]',)),
        ("/", ("a",), 0, ('20["a"]',)),
        ("/chat", ["a"], 12, ('2/chat,12["a"]',)),
        ("/", ["a", b"1"], None, ('51-["a",{"_placeholder":true,"num":0}]', b"1")),
        ("/chat", ["a", b"1"], 2, ('51-/chat,2["a",{"_placeholder":true,"num":0}]', b"1")),
    ],
)
def test_event_is_encoded(
    namespace: str, args: list[Any], ack_id: int | None, expected: tuple[str | bytes, ...]
) -> None:
    assert PARSER.encode_event(namespace, args, ack_id) == expected


@pytest.mark.parametrize(
    ("namespace", "args", "expected"),
    [
        ("/", [], ("37[]",)),
        ("/chat", ["x"], ('3/chat,7["x"]',)),
        ("/", [b"1"], ('61-7[{"_placeholder":true,"num":0}]', b"1")),
        ("/chat", [b""], ('61-/chat,7[{"_placeholder":true,"num":0}]', b"")),
    ],
)
def test_ack_is_encoded(namespace: str, args: list[Any], expected: tuple[str | bytes, ...]) -> None:
    assert PARSER.encode_ack(namespace, args, 7) == expected


def test_other_packets_are_encoded() -> None:
    assert PARSER.encode_connect("/", None) == ("0",)
    assert PARSER.encode_connect("/chat", {"sid": "x"}) == ('0/chat,{"sid":"x"}',)
    assert PARSER.encode_connect_error("/", {"message": "é"}) == ('4{"message":"é"}',)
    assert PARSER.encode_disconnect("/chat") == ("1/chat,",)


@given(namespaces, events, ack_ids)
def test_event_round_trip(namespace: str, args: list[Any], ack_id: int | None) -> None:
    packet = receive(PARSER, PARSER.encode_event(namespace, args, ack_id))
    assert (packet.type, packet.namespace, packet.ack_id) == (PacketType.EVENT, namespace, ack_id)
    assert PARSER.decode_event(packet) == args


@given(namespaces, events)
def test_ack_round_trip(namespace: str, args: list[Any]) -> None:
    packet = receive(PARSER, PARSER.encode_ack(namespace, args, 5))
    assert (packet.type, packet.namespace, packet.ack_id) == (PacketType.ACK, namespace, 5)
    assert PARSER.decode_ack(packet) == args


@given(json_values)
def test_auth_round_trip(value: Any) -> None:
    packet = receive(PARSER, PARSER.encode_connect("/", {"auth": value}))
    assert PARSER.decode_auth(packet) == {"auth": value}


def test_module_of_the_user_round_trip() -> None:
    parser = JsonParser(SortingModule())
    messages = parser.encode_event("/", ["a", {"z": b"1", "b": 2}])
    assert messages == ('51-["a",{"b":2,"z":{"_placeholder":true,"num":0}}]', b"1")
    assert parser.decode_event(receive(parser, messages)) == ["a", {"z": b"1", "b": 2}]


def test_standard_module_given_by_name_is_the_tuned_one() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        JsonParser(json).encode_event("/", ["a", float("nan")])


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (
            ["chat", {1}],
            TypeError,
            "cannot encode the data of event 'chat' as JSON: Object of type set is not JSON "
            "serializable",
        ),
        (["chat", "\ud800"], ValueError, "event 'chat' as JSON: .*surrogates not allowed"),
        (["chat", float("inf")], ValueError, "event 'chat' as JSON: .*not JSON compliant"),
        (["chat", 10**5000], ValueError, "event 'chat' as JSON: .*integer string conversion"),
    ],
)
def test_error_names_the_event(args: list[Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PARSER.encode_event("/", args)


def test_event_that_contains_itself_is_refused() -> None:
    args: list[Any] = ["chat"]
    args.append(args)
    for parser in (PARSER, JsonParser(SortingModule())):
        with pytest.raises(ValueError, match="event 'chat' as JSON: nested too deeply"):
            parser.encode_event("/", args)


def test_error_names_the_packet() -> None:
    with pytest.raises(TypeError, match="the data of an ack as JSON"):
        PARSER.encode_ack("/", [{1}], 1)
    with pytest.raises(TypeError, match="the data of CONNECT as JSON: Object of type set"):
        PARSER.encode_connect("/", {"sid": {1}})
    with pytest.raises(TypeError, match="the data of CONNECT_ERROR as JSON: it contains bytes"):
        PARSER.encode_connect_error("/", {"message": "m", "data": b"1"})


@pytest.mark.parametrize("namespace", ["chat", "", "/a,b"])
def test_impossible_namespace_is_refused(namespace: str) -> None:
    with pytest.raises(UsageError, match="namespace"):
        PARSER.encode_event(namespace, ["a"])


def test_binary_message_begins_no_packet() -> None:
    with pytest.raises(ProtocolError, match="binary message that no packet announced"):
        PARSER.decode_header(b"x", 10)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("[]", "event without a name"),
        ("[1]", "event without a name"),
        ('[["a"]]', "event without a name"),
        ("{}", "data of EVENT is not a list"),
        ('["a",]', "parse error: "),
        ('["a"', "parse error: "),
        ('["a"]["b"]', "text after the JSON value"),
        ('["a",NaN]', "NaN is not JSON"),
        ("[" * 400_000, "parse error: "),
        ("[" * 400_000 + "]" * 400_000, "parse error: "),
        ('["a",' + "1" * 10_000 + "]", "parse error: .*integer string conversion"),
    ],
)
def test_bad_event_is_refused(data: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        PARSER.decode_event(Packet(PacketType.EVENT, data=data))


@pytest.mark.parametrize("name", sorted(RESERVED_EVENTS))
def test_reserved_event_is_refused(name: str) -> None:
    with pytest.raises(ProtocolError, match=f"the event name '{name}' is reserved"):
        PARSER.decode_event(Packet(PacketType.EVENT, data=f'["{name}"]'))


@pytest.mark.parametrize("name", ["message", "json", "connection", ""])
def test_ordinary_event_is_taken(name: str) -> None:
    assert PARSER.decode_event(Packet(PacketType.EVENT, data=f'["{name}"]')) == [name]


def test_forged_placeholder_is_refused() -> None:
    data = '["a",{"_placeholder":true,"num":99}]'
    with pytest.raises(ProtocolError, match="illegal attachments"):
        PARSER.decode_event(Packet(PacketType.EVENT, data=data, attachments=(b"1",)))
    with pytest.raises(ProtocolError, match="illegal attachments"):
        PARSER.decode_ack(Packet(PacketType.ACK, ack_id=1, data=data, attachments=(b"1",)))


def test_placeholder_is_data_without_attachments() -> None:
    data = '["a",{"_placeholder":true,"num":0}]'
    args = PARSER.decode_event(Packet(PacketType.EVENT, data=data))
    assert args == ["a", {"_placeholder": True, "num": 0}]


def test_ack_must_be_a_list() -> None:
    with pytest.raises(ProtocolError, match="data of ACK is not a list"):
        PARSER.decode_ack(Packet(PacketType.ACK, ack_id=1, data="{}"))


def test_auth_may_lack() -> None:
    assert PARSER.decode_auth(Packet(PacketType.CONNECT)) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [("[]", "CONNECT is not an object"), ("{", "parse error"), ('{"a":' * 400_000, "parse error")],
)
def test_bad_auth_is_refused(data: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        PARSER.decode_auth(Packet(PacketType.CONNECT, data=data))


def test_connect_error_is_decoded() -> None:
    for data in ({"message": "m"}, "m"):
        packet = receive(PARSER, PARSER.encode_connect_error("/", data))
        assert PARSER.decode_connect_error(packet) == data
    with pytest.raises(ProtocolError, match="data of CONNECT_ERROR is not an object"):
        PARSER.decode_connect_error(Packet(PacketType.CONNECT_ERROR, data="[]"))
