"""What the official JavaScript packages sent, and what they refused (captures/README.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.socketio.captures_reader import read_capture

from flask_socketio.errors import ProtocolError
from flask_socketio.socketio import (
    Connection,
    JsonParser,
    MsgpackParser,
    Packet,
    PacketType,
    Parser,
    Role,
)

PARSERS: dict[str, Parser] = {"json": JsonParser(), "msgpack": MsgpackParser()}
PACKETS = [
    pytest.param(name, entry["packet"], entry["messages"], id=f"{name}-{number}")
    for name, entries in read_capture("packets").items()
    for number, entry in enumerate(entries)
]
VERDICTS = read_capture("verdicts")

#: Accepted by the official decoder, refused here: nothing that a client sends.
STRICTER = {
    "": "type 0, as JavaScript makes a number of nothing",
    "2": "event without a name",
    "2[1]": "name that is a number",
    "3[]": "ack without an id",
    "4": "CONNECT_ERROR without data",
    "41": "CONNECT_ERROR without data, and with an ack id",
    "61-": "ack without an id and data",
    '2/a["b"]': "event without a name, in a namespace '/a[\"b\"]'",
    '2 ["a"]': "white space taken for an ack id",
    '2\ufeff["a"]': "white space taken for an ack id",
    '51-["a",{"_placeholder":true,"num":0.5}]': "no attachment has the number 0.5",
}


def encode(parser: Parser, packet: dict[str, Any]) -> tuple[str | bytes, ...]:
    namespace: str = packet["nsp"]
    data: Any = packet.get("data")
    match PacketType(packet["type"]):
        case PacketType.CONNECT:
            return parser.encode_connect(namespace, data)
        case PacketType.DISCONNECT:
            return parser.encode_disconnect(namespace)
        case PacketType.EVENT:
            return parser.encode_event(namespace, data, packet.get("id"))
        case PacketType.ACK:
            return parser.encode_ack(namespace, data, packet["id"])
        case _:
            return parser.encode_connect_error(namespace, data)


def decode(parser: Parser, packet: Packet) -> Any:
    match packet.type:
        case PacketType.CONNECT:
            return parser.decode_auth(packet)
        case PacketType.DISCONNECT:
            return None
        case PacketType.EVENT:
            return parser.decode_event(packet)
        case PacketType.ACK:
            return parser.decode_ack(packet)
        case _:
            return parser.decode_connect_error(packet)


def assemble(parser: Parser, messages: list[str | bytes]) -> Packet:
    packet, due = parser.decode_header(messages[0], 10)
    assert due == len(messages) - 1
    packet.attachments = tuple(part for part in messages[1:] if isinstance(part, bytes))
    return packet


@pytest.mark.parametrize(("name", "packet", "messages"), PACKETS)
def test_official_packet_is_read(
    name: str, packet: dict[str, Any], messages: list[str | bytes]
) -> None:
    parser = PARSERS[name]
    received = assemble(parser, messages)
    assert (received.type, received.namespace, received.ack_id, decode(parser, received)) == (
        packet["type"],
        packet["nsp"],
        packet.get("id"),
        packet.get("data"),
    )


@pytest.mark.parametrize(("name", "packet", "messages"), PACKETS)
def test_packet_is_written_as_the_official_one(
    name: str, packet: dict[str, Any], messages: list[str | bytes]
) -> None:
    ours = encode(PARSERS[name], packet)
    if name == "json":
        assert list(ours) == messages
    else:
        # The keys may stand in another order.
        assert [fields(message) for message in ours] == [fields(message) for message in messages]


def fields(message: str | bytes) -> list[Any]:
    parser = PARSERS["msgpack"]
    packet, _ = parser.decode_header(message, 10)
    return [packet.type, packet.namespace, packet.ack_id, packet.data]


def read_extension(name: str) -> Packet:
    return assemble(PARSERS["msgpack"], [read_capture("extensions")[name]])


def test_undefined_is_none() -> None:
    packet = read_extension("undefined_arguments")
    assert packet.ack_id is None
    assert decode(PARSERS["msgpack"], packet) == ["a", None, {"b": None}]


def test_undefined_data_is_none() -> None:
    packet = read_extension("undefined_data")
    assert (packet.type, packet.data) == (PacketType.DISCONNECT, b"")


def test_dates_are_datetimes() -> None:
    when = datetime(2026, 11, 20, 12, 30, 0, 250_000, tzinfo=UTC)
    before = datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert decode(PARSERS["msgpack"], read_extension("date")) == ["a", when, before]


def test_array_buffers_are_bytes() -> None:
    args = decode(PARSERS["msgpack"], read_extension("array_buffers"))
    assert args == ["a", b"\x01\x02\x03", b"\x01\x02\x03", b"", bytes(300)]


@pytest.mark.parametrize("name", ["json", "msgpack"])
def test_official_session_is_followed_from_both_ends(name: str) -> None:
    parser = PARSERS[name]
    server, client = Connection(parser), Connection(parser, Role.CLIENT)
    seen = []
    for entry in read_capture("sessions")[name]:
        receiver = server if entry["from"] == "client" else client
        packet = receiver.receive(entry["message"])
        if packet is None:
            continue
        seen.append((entry["from"], packet.type.name, packet.namespace))
        mirror(server, client, entry["from"], packet, decode(parser, packet))
    assert seen.count(("client", "CONNECT", "/chat")) == 2
    assert seen.count(("server", "CONNECT_ERROR", "/private")) == 1
    assert ("client", "DISCONNECT", "/chat") in seen
    assert ("server", "DISCONNECT", "/chat") in seen
    assert (server.namespaces(), server.ignored, client.ignored) == ((), 0, 0)


def mirror(server: Connection, client: Connection, sender: str, packet: Packet, data: Any) -> None:
    """Do at the end that sent a packet what its sender did."""
    match packet.type, sender:
        case PacketType.CONNECT, "client":
            client.connect(packet.namespace, data)
        case PacketType.CONNECT, "server":
            server.accept(packet.namespace, data["sid"])
        case PacketType.CONNECT_ERROR, _:
            server.refuse(packet.namespace, data)
        case PacketType.DISCONNECT, _:
            (client if sender == "client" else server).disconnect(packet.namespace)
        case _:
            pass


def verdict(messages: list[str | bytes]) -> bool:
    """Tell whether our parser takes these messages as one packet."""
    parser = PARSERS["json"]
    connection = Connection(parser, Role.CLIENT)
    for namespace in ("/", "/adm"):
        connection.connect(namespace)
    packets = []
    try:
        for message in messages:
            packet = connection.receive(message)
            if packet is not None:
                packets.append(packet)
        for packet in packets:
            decode(parser, packet)
    except ProtocolError:
        return False
    return True


@pytest.mark.parametrize("entry", VERDICTS["texts"], ids=lambda entry: ascii(entry["text"]))
def test_text_is_judged_as_the_official_decoder_does(entry: dict[str, Any]) -> None:
    text = entry["text"].replace("/a,", "/adm,") if entry["accepted"] else entry["text"]
    assert verdict([text]) is (entry["accepted"] and entry["text"] not in STRICTER)


@pytest.mark.parametrize("entry", VERDICTS["sequences"], ids=lambda entry: str(entry["messages"]))
def test_attachments_are_judged_as_by_the_official_decoder(entry: dict[str, Any]) -> None:
    messages = entry["messages"]
    assert verdict(messages) is (entry["accepted"] and messages[0] not in STRICTER)
