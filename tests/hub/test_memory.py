"""A client that has gone is nowhere any more, and no garbage collection is needed for that."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.hub.doubles import Answers, Peer, Site

from flask_socketio.engineio import Transport, message_group
from flask_socketio.hub.hub import HubSettings
from flask_socketio.types import DisconnectReason

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSIONS = 1000
TYPES = {
    "Client",
    "Connection",
    "EngineSocket",
    "HandlerJob",
    "Mailbox",
    "NamespaceState",
    "Packet",
    "Run",
    "Session",
    "Socket",
    "WebSocketConnection",
}


def living() -> Counter[str]:
    """The objects of our types that the interpreter knows."""
    types = [type(found) for found in gc.get_objects()]
    return Counter(
        found.__name__
        for found in types
        if found.__name__ in TYPES and str(found.__module__).startswith("flask_socketio.")
    )


@pytest.fixture(autouse=True)
def without_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def make_site(verdict: bool, always_connect: bool = False) -> Site:
    site = Site(HubSettings(always_connect=always_connect))
    site.dispatcher.namespaces.add("/a")
    site.dispatcher.handlers["connect", "/a"] = lambda _socket: verdict
    site.dispatcher.handlers["disconnect", "/"] = lambda _socket: None
    return site


def exchange(site: Site, peer: Peer) -> None:
    """Join two namespaces and a room, send events, ask for acks that come and that do not."""
    peer.send("0", "0/a,", '2["one"]', '25["two"]')
    site.hub.join(peer.socket(), "den")
    site.hub.send_with_ack(peer.socket(), message_group('27["x"]'), 7, Answers())
    site.hub.send_with_ack(peer.socket(), message_group('28["x"]'), 8, Answers())
    site.hub.send(peer.socket("/a"), message_group('2/a,["held"]'))
    peer.send("37[]")


def end(site: Site, peer: Peer, way: int) -> None:
    engine_socket = peer.engine_socket
    match way:
        case 0:
            peer.leave()
        case 1:
            peer.send("1", "1/a,")
            site.engine.receive(engine_socket, "1")
        case 2:
            peer.send("nonsense")
        case _:
            site.engine.close(engine_socket, DisconnectReason.SERVER_DISCONNECT)


@pytest.mark.parametrize("verdict", [True, False])
@pytest.mark.parametrize("always_connect", [True, False])
def test_sessions_on_websockets(verdict: bool, always_connect: bool) -> None:
    site = make_site(verdict, always_connect)
    before = living()
    for number in range(SESSIONS // 4):
        peer = site.open()
        exchange(site, peer)
        if number % 8 < 4:  # half of them end while their handlers have not run
            site.settle()
        end(site, peer, number % 4)
        site.settle()
    assert site.counters.closed == SESSIONS // 4
    del peer
    assert living() - before == Counter()
    assert site.clock.engine.sockets == {}


def test_sessions_on_polling_and_upgraded_ones() -> None:
    site = make_site(True)
    before = living()
    for number in range(SESSIONS):
        peer = site.open(Transport.POLLING)
        site.engine.receive_payload(peer.engine_socket, b'40\x1e40/a,\x1e42["one"]\x1e421["two"]')
        if number % 2:
            site.engine.open_probe(peer.engine_socket, peer.websocket)
            for message in ("2probe", "5"):
                site.engine.receive_probe(peer.engine_socket, message)
            site.settle()
            site.engine.receive(peer.engine_socket, "1")
        else:
            site.settle()
            site.engine.receive_payload(peer.engine_socket, b"1")
        site.settle()
    assert site.counters.closed == SESSIONS
    del peer
    assert living() - before == Counter()


def test_sessions_that_time_out() -> None:
    site = make_site(True)
    before = living()
    peers = [site.open() for _ in range(SESSIONS)]
    for peer in peers[::2]:
        exchange(site, peer)
    site.clock.pass_time(60)
    site.settle()
    assert site.counters.closed == SESSIONS
    del peers, peer
    assert living() - before == Counter()


def test_the_counted_types_exist() -> None:
    site = make_site(True)
    before = living()
    peer = site.open()
    exchange(site, peer)
    found = living() - before
    assert {"Client", "Connection", "EngineSocket", "Session", "Socket"} <= set(found)
    assert {"HandlerJob", "Mailbox", "NamespaceState"} <= set(found)
