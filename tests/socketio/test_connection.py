from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.errors import ProtocolError, UsageError
from flask_socketio.socketio import (
    Connection,
    JsonParser,
    MsgpackParser,
    NamespaceState,
    Packet,
    PacketType,
    Parser,
    Role,
)
from flask_socketio.socketio.connection import MAX_REFUSALS

PARSER = JsonParser()
CONNECTED = NamespaceState.CONNECTED
LEFT = NamespaceState.LEFT


def connected(*namespaces: str, role: Role = Role.SERVER) -> Connection:
    """Return one end of a connection with these namespaces."""
    connection = Connection(PARSER, role)
    for namespace in namespaces:
        if role is Role.SERVER:
            connection.receive(f"0{namespace},")
            connection.accept(namespace, "x")
        else:
            connection.connect(namespace)
            connection.receive(f'0{namespace},{{"sid":"x"}}')
    return connection


def receive_packet(connection: Connection, message: str | bytes) -> Packet:
    packet = connection.receive(message)
    assert packet is not None
    return packet


class TestConnecting:
    @pytest.mark.parametrize(
        ("message", "namespace"), [("0", "/"), ("0/,", "/"), ("0/chat,", "/chat")]
    )
    def test_connect_is_returned(self, message: str, namespace: str) -> None:
        connection = Connection(PARSER)
        packet = receive_packet(connection, message)
        assert (packet.type, packet.namespace) == (PacketType.CONNECT, namespace)
        assert connection.state(namespace) is NamespaceState.CONNECTING

    def test_accepted(self) -> None:
        connection = Connection(PARSER)
        connection.receive("0/chat,")
        assert connection.accept("/chat", "x") == ('0/chat,{"sid":"x"}',)
        assert connection.state("/chat") is CONNECTED

    def test_refused_is_as_never_asked(self) -> None:
        connection = Connection(PARSER)
        connection.receive("0")
        assert connection.refuse("/", {"message": "no"}) == ('4{"message":"no"}',)
        assert connection.state("/") is NamespaceState.ABSENT
        with pytest.raises(ProtocolError, match="EVENT for a namespace that is not connected"):
            connection.receive('2["a"]')

    def test_refused_with_a_packet_made_elsewhere(self) -> None:
        connection = Connection(PARSER)
        connection.receive("0")
        assert connection.mark_refused("/")
        assert connection.state("/") is NamespaceState.ABSENT

    def test_data_that_cannot_be_encoded_changes_no_state(self) -> None:
        connection = Connection(PARSER)
        connection.receive("0")
        with pytest.raises(TypeError, match="CONNECT_ERROR"):
            connection.refuse("/", {"message": {1}})
        assert connection.state("/") is NamespaceState.CONNECTING

    def test_answer_comes_too_late(self) -> None:
        for answer in ("accept", "refuse", "mark_refused"):
            connection = Connection(PARSER)
            connection.receive("0")
            connection.receive("1")
            arguments = ["/"] if answer == "mark_refused" else ["/", "x"]
            assert not getattr(connection, answer)(*arguments), answer
            assert connection.state("/") is LEFT, answer

    @pytest.mark.parametrize("namespace", ["/", "/chat"])
    def test_answer_to_nothing(self, namespace: str) -> None:
        connection = connected("/")
        with pytest.raises(UsageError, match="nothing to answer"):
            connection.accept(namespace, "x")
        with pytest.raises(UsageError, match="nothing to answer"):
            connection.refuse(namespace, {})

    @pytest.mark.parametrize("namespace", ["/", "/chat"])
    def test_connected_again_after_leaving(self, namespace: str) -> None:
        connection = connected(namespace)
        connection.receive(f"1{namespace},")
        assert connection.state(namespace) is LEFT
        connection.receive(f"0{namespace},")
        assert connection.state(namespace) is NamespaceState.CONNECTING

    def test_second_connect_is_refused(self) -> None:
        connection = connected("/")
        connection.receive("0/chat,")
        with pytest.raises(ProtocolError, match="CONNECT for a namespace that is connected"):
            connection.receive("0")
        with pytest.raises(ProtocolError, match="CONNECT for a namespace that is connecting"):
            connection.receive("0/chat,")

    def test_connect_error_from_a_client(self) -> None:
        with pytest.raises(ProtocolError, match="CONNECT_ERROR from a client"):
            connected("/").receive('4{"message":"m"}')

    def test_namespaces_are_listed_when_connected(self) -> None:
        connection = connected("/b", "/", "/a")
        connection.receive("0/c,")
        connection.receive("1/b,")
        assert connection.namespaces() == ("/", "/a")
        assert Connection(PARSER).namespaces() == ()


class TestLimits:
    def test_namespaces_at_once(self) -> None:
        connection = Connection(PARSER, max_namespaces=3)
        for name in ("0", "0/a,", "0/b,"):
            connection.receive(name)
        with pytest.raises(ProtocolError, match="more than max_namespaces=3 namespaces"):
            connection.receive("0/c,")

    def test_left_namespaces_do_not_count(self) -> None:
        connection = Connection(PARSER, max_namespaces=1)
        for number in range(5):
            connection.receive(f"0/{number},")
            connection.receive(f"1/{number},")
        assert receive_packet(connection, "0").type is PacketType.CONNECT

    def test_left_namespaces_are_forgotten_in_order(self) -> None:
        connection = Connection(PARSER, max_namespaces=2)
        for name in "abca":
            connection.receive(f"0/{name},")
            connection.receive(f"1/{name},")
        assert {name: connection.state(f"/{name}") for name in "abc"} == {
            "a": LEFT,
            "b": NamespaceState.ABSENT,
            "c": LEFT,
        }

    def test_refusals(self) -> None:
        connection = Connection(PARSER)
        for number in range(MAX_REFUSALS + 1):
            connection.receive(f"0/{number},")
            connection.refuse(f"/{number}", {"message": "no"})
        with pytest.raises(ProtocolError, match="more than 1000 refused"):
            connection.receive("0")

    def test_attachments(self) -> None:
        connection = Connection(PARSER, max_attachments=1)
        with pytest.raises(ProtocolError, match="max_attachments=1"):
            connection.receive('52-["a"]')

    def test_idle_connection_is_small(self) -> None:
        connection = connected("/")
        assert not hasattr(connection, "__dict__")
        assert sys.getsizeof(connection) <= 144
        assert connection._others is None


class TestEvents:
    @pytest.mark.parametrize(
        ("message", "kind", "namespace", "ack_id"),
        [
            ('2["a"]', PacketType.EVENT, "/", None),
            ('27["a"]', PacketType.EVENT, "/", 7),
            ('2/chat,7["a"]', PacketType.EVENT, "/chat", 7),
            ('37["a"]', PacketType.ACK, "/", 7),
            ('3/chat,7["a"]', PacketType.ACK, "/chat", 7),
        ],
    )
    def test_packet_is_returned(
        self, message: str, kind: PacketType, namespace: str, ack_id: int | None
    ) -> None:
        packet = receive_packet(connected("/", "/chat"), message)
        assert (packet.type, packet.namespace, packet.ack_id) == (kind, namespace, ack_id)
        assert packet.data == '["a"]'

    @pytest.mark.parametrize("namespace", ["/", "/chat"])
    def test_packet_before_the_answer_is_returned(self, namespace: str) -> None:
        connection = Connection(PARSER)
        connection.receive(f"0{namespace},")
        assert receive_packet(connection, f'2{namespace},["a"]').data == '["a"]'

    @pytest.mark.parametrize("message", ['2/x,["a"]', "3/x,1[]", "1/x,", '2["a"]', "1"])
    def test_absent_namespace(self, message: str) -> None:
        with pytest.raises(ProtocolError, match="for a namespace that is not connected"):
            connected("/chat").receive(message)

    @pytest.mark.parametrize("namespace", ["/", "/chat"])
    def test_packets_after_leaving_are_ignored(self, namespace: str) -> None:
        connection = connected(namespace)
        assert connection.disconnect(namespace) == PARSER.encode_disconnect(namespace)
        for message in ('["a"]', '1["a"]'):
            assert connection.receive(f"2{namespace},{message}") is None
        assert connection.receive(f"3{namespace},1[]") is None
        assert connection.receive(f"1{namespace},") is None
        assert connection.ignored == 4

    def test_farewell_of_the_client(self) -> None:
        connection = connected("/chat")
        assert receive_packet(connection, "1/chat,").type is PacketType.DISCONNECT
        assert connection.state("/chat") is LEFT

    def test_disconnect_of_nothing(self) -> None:
        connection = connected("/")
        connection.receive("1")
        assert connection.disconnect("/") == connection.disconnect("/chat") == ()

    def test_disconnect_before_the_answer(self) -> None:
        connection = Connection(PARSER)
        connection.receive("0")
        assert connection.disconnect("/") == ("1",)


class TestAttachments:
    def test_packet_is_returned_with_its_last_attachment(self) -> None:
        connection = connected("/")
        assert connection.receive('52-3["a"]') is None
        assert connection.receive(b"1") is None
        packet = receive_packet(connection, b"")
        assert (packet.type, packet.ack_id, packet.attachments) == (
            PacketType.EVENT,
            3,
            (b"1", b""),
        )

    def test_binary_ack(self) -> None:
        connection = connected("/chat")
        connection.receive("61-/chat,3[]")
        packet = receive_packet(connection, b"1")
        assert (packet.type, packet.namespace) == (PacketType.ACK, "/chat")

    def test_next_packet_follows(self) -> None:
        connection = connected("/")
        connection.receive('51-["a"]')
        connection.receive(b"1")
        assert receive_packet(connection, '2["b"]').attachments == ()

    def test_text_instead_of_an_attachment(self) -> None:
        connection = connected("/")
        connection.receive('51-["a"]')
        with pytest.raises(ProtocolError, match="text while binary attachments are outstanding"):
            connection.receive('2["b"]')

    def test_attachment_that_nobody_announced(self) -> None:
        with pytest.raises(ProtocolError, match="binary message that no packet announced"):
            connected("/").receive(b"1")

    def test_attachments_after_leaving_are_ignored(self) -> None:
        connection = connected("/", "/chat")
        connection.disconnect("/chat")
        assert connection.receive('51-/chat,["a"]') is None
        assert connection.receive(b"1") is None
        assert connection.ignored == 1
        assert receive_packet(connection, '2["b"]').data == '["b"]'

    def test_attachment_for_an_absent_namespace(self) -> None:
        connection = connected("/")
        connection.receive('51-/chat,["a"]')
        with pytest.raises(ProtocolError, match="is not connected"):
            connection.receive(b"1")


class TestClient:
    @pytest.mark.parametrize("namespace", ["/", "/chat"])
    def test_connects(self, namespace: str) -> None:
        connection = Connection(PARSER, Role.CLIENT)
        assert connection.connect(namespace, {"t": 1}) == PARSER.encode_connect(namespace, {"t": 1})
        packet = receive_packet(connection, f'0{namespace},{{"sid":"x"}}')
        assert PARSER.decode_auth(packet) == {"sid": "x"}
        assert connection.namespaces() == (namespace,)

    def test_is_refused(self) -> None:
        connection = Connection(PARSER, Role.CLIENT)
        connection.connect("/")
        packet = receive_packet(connection, '4{"message":"no"}')
        assert PARSER.decode_connect_error(packet) == {"message": "no"}
        assert connection.state("/") is NamespaceState.ABSENT

    @pytest.mark.parametrize("message", ['0{"sid":"x"}', '4{"message":"no"}'])
    def test_answer_that_was_not_asked_for(self, message: str) -> None:
        with pytest.raises(ProtocolError, match="that was not asked for"):
            Connection(PARSER, Role.CLIENT).receive(message)

    def test_farewell_of_the_server(self) -> None:
        connection = connected("/", role=Role.CLIENT)
        assert receive_packet(connection, "1").type is PacketType.DISCONNECT
        assert connection.connect("/") == ("0",)

    def test_only_clients_connect(self) -> None:
        with pytest.raises(UsageError, match="only a client"):
            Connection(PARSER).connect("/")

    def test_connects_once(self) -> None:
        connection = connected("/", role=Role.CLIENT)
        connection.connect("/chat")
        with pytest.raises(UsageError, match="'/' is connected already"):
            connection.connect("/")
        with pytest.raises(UsageError, match="'/chat' is connecting already"):
            connection.connect("/chat")


@given(
    st.sampled_from([PARSER, MsgpackParser()]),
    st.sampled_from(list(Role)),
    st.lists(
        st.from_regex(r"\A[0-6]([12]-)?(/[ab],)?1?(\[\"a\"\]|\{\})?\Z")
        | st.text(max_size=10)
        | st.binary(max_size=10),
        max_size=10,
    ),
)
def test_any_messages_are_packets_or_an_error(
    parser: Parser, role: Role, messages: list[str | bytes]
) -> None:
    connection = Connection(parser, role, max_namespaces=2)
    if role is Role.CLIENT:
        connection.connect("/")
    for message in messages:
        try:
            packet = connection.receive(message)
        except ProtocolError:
            return
        if packet is not None and packet.type is PacketType.CONNECT and role is Role.SERVER:
            connection.accept(packet.namespace, "x")
