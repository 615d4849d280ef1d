from __future__ import annotations

import datetime
import sys
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.socketio.strategies import ack_ids, events, namespaces, values

from flask_socketio.errors import ProtocolError, UsageError
from flask_socketio.socketio import RESERVED_EVENTS, MsgpackParser, Packet, PacketType

PARSER = MsgpackParser()


def receive(message: str | bytes) -> Packet:
    packet, due = PARSER.decode_header(message, 10)
    assert due == 0
    return packet


def pack(**fields: Any) -> bytes:
    packed: bytes = msgpack.packb(fields)
    return packed


def unpack(messages: tuple[str | bytes, ...]) -> Any:
    (message,) = messages
    return msgpack.unpackb(message)


@given(namespaces, events, ack_ids)
def test_event_round_trip(namespace: str, args: list[Any], ack_id: int | None) -> None:
    (message,) = PARSER.encode_event(namespace, args, ack_id)
    packet = receive(message)
    assert (packet.type, packet.namespace, packet.ack_id) == (PacketType.EVENT, namespace, ack_id)
    assert PARSER.decode_event(packet) == args


@given(namespaces, events)
def test_ack_round_trip(namespace: str, args: list[Any]) -> None:
    (message,) = PARSER.encode_ack(namespace, args, 5)
    packet = receive(message)
    assert (packet.type, packet.namespace, packet.ack_id) == (PacketType.ACK, namespace, 5)
    assert PARSER.decode_ack(packet) == args


@given(values)
def test_auth_round_trip(value: Any) -> None:
    (message,) = PARSER.encode_connect("/", {"auth": value})
    assert PARSER.decode_auth(receive(message)) == {"auth": value}


def test_packets_are_maps_as_the_reference_checks_them() -> None:
    assert unpack(PARSER.encode_event("/", ["a", b"1"])) == {
        "type": 2,
        "data": ["a", b"1"],
        "nsp": "/",
    }
    assert unpack(PARSER.encode_event("/", ("a",), 0))["id"] == 0
    assert unpack(PARSER.encode_ack("/c", [], 3)) == {"type": 3, "data": [], "nsp": "/c", "id": 3}
    assert unpack(PARSER.encode_connect("/", None)) == {"type": 0, "nsp": "/"}
    assert unpack(PARSER.encode_disconnect("/c")) == {"type": 1, "nsp": "/c"}
    assert unpack(PARSER.encode_connect_error("/", {"message": "m"})) == {
        "type": 4,
        "data": {"message": "m"},
        "nsp": "/",
    }


def test_query_string_is_cut_off() -> None:
    packet = receive(pack(type=0, nsp="/chat?t=1"))
    assert (packet.namespace, packet.query) == ("/chat", "t=1")


def test_unknown_keys_and_null_are_passed_over() -> None:
    packet = receive(pack(type=1, data=None, options={"compress": True}, id=None, nsp="/"))
    assert (packet.type, packet.data, packet.ack_id) == (PacketType.DISCONNECT, b"", None)


def test_auth_may_lack() -> None:
    assert PARSER.decode_auth(receive(pack(type=0, nsp="/"))) is None


def test_data_stays_encoded() -> None:
    data = ["a", {"b": [1]}]
    assert receive(pack(type=2, data=data, nsp="/")).data == msgpack.packb(data)


WHEN = datetime.datetime(2026, 11, 20, 12, 30, 0, 250_000, tzinfo=datetime.UTC)


def test_date_is_sent_as_javascript_reads_it() -> None:
    (message,) = PARSER.encode_event("/", ["a", WHEN])
    milliseconds = int(WHEN.timestamp() * 1000)
    packed = b"\xd7\x00" + milliseconds.to_bytes(8, "big")
    assert receive(message).data == b"\x92\xa1a" + packed
    assert PARSER.decode_event(receive(message)) == ["a", WHEN]


def test_date_of_another_zone_and_before_1970() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=-3))
    when = datetime.datetime(1901, 2, 3, tzinfo=zone)
    (message,) = PARSER.encode_event("/", ["a", when])
    assert PARSER.decode_event(receive(message)) == ["a", when]


def test_timestamp_of_messagepack_is_received() -> None:
    data = msgpack.packb(["a", WHEN], datetime=True)
    assert PARSER.decode_event(Packet(PacketType.EVENT, data=data)) == ["a", WHEN]


def test_undefined_of_javascript_is_none() -> None:
    undefined = msgpack.ExtType(0, b"\0")
    packet = receive(pack(type=2, data=["a", undefined], nsp="/", id=undefined))
    assert (packet.ack_id, PARSER.decode_event(packet)) == (None, ["a", None])
    assert receive(pack(type=1, data=undefined, nsp="/")).data == b""


def test_array_buffer_of_javascript_is_bytes() -> None:
    data = msgpack.packb(["a", msgpack.ExtType(0, b"123")])
    assert PARSER.decode_event(Packet(PacketType.EVENT, data=data)) == ["a", b"123"]


def test_date_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="can not serialize 'datetime' object"):
        PARSER.encode_event("/", ["a", datetime.datetime(2026, 11, 20)])


def test_options_of_the_user() -> None:
    parser = MsgpackParser(
        dumps_default=lambda value: msgpack.ExtType(5, repr(sorted(value)).encode()),
        ext_hook=lambda code, data: (code, data),
    )
    (message,) = parser.encode_event("/", ["a", {2, 1}])
    assert parser.decode_event(receive(message)) == ["a", (5, b"[1, 2]")]


def test_hook_does_not_see_the_header() -> None:
    seen: list[int] = []
    parser = MsgpackParser(ext_hook=lambda code, data: seen.append(code))
    with pytest.raises(ProtocolError, match="invalid namespace"):
        parser.decode_header(pack(type=2, data=["a"], nsp=msgpack.ExtType(5, b"")), 10)
    assert seen == []


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ('2["a"]', "text message, though the parser is msgpack"),
        (b"", "parse error"),
        (b"\x80", "unknown packet type"),
        (b"\xc1", "parse error"),
        (b"\x90", "parse error"),
        (b"\x81\xa4type", "parse error"),
        (b"\xde\x00\x11" + b"\xc0" * 34, "packet of 17 fields"),
        (b"\x81\xa4data" + b"\xdd\xff\xff\xff\xff" * 100, "parse error"),
        (b"\x81\xa4data" + b"\x91" * 400_000, "parse error"),
        (b"\x81\xa3nsp\xa1\xff", "parse error: 'utf-8' codec"),
        (pack(type=2, data=["a"], nsp="/") + b"\x00", "bytes after the packet"),
        (pack(type=2, data=["a"]), "invalid namespace"),
        (pack(type=2, data=["a"], nsp=1), "invalid namespace"),
        (pack(type=2, data=["a"], nsp="chat"), "invalid namespace"),
        (pack(type=2, data=["a"], nsp="/a,b"), "invalid namespace"),
        (pack(type=2, data=["a"], nsp="/" * 1025), "namespace longer than 1024"),
        (pack(data=["a"], nsp="/"), "unknown packet type"),
        (pack(type=5, data=["a"], nsp="/"), "unknown packet type"),
        (pack(type=-1, data=["a"], nsp="/"), "unknown packet type"),
        (pack(type="2", data=["a"], nsp="/"), "unknown packet type"),
        (pack(type=2, data=["a"], nsp="/", id="1"), "invalid ack id"),
        (pack(type=2, data=["a"], nsp="/", id=True), "invalid ack id"),
        (pack(type=2, data=["a"], nsp="/", id=-1), "invalid ack id"),
        (pack(type=2, data=["a"], nsp="/", id=10**10), "invalid ack id"),
        (pack(type=3, data=[], nsp="/"), "ACK without an id"),
        (pack(type=1, data=[], nsp="/"), "DISCONNECT with data"),
        (pack(type=2, nsp="/"), "EVENT without data"),
        (pack(type=4, nsp="/"), "CONNECT_ERROR without data"),
    ],
)
def test_malformed_packet_is_refused(message: str | bytes, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        PARSER.decode_header(message, 10)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (msgpack.packb([]), "event without a name"),
        (msgpack.packb([1]), "event without a name"),
        (msgpack.packb({}), "data of EVENT is not a list"),
        (msgpack.packb(["a", msgpack.ExtType(5, b"12")]), "extension type 5 of 2 bytes"),
        (b"\x92\xa1a\xa1\xff", "utf-8"),
        (b"\x92\xa1a\x81\x01\x02", "map key"),
        (b"\x92\xa1a\xc7\x0c\xff\x00\x00\x00\x00\x7f" + b"\xff" * 7, "parse error"),
        (b"\x92\xa1a\xd7\x00\x7f" + b"\xff" * 7, "parse error: "),
        (b"\x91" * 2000 + b"\x90", "parse error"),
    ],
)
def test_bad_event_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        PARSER.decode_event(Packet(PacketType.EVENT, data=data))


@pytest.mark.parametrize("name", sorted(RESERVED_EVENTS))
def test_reserved_event_is_refused(name: str) -> None:
    with pytest.raises(ProtocolError, match=f"the event name '{name}' is reserved"):
        PARSER.decode_event(receive(pack(type=2, data=[name], nsp="/")))


def test_bad_auth_is_refused() -> None:
    with pytest.raises(ProtocolError, match="data of CONNECT is not an object"):
        PARSER.decode_auth(receive(pack(type=0, data=["x"], nsp="/")))


def test_connect_error_is_decoded() -> None:
    for data in ({"message": "m"}, "m"):
        (message,) = PARSER.encode_connect_error("/", data)
        assert PARSER.decode_connect_error(receive(message)) == data
    with pytest.raises(ProtocolError, match="data of CONNECT_ERROR is not an object"):
        PARSER.decode_connect_error(receive(pack(type=4, data=[], nsp="/")))


@given(st.binary() | st.builds(pack, type=st.integers(0, 5), nsp=values, data=values, id=values))
def test_any_bytes_are_a_packet_or_an_error(message: bytes) -> None:
    try:
        packet = receive(message)
        PARSER.decode_event(packet)
    except ProtocolError:
        return
    assert packet.namespace[0] == "/"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({1}, TypeError, "event 'chat' as MessagePack: can not serialize 'set' object"),
        (10**30, ValueError, "event 'chat' as MessagePack: an integer of more than 64 bits"),
        ("\ud800", ValueError, "event 'chat' as MessagePack: .*surrogates not allowed"),
    ],
)
def test_error_names_the_event(value: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PARSER.encode_event("/", ["chat", value])


def test_data_that_contains_itself_is_refused() -> None:
    args: list[Any] = ["chat"]
    args.append(args)
    with pytest.raises(ValueError, match=r"the data of ACK as MessagePack: .*recursion"):
        PARSER.encode_ack("/", args, 1)


def test_impossible_namespace_is_refused() -> None:
    with pytest.raises(UsageError, match="namespace"):
        PARSER.encode_disconnect("chat")


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(UsageError, match=r"pip install flask-socketio\[msgpack\]"):
        MsgpackParser()
