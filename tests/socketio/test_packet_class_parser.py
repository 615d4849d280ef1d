"""The packet classes of python-socketio itself, and one that is made up."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from socketio.msgpack_packet import MsgPackPacket
from socketio.packet import Packet as ReferencePacket
from tests.socketio.strategies import ack_ids, events, namespaces

from flask_socketio.errors import ProtocolError, UsageError
from flask_socketio.socketio import RESERVED_EVENTS, Packet, PacketType
from flask_socketio.socketio.packet_class_parser import PacketClassParser

TEXT = PacketClassParser(ReferencePacket)
MSGPACK = PacketClassParser(MsgPackPacket)


class Reversed:
    """A packet class without python-socketio: literals, written from right to left."""

    def __init__(
        self,
        packet_type: int = 2,
        data: Any = None,
        namespace: str | None = None,
        id: int | None = None,
        encoded_packet: str | None = None,
    ) -> None:
        self.packet_type, self.data, self.namespace, self.id = packet_type, data, namespace, id
        if encoded_packet is not None:
            self.decode(encoded_packet)

    def encode(self) -> bytes:
        return pickle.dumps((self.packet_type, self.data, self.namespace, self.id))[::-1]

    def decode(self, encoded_packet: Any) -> None:
        fields = pickle.loads(encoded_packet[::-1])
        self.packet_type, self.data, self.namespace, self.id = fields


OWN = PacketClassParser(Reversed)


def receive(parser: PacketClassParser, parts: tuple[str | bytes, ...]) -> Packet:
    packet, due = parser.decode_header(parts[0], 10)
    assert due == len(parts) - 1
    packet.attachments = tuple(part for part in parts[1:] if isinstance(part, bytes))
    return packet


@pytest.mark.parametrize("parser", [TEXT, MSGPACK, OWN])
class TestRoundTrip:
    @given(namespace=namespaces, args=events, ack_id=ack_ids)
    def test_event(
        self, parser: PacketClassParser, namespace: str, args: list[Any], ack_id: int | None
    ) -> None:
        packet = receive(parser, parser.encode_event(namespace, args, ack_id))
        assert (packet.type, packet.namespace) == (PacketType.EVENT, namespace)
        assert packet.ack_id == ack_id
        assert parser.decode_event(packet) == args

    def test_ack(self, parser: PacketClassParser) -> None:
        packet = receive(parser, parser.encode_ack("/a", ["x", b"y", b"z"], 7))
        assert (packet.type, packet.namespace, packet.ack_id) == (PacketType.ACK, "/a", 7)
        assert parser.decode_ack(packet) == ["x", b"y", b"z"]

    @pytest.mark.parametrize("data", [None, {"token": "1"}])
    def test_connect(self, parser: PacketClassParser, data: Any) -> None:
        packet = receive(parser, parser.encode_connect("/", data))
        assert (packet.type, packet.namespace) == (PacketType.CONNECT, "/")
        assert parser.decode_auth(packet) == data

    def test_connect_error(self, parser: PacketClassParser) -> None:
        packet = receive(parser, parser.encode_connect_error("/", {"message": "no"}))
        assert packet.type is PacketType.CONNECT_ERROR
        assert parser.decode_connect_error(packet) == {"message": "no"}

    def test_disconnect(self, parser: PacketClassParser) -> None:
        packet = receive(parser, parser.encode_disconnect("/a"))
        assert (packet.type, packet.namespace) == (PacketType.DISCONNECT, "/a")


@pytest.mark.parametrize("parser", [TEXT, MSGPACK])
@given(message=st.one_of(st.text(), st.binary()))
def test_any_message_gives_a_packet_or_a_protocol_error(
    parser: PacketClassParser, message: str | bytes
) -> None:
    try:
        packet, _ = parser.decode_header(message, 10)
        parser.decode_event(packet)
    except ProtocolError:
        pass


def own(
    packet_type: Any, data: Any, namespace: Any = "/", ack_id: Any = None
) -> tuple[Packet, int]:
    return OWN.decode_header(Reversed(packet_type, data, namespace, ack_id).encode(), 10)


@pytest.mark.parametrize(
    ("namespace", "name", "query"),
    [(None, "/", ""), ("", "/", ""), ("/a", "/a", ""), ("/a?b=c", "/a", "b=c")],
)
def test_namespaces(namespace: str | None, name: str, query: str) -> None:
    packet, due = own(2, ["x"], namespace)
    assert (packet.namespace, packet.query, due) == (name, query, 0)


@pytest.mark.parametrize("namespace", ["a", "/a,b", 5, "/" + "x" * 1024])
def test_namespaces_that_cannot_be(namespace: Any) -> None:
    with pytest.raises(ProtocolError, match="namespace"):
        own(2, ["x"], namespace)


@pytest.mark.parametrize("ack_id", [-1, "1", 1.5, True])
def test_ack_ids_that_cannot_be(ack_id: Any) -> None:
    with pytest.raises(ProtocolError, match="invalid ack id"):
        own(2, ["x"], "/", ack_id)


@pytest.mark.parametrize("packet_type", [7, -1, None, "2"])
def test_types_that_cannot_be(packet_type: Any) -> None:
    with pytest.raises(ProtocolError, match="parse error"):
        own(packet_type, ["x"])


@pytest.mark.parametrize("data", [None, {}, [], [1], *([name] for name in sorted(RESERVED_EVENTS))])
def test_events_that_cannot_be(data: Any) -> None:
    packet, _ = own(2, data)
    with pytest.raises(ProtocolError, match="parse error"):
        OWN.decode_event(packet)


@pytest.mark.parametrize("data", [5, "x", ["a"]])
def test_auth_that_cannot_be(data: Any) -> None:
    packet, _ = own(0, data)
    with pytest.raises(ProtocolError, match="data of CONNECT is not an object"):
        OWN.decode_auth(packet)


def test_the_connect_that_an_old_client_does_not_send() -> None:
    assert TEXT.decode_auth(Packet(PacketType.CONNECT)) is None


def test_connect_error_that_cannot_be() -> None:
    packet, _ = own(4, 5)
    with pytest.raises(ProtocolError, match="data of CONNECT_ERROR"):
        OWN.decode_connect_error(packet)
    packet, _ = own(4, "refused")
    assert OWN.decode_connect_error(packet) == "refused"


def test_more_attachments_than_allowed() -> None:
    with pytest.raises(ProtocolError, match="more than max_attachments=10"):
        TEXT.decode_header('511-["x"]', 10)


def test_attachments_that_do_not_fit() -> None:
    packet, due = TEXT.decode_header('51-["x",{"_placeholder":true,"num":7}]', 10)
    assert due == 1
    packet.attachments = (b"data",)
    with pytest.raises(ProtocolError, match="parse error"):
        TEXT.decode_event(packet)


def test_a_namespace_that_cannot_be_sent() -> None:
    with pytest.raises(UsageError, match="begins with '/'"):
        TEXT.encode_event("chat", ["x"])
