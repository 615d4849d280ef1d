"""A session and an old client talk through a simulated network."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engineio.pair import Client, Network, Server, make_pair

from flask_socketio.engineio import SessionSettings, State, Transport
from flask_socketio.engineio.wire_v3 import BINARY, TextWire
from flask_socketio.types import DisconnectReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask_socketio.engineio import Wire

    MakeWire = Callable[[], Wire]


def binary() -> Wire:
    return BINARY


BOTH = pytest.mark.parametrize("transport", list(Transport))
WIRES = pytest.mark.parametrize("make_wire", [binary, TextWire])
CONTENTS = st.one_of(st.text(alphabet="aä€😀", max_size=8), st.binary(max_size=8))


def opened(make_wire: MakeWire, transport: Transport) -> tuple[Network, Server, Client]:
    network, server, client = make_pair(make_wire=make_wire)
    client.open(transport)
    network.run(1)
    assert client.is_open
    return network, server, client


@BOTH
@WIRES
def test_the_client_pings(make_wire: MakeWire, transport: Transport) -> None:
    network, server, client = opened(make_wire, transport)
    network.run(310)
    assert server.session.state is State.OPEN
    assert client.is_open
    assert client.pings == 12


@BOTH
@WIRES
def test_a_client_that_does_not_ping_is_closed(make_wire: MakeWire, transport: Transport) -> None:
    network, server, client = opened(make_wire, transport)
    client.answers_pings = False
    network.run(43)
    assert server.session.state is State.OPEN
    network.run(2)
    assert server.session.close_reason is DisconnectReason.PING_TIMEOUT


@BOTH
@WIRES
def test_the_server_closes_and_everything_before_arrives(
    make_wire: MakeWire, transport: Transport
) -> None:
    network, server, client = opened(make_wire, transport)
    contents: list[str | bytes] = ["ž", b"\x00\xff", "🐍", b""]
    for content in contents:
        server.send(content)
    server.close()
    network.run(1)
    assert client.received == contents
    assert not client.is_open
    assert server.session.state is State.CLOSED


@settings(max_examples=100, deadline=None)
@given(
    make_wire=st.sampled_from([binary, TextWire]),
    schedule=st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from(["server", "client"]), CONTENTS), max_size=40
    ),
    latencies=st.lists(st.floats(0.001, 0.9), min_size=1, max_size=30),
    upgrade_at=st.floats(0, 3),
)
def test_an_upgrade_loses_nothing_doubles_nothing_and_keeps_the_order(
    make_wire: MakeWire,
    schedule: list[tuple[float, str, str | bytes]],
    latencies: list[float],
    upgrade_at: float,
) -> None:
    limits = SessionSettings(max_payload=60)
    network, server, client = make_pair(limits, itertools.cycle(latencies), make_wire)
    client.open(Transport.POLLING)
    network.run(3)
    start = network.now
    sent: dict[str, list[str | bytes]] = {"server": [], "client": []}

    def send(end: str, content: str | bytes) -> None:
        sent[end].append(content)
        (server if end == "server" else client).send(content)

    for delay, end, content in schedule:
        network.at(start + delay, lambda end=end, content=content: send(end, content))
    network.at(start + upgrade_at, client.upgrade)
    network.run(100)

    assert client.received == sent["server"]
    assert server.received == sent["client"]
    assert client.is_open
    assert server.session.state is State.OPEN
    assert server.session.transport is client.transport is Transport.WEBSOCKET
    assert server.session.buffered_bytes == 0
