"""The dialect of old clients: by itself, and on a connection."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.socketio.captures_reader import read_capture

from flask_socketio.errors import ProtocolError
from flask_socketio.socketio import (
    Connection,
    JsonParser,
    MsgpackParser,
    NamespaceState,
    PacketType,
)
from flask_socketio.socketio.dialect_v4 import DIALECT_V4

PARSER = JsonParser()


def opened() -> Connection:
    connection = Connection(PARSER, dialect=DIALECT_V4)
    assert connection.open() is not None
    return connection


def connected() -> Connection:
    connection = opened()
    assert connection.accept("/", "sid") == ("0",)
    return connection


CAPTURES = [
    pytest.param(entry["packet"], entry["messages"], id=f"{entry['parser']}-{entry['messages'][0]}")
    for entry in read_capture("version_4")
]
FROM_CLIENTS = [capture for capture in CAPTURES if capture.values[0]["type"] != 4]
ERRORS = [capture for capture in CAPTURES if capture.values[0]["type"] == 4]
#: What the connection makes of the binary variants.
COMPLETE_TYPES = {5: PacketType.EVENT, 6: PacketType.ACK}


class TestWhatTheOfficialClientsSend:
    @pytest.mark.parametrize(("packet", "messages"), FROM_CLIENTS)
    def test_packets_are_read(self, packet: dict[str, Any], messages: list[str | bytes]) -> None:
        read, due = PARSER.decode_header(messages[0], 10)
        read.attachments = tuple(part for part in messages[1:] if isinstance(part, bytes))
        name, _, query = packet["nsp"].partition("?")
        assert read.type == COMPLETE_TYPES.get(packet["type"], packet["type"])
        assert (read.namespace, read.query) == (name, query)
        assert read.ack_id == packet.get("id")
        assert due == len(messages) - 1
        if read.type is PacketType.EVENT:
            assert PARSER.decode_event(read) == packet["data"]
        elif read.type is PacketType.ACK:
            assert PARSER.decode_ack(read) == packet["data"]
        else:
            assert read.data == ""

    @pytest.mark.parametrize(("packet", "messages"), ERRORS)
    def test_errors_are_written_the_same(self, packet: dict[str, Any], messages: list[str]) -> None:
        assert PARSER.encode_connect_error(packet["nsp"], packet["data"]) == tuple(messages)


@pytest.mark.parametrize(
    ("args", "data"),
    [
        ((), None),
        (("no",), "no"),
        (({"code": 1},), {"code": 1}),
        (([1],), [[1]]),
        (("no", 1), ["no", 1]),
    ],
)
def test_refusals(args: tuple[object, ...], data: object) -> None:
    assert DIALECT_V4.refusal_data(args) == data


def test_sids_derive_from_that_of_the_session() -> None:
    assert DIALECT_V4.make_sid("abc", "/", lambda: "new") == "abc"
    assert DIALECT_V4.make_sid("abc", "/chat", lambda: "new") == "/chat#abc"
    assert DIALECT_V4.root_is_session


class TestConnection:
    def test_the_main_namespace_is_asked_for_by_itself(self) -> None:
        connection = Connection(PARSER, dialect=DIALECT_V4)
        packet = connection.open()
        assert packet is not None
        assert (packet.type, packet.namespace, packet.data) == (PacketType.CONNECT, "/", "")
        assert connection.state("/") is NamespaceState.CONNECTING
        assert PARSER.decode_auth(packet) is None
        assert MsgpackParser().decode_auth(packet) is None

    def test_current_clients_ask_for_nothing_by_themselves(self) -> None:
        connection = Connection(PARSER)
        assert connection.open() is None
        assert connection.state("/") is NamespaceState.ABSENT

    def test_a_namespace_with_a_query(self) -> None:
        connection = connected()
        packet = connection.receive("0/chat?token=1&b=")
        assert packet is not None
        assert (packet.namespace, packet.query) == ("/chat", "token=1&b=")
        assert connection.accept("/chat", "sid") == ("0/chat,",)

    @pytest.mark.parametrize("data", ["no", ["no", 1], {"code": 1}, 7])
    def test_refused(self, data: object) -> None:
        connection = opened()
        (packet,) = connection.refuse("/", data)
        assert isinstance(packet, str)
        assert packet[0] == "4"
        assert connection.parser.encode_connect_error("/", data) == (packet,)
        assert connection.state("/") is NamespaceState.ABSENT

    def test_refused_without_a_reason(self) -> None:
        connection = connected()
        connection.receive("0/chat")
        assert connection.refuse("/chat", None) == ("4/chat,",)

    @pytest.mark.parametrize("message", ['2/no,["a"]', '3/no,1["a"]', "1/no", "0", "0/"])
    def test_strays_are_dropped(self, message: str) -> None:
        connection = connected()
        assert connection.receive(message) is None
        assert connection.ignored == 1
        assert connection.state("/") is NamespaceState.CONNECTED

    def test_a_client_that_asks_for_the_main_namespace_while_it_is_decided(self) -> None:
        connection = opened()
        assert connection.receive("0") is None
        assert connection.accept("/", "sid") == ("0",)

    def test_back_after_leaving(self) -> None:
        connection = connected()
        connection.receive("0/chat")
        connection.accept("/chat", "sid")
        assert connection.receive("1/chat") is not None
        packet = connection.receive("0/chat")
        assert packet is not None
        assert packet.type is PacketType.CONNECT

    def test_binary_events(self) -> None:
        connection = connected()
        assert connection.receive('51-["a",{"_placeholder":true,"num":0}]') is None
        packet = connection.receive(b"\x01")
        assert packet is not None
        assert PARSER.decode_event(packet) == ["a", b"\x01"]

    def test_an_error_from_a_client(self) -> None:
        with pytest.raises(ProtocolError):
            connected().receive('4{"a":1}')

    @given(st.lists(st.one_of(st.text(), st.binary(), st.text('0123456-/,?["]a'))))
    def test_any_messages_give_packets_or_a_protocol_error(
        self, messages: list[str | bytes]
    ) -> None:
        connection = connected()
        try:
            for message in messages:
                connection.receive(message)
        except ProtocolError:
            return
        assert connection.state("/") in set(NamespaceState)
