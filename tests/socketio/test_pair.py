"""Both ends together: what one encodes, the other takes, in every state that they can be in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.socketio.pair import Pair
from tests.socketio.strategies import events

from flask_socketio.socketio import JsonParser, MsgpackParser, NamespaceState, PacketType, Parser

PARSERS = pytest.mark.parametrize("parser", [JsonParser(), MsgpackParser()])
BOTH_PARSERS = st.sampled_from([JsonParser(), MsgpackParser()])
NAMESPACES = st.sampled_from(["/", "/chat", "/game"])


@given(BOTH_PARSERS, NAMESPACES, st.lists(events, max_size=4))
def test_events_and_acks_travel_both_ways(
    parser: Parser, namespace: str, batch: list[list[Any]]
) -> None:
    pair = Pair(parser)
    pair.join(namespace)
    for number, args in enumerate(batch):
        pair.send_to_server(parser.encode_event(namespace, args, number))
    received = pair.receive_at_server()
    assert [parser.decode_event(packet) for packet in received] == batch
    for packet in received:
        assert packet.ack_id is not None
        args = parser.decode_event(packet)
        pair.send_to_client(parser.encode_ack(namespace, args, packet.ack_id))
    answers = pair.receive_at_client()
    assert [packet.ack_id for packet in answers] == list(range(len(batch)))
    assert [parser.decode_ack(packet) for packet in answers] == batch


@PARSERS
def test_refusal_reaches_the_client(parser: Parser) -> None:
    pair = Pair(parser)
    pair.send_to_server(pair.client.connect("/admin", {"token": "x"}))
    (packet,) = pair.receive_at_server()
    assert parser.decode_auth(packet) == {"token": "x"}
    pair.send_to_client(pair.server.refuse("/admin", {"message": "no"}))
    (answer,) = pair.receive_at_client()
    assert answer.type is PacketType.CONNECT_ERROR
    assert parser.decode_connect_error(answer) == {"message": "no"}
    assert pair.client.state("/admin") is pair.server.state("/admin") is NamespaceState.ABSENT


@PARSERS
def test_farewells_that_cross_are_ignored_by_both(parser: Parser) -> None:
    pair = Pair(parser)
    pair.join("/")
    pair.send_to_server(pair.client.disconnect("/"))
    pair.send_to_client(pair.server.disconnect("/"))
    assert pair.receive_at_server() == pair.receive_at_client() == []
    assert (pair.server.ignored, pair.client.ignored) == (1, 1)


class TwoEnds(RuleBasedStateMachine):
    """Both ends do what they may, messages are delayed; nothing of it may be an error.

    A client asks for a namespace when nothing is on its way: it could not tell the late farewell
    of its last visit from the answer to this one, and no more can the official client.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parser: Parser = JsonParser()
        self.pair = Pair(self.parser)
        self.answers_due: list[str] = []

    @rule(namespace=NAMESPACES)
    def client_connects(self, namespace: str) -> None:
        idle = {NamespaceState.ABSENT, NamespaceState.LEFT}
        states = {self.pair.client.state(namespace), self.pair.server.state(namespace)}
        if self.pair.is_quiet and states <= idle:
            self.pair.send_to_server(self.pair.client.connect(namespace))

    @rule()
    def server_receives(self) -> None:
        for packet in self.pair.receive_at_server():
            if packet.type is PacketType.CONNECT:
                self.answers_due.append(packet.namespace)

    @rule()
    def client_receives(self) -> None:
        self.pair.receive_at_client()

    @precondition(lambda self: self.answers_due)
    @rule(accepted=st.booleans())
    def server_answers(self, accepted: bool) -> None:
        namespace = self.answers_due.pop(0)
        if accepted:
            self.pair.send_to_client(self.pair.server.accept(namespace, "sid"))
        else:
            self.pair.send_to_client(self.pair.server.refuse(namespace, {"message": "no"}))

    @rule(namespace=NAMESPACES, binary=st.booleans())
    def client_emits(self, namespace: str, binary: bool) -> None:
        if self.pair.client.state(namespace) is NamespaceState.CONNECTED:
            args = ["a", b"1"] if binary else ["a", 1]
            self.pair.send_to_server(self.parser.encode_event(namespace, args, 1))

    @rule(namespace=NAMESPACES, binary=st.booleans())
    def server_emits(self, namespace: str, binary: bool) -> None:
        if self.pair.server.state(namespace) is NamespaceState.CONNECTED:
            args = ["a", b"1"] if binary else ["a", 1]
            self.pair.send_to_client(self.parser.encode_event(namespace, args))

    @rule(namespace=NAMESPACES)
    def client_leaves(self, namespace: str) -> None:
        if self.pair.client.state(namespace) is NamespaceState.CONNECTED:
            self.pair.send_to_server(self.pair.client.disconnect(namespace))

    @rule(namespace=NAMESPACES)
    def server_leaves(self, namespace: str) -> None:
        if self.pair.server.state(namespace) is NamespaceState.CONNECTED:
            self.pair.send_to_client(self.pair.server.disconnect(namespace))

    @invariant()
    def only_connected_namespaces_are_listed(self) -> None:
        for end in (self.pair.client, self.pair.server):
            assert all(end.state(name) is NamespaceState.CONNECTED for name in end.namespaces())


TestTwoEnds = TwoEnds.TestCase
