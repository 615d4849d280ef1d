"""A session and a client talk through a simulated network: nothing is lost, doubled or late."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engineio.pair import Client, Network, Server, make_pair

from flask_socketio.engineio import SessionSettings, State, Transport
from flask_socketio.types import DisconnectReason

BOTH = pytest.mark.parametrize("transport", list(Transport))
#: How a client learns that the server closed its session: by a CLOSE packet, or by the
#: WebSocket's closing.
TOLD_BY = {Transport.POLLING: "server close", Transport.WEBSOCKET: "transport close"}


def opened(
    transport: Transport, session_settings: SessionSettings | None = None
) -> tuple[Network, Server, Client]:
    network, server, client = make_pair(session_settings)
    client.open(transport)
    network.run(1)
    assert client.is_open
    return network, server, client


@BOTH
def test_the_heartbeat_keeps_a_silent_session_alive(transport: Transport) -> None:
    network, server, client = opened(transport)
    network.run(300)
    assert server.session.state is State.OPEN
    assert client.is_open
    assert client.pings == 12


@BOTH
def test_a_client_that_does_not_answer_pings_is_closed(transport: Transport) -> None:
    network, server, client = opened(transport)
    client.answers_pings = False
    network.run(44)
    assert server.session.state is State.OPEN
    network.run(2)
    assert server.session.close_reason is DisconnectReason.PING_TIMEOUT
    assert client.close_reason == TOLD_BY[transport]


@BOTH
def test_messages_are_a_sign_of_life(transport: Transport) -> None:
    network, server, client = opened(transport)
    client.answers_pings = False
    for _ in range(30):
        client.send("still here")
        network.run(10)
    assert server.session.state is State.OPEN
    network.run(60)
    assert server.session.close_reason is DisconnectReason.PING_TIMEOUT


@BOTH
def test_silence_closes_nobody_without_monitoring(transport: Transport) -> None:
    network, server, client = opened(transport, SessionSettings(monitor_clients=False))
    client.answers_pings = False
    network.run(200)
    assert server.session.state is State.OPEN
    assert client.pings == 8


@BOTH
def test_both_ends_notice_a_network_that_is_gone(transport: Transport) -> None:
    network, server, client = opened(transport)
    network.lost = True
    network.run(50)
    assert server.session.close_reason is DisconnectReason.PING_TIMEOUT
    assert client.close_reason == "ping timeout"


@BOTH
def test_a_short_outage_is_survived_by_nobody_who_lost_a_packet_but_closes_cleanly(
    transport: Transport,
) -> None:
    network, server, client = opened(transport)
    network.run(23.9)
    network.lost = True
    network.run(2)
    network.lost = False
    network.run(60)
    assert server.session.close_reason is DisconnectReason.PING_TIMEOUT
    assert not client.is_open


@BOTH
def test_the_client_leaves(transport: Transport) -> None:
    network, server, client = opened(transport)
    client.send("last words")
    network.run(1)
    client.close()
    network.run(1)
    assert server.received == ["last words"]
    assert server.session.close_reason is DisconnectReason.CLIENT_DISCONNECT


@BOTH
def test_the_server_closes_and_everything_before_arrives(transport: Transport) -> None:
    network, server, client = opened(transport)
    for number in range(5):
        server.send(str(number))
    server.close()
    network.run(1)
    assert client.received == ["0", "1", "2", "3", "4"]
    assert client.close_reason == TOLD_BY[transport]
    assert server.session.state is State.CLOSED


def test_the_server_closes_during_the_upgrade() -> None:
    network, server, client = opened(Transport.POLLING)
    client.upgrade()
    # The probe is answered and the client waits for its poll to end.
    network.run(0.0215)
    assert server.session.has_probe
    server.send("last words")
    server.close()
    network.run(1)
    assert client.received == ["last words"]
    assert server.session.transport is client.transport is Transport.WEBSOCKET
    assert client.close_reason == "transport close"
    assert server.session.state is State.CLOSED


def test_an_aborted_poll_closes_at_once() -> None:
    network, server, client = opened(Transport.POLLING)
    client.abort_poll()
    network.run(0.1)
    assert server.session.close_reason is DisconnectReason.TRANSPORT_CLOSE


def test_answers_and_posts_keep_to_the_payload_limit() -> None:
    network, server, client = opened(Transport.POLLING, SessionSettings(max_payload=300))
    messages: list[str | bytes] = [f"message {number:03}" for number in range(200)]
    client.payload_sizes.clear()
    for message in messages:
        server.send(message)
        client.send(message)
    network.run(10)
    assert client.received == messages
    assert server.received == messages
    assert max(client.payload_sizes) <= 300 + 300 // 10


def test_a_refused_probe_leaves_the_session_on_polling() -> None:
    network, server, client = opened(Transport.POLLING, SessionSettings(allow_upgrades=False))
    client.upgrade()
    network.run(1)
    server.send("down")
    client.send("up")
    network.run(1)
    assert (client.received, server.received) == (["down"], ["up"])
    assert client.transport is Transport.POLLING


def test_a_probe_that_times_out_leaves_the_session_on_polling() -> None:
    network, server, client = opened(Transport.POLLING)
    network.at(network.now + 0.005, lambda: setattr(network, "lost", True))
    client.upgrade()
    network.run(0.015)
    network.lost = False
    assert not server.session.has_probe
    server.send("down")
    network.run(1)
    assert client.received == ["down"]


CONTENTS = st.one_of(st.text(alphabet="aä€😀", max_size=8), st.binary(max_size=8))


@settings(max_examples=100, deadline=None)
@given(
    schedule=st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from(["server", "client"]), CONTENTS), max_size=40
    ),
    latencies=st.lists(st.floats(0.001, 0.9), min_size=1, max_size=30),
    upgrade_at=st.floats(0, 3),
)
def test_an_upgrade_loses_nothing_doubles_nothing_and_keeps_the_order(
    schedule: list[tuple[float, str, str | bytes]], latencies: list[float], upgrade_at: float
) -> None:
    network, server, client = make_pair(SessionSettings(max_payload=40), itertools.cycle(latencies))
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
    assert not server.session.has_probe
    assert server.session.buffered_bytes == 0


@settings(max_examples=60, deadline=None)
@given(
    latencies=st.lists(st.floats(0.001, 0.9), min_size=1, max_size=30),
    upgrade_at=st.one_of(st.none(), st.floats(0, 3)),
    close_at=st.floats(0, 5),
    messages=st.integers(0, 10),
)
def test_a_close_by_the_server_delivers_what_was_sent_whatever_is_under_way(
    latencies: list[float], upgrade_at: float | None, close_at: float, messages: int
) -> None:
    network, server, client = make_pair(latencies=itertools.cycle(latencies))
    client.open(Transport.POLLING)
    network.run(3)

    def send_and_close() -> None:
        for number in range(messages):
            server.send(str(number))
        server.close()

    if upgrade_at is not None:
        network.at(network.now + upgrade_at, client.upgrade)
    network.at(network.now + close_at, send_and_close)
    network.run(60)
    assert client.received == [str(number) for number in range(messages)]
    assert client.close_reason == TOLD_BY[server.session.transport]
    assert server.session.state is State.CLOSED
    assert server.session.close_reason is DisconnectReason.SERVER_DISCONNECT


@settings(max_examples=60, deadline=None)
@given(
    latencies=st.lists(st.floats(0.001, 0.9), min_size=1, max_size=30),
    upgrade_at=st.floats(0, 3),
    lost_at=st.floats(0, 6),
)
def test_a_lost_network_ends_the_session_on_both_sides(
    latencies: list[float], upgrade_at: float, lost_at: float
) -> None:
    network, server, client = make_pair(latencies=itertools.cycle(latencies))
    client.open(Transport.POLLING)
    network.run(3)
    network.at(network.now + upgrade_at, client.upgrade)
    network.at(network.now + lost_at, lambda: setattr(network, "lost", True))
    network.run(100)
    assert server.session.state is State.CLOSED
    assert server.session.close_reason is DisconnectReason.PING_TIMEOUT
    assert client.close_reason == "ping timeout"
    assert server.session.deadline is None
