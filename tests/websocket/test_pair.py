"""A client and a server that talk through a simulated network, which cuts and joins at random."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from flask_socketio.websocket import (
    Acceptance,
    Close,
    DeflateSettings,
    Ping,
    Pong,
    Role,
    State,
    WebSocketConnection,
    accept_handshake,
    check_response,
    request_head,
)

if TYPE_CHECKING:
    from flask_socketio.websocket import Event

HTTP_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


@dataclass
class End:
    """One end of the pair, with what it has written but the network has not carried yet."""

    connection: WebSocketConnection
    events: list[Event] = field(default_factory=list)
    in_flight: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.in_flight += data

    def receive(self, data: bytes) -> None:
        self.events += self.connection.receive_data(data)
        self.write(self.connection.data_to_send())


class Pair:
    """Both ends after a handshake, and the network between them."""

    def __init__(
        self, random: Random, client: DeflateSettings | None, server: DeflateSettings | None
    ) -> None:
        self.random = random
        accepted, checked = shake_hands(client, server)
        self.server = End(WebSocketConnection(deflate=accepted.deflate))
        self.client = End(
            WebSocketConnection(
                Role.CLIENT, deflate=checked.deflate, random_mask=lambda: random.randbytes(4)
            )
        )

    def carry(self) -> None:
        """Carry some of what one end wrote to the other."""
        ends = [self.server, self.client]
        self.random.shuffle(ends)
        sender, receiver = ends
        size = self.random.choice([1, 2, 5, 100, len(sender.in_flight)])
        data = bytes(sender.in_flight[:size])
        del sender.in_flight[:size]
        receiver.receive(data)

    def settle(self) -> None:
        while self.server.in_flight or self.client.in_flight:
            self.carry()


def parse(head: bytes) -> list[tuple[bytes, bytes]]:
    lines = head.rstrip(b"\r\n").split(b"\r\n")[1:]
    fields = [line.split(b": ", 1) for line in lines]
    return [(name.lower(), value) for name, value in fields]


def shake_hands(
    client: DeflateSettings | None, server: DeflateSettings | None
) -> tuple[Acceptance, Acceptance]:
    request = request_head("h", "/", HTTP_KEY, subprotocols=["a"], deflate=client)
    accepted = accept_handshake("GET", "1.1", parse(request), subprotocols=["a"], deflate=server)
    response = parse(accepted.response())
    checked = check_response(101, response, HTTP_KEY, subprotocols=["a"], deflate=client)
    assert (accepted.subprotocol, accepted.extensions) == ("a", checked.extensions)
    return accepted, checked


deflate_settings = st.none() | st.builds(
    DeflateSettings,
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
    server_max_window_bits=st.integers(9, 15),
    client_max_window_bits=st.integers(9, 15),
    threshold=st.sampled_from([0, 1, 100]),
    level=st.integers(-1, 9),
    mem_level=st.integers(1, 9),
)
messages = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=200),
    st.builds(Ping, st.binary(max_size=125)),
    st.integers(100, 70_000).map(lambda size: "wave " * (size // 5)),
)


def send(end: End, message: str | bytes | Ping) -> None:
    connection = end.connection
    if isinstance(message, str):
        end.write(connection.send_text(message))
    elif isinstance(message, bytes):
        end.write(connection.send_binary(message))
    else:
        end.write(connection.send_ping(message.data))


@given(
    st.integers(0, 1 << 32).map(Random),
    deflate_settings,
    deflate_settings,
    st.lists(st.tuples(st.booleans(), messages), max_size=8),
    st.sampled_from(["client", "server", "both"]),
)
@settings(deadline=None, max_examples=150)
def test_everything_arrives_in_order_and_the_close_is_clean(
    random: Random,
    client: DeflateSettings | None,
    server: DeflateSettings | None,
    script: list[tuple[bool, str | bytes | Ping]],
    closer: str,
) -> None:
    pair = Pair(random, client, server)
    sent: dict[bool, list[Event]] = {True: [], False: []}
    for by_client, message in script:
        send(pair.client if by_client else pair.server, message)
        sent[by_client].append(message)
        pair.carry()
    pair.settle()
    for end, name in ((pair.client, "client"), (pair.server, "server")):
        if closer in (name, "both"):
            end.write(end.connection.send_close(4000, name))
    pair.settle()

    for end, peer_sent, own_sent in (
        (pair.server, sent[True], sent[False]),
        (pair.client, sent[False], sent[True]),
    ):
        *events, close = end.events
        assert [event for event in events if not isinstance(event, Pong)] == peer_sent
        pongs = [event.data for event in events if isinstance(event, Pong)]
        assert pongs == [message.data for message in own_sent if isinstance(message, Ping)]
        assert isinstance(close, Close)
        assert close.code == end.connection.close_code == 4000
        assert end.connection.state is State.CLOSED
        assert end.connection.receive_eof() == []
