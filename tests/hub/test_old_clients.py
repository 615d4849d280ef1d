"""Clients of Engine.IO 3 and Socket.IO 4 in the Hub, alone and beside current ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.hub.doubles import ENVIRON, Peer, Site

from flask_socketio.engineio import (
    SessionSettings,
    Transport,
    choose_wire,
    message_group,
    parse_query,
)
from flask_socketio.hub.hub import HubSettings
from flask_socketio.types import DisconnectReason

if TYPE_CHECKING:
    from flask_socketio.hub.socket import Socket

OLD = choose_wire(parse_query("EIO=3"))


@pytest.fixture
def site() -> Site:
    site = Site()
    site.dispatcher.namespaces.add("/chat")
    return site


def open_old(site: Site) -> Peer:
    """A WebSocket of an old client; what it received after OPEN is still to be looked at."""
    peer = site.open(wire=OLD)
    site.settle()
    return peer


def test_the_main_namespace_is_connected_by_itself(site: Site) -> None:
    peer = open_old(site)
    assert peer.received() == ["0"]
    assert peer.sid == peer.engine_socket.session.sid == "e1"


def test_its_connect_handler_runs_first(site: Site) -> None:
    seen: list[str] = []

    def connect(socket: Socket) -> bool:
        seen.append(str(socket.sid))
        return True

    site.dispatcher.handlers["connect", "/"] = connect
    peer = site.open(wire=OLD)
    assert peer.received() == []
    site.settle()
    assert peer.received() == ["0"]
    assert seen == ["e1"]


def test_refused(site: Site) -> None:
    site.dispatcher.handlers["connect", "/"] = lambda _socket: False
    peer = open_old(site)
    assert peer.received() == ['4{"message":"no"}']  # the data is the dispatcher's affair
    assert peer.client.sockets == {}


def test_refused_after_it_was_connected() -> None:
    site = Site(HubSettings(always_connect=True))
    site.dispatcher.handlers["connect", "/"] = lambda _socket: False
    peer = open_old(site)
    assert peer.received() == ["0", "1"]
    assert peer.websocket.closed is not None


def test_a_refused_client_that_asks_for_nothing_else_is_closed_in_the_end() -> None:
    site = Site(session_settings=SessionSettings(ping_interval=300))
    site.dispatcher.handlers["connect", "/"] = lambda _socket: False
    peer = open_old(site)
    site.clock.pass_time(44)
    assert peer.websocket.closed is None
    site.clock.pass_time(2)
    assert peer.websocket.closed is not None


def test_a_namespace_that_does_not_exist(site: Site) -> None:
    peer = open_old(site)
    peer.received()
    peer.send("0/no")
    site.settle()
    assert peer.received() == ['4/no,"Invalid namespace"']


def test_a_namespace_with_a_query(site: Site) -> None:
    peer = open_old(site)
    peer.send("0/chat?token=1")
    site.settle()
    assert peer.received() == ["0", "0/chat,"]
    assert peer.socket("/chat").sid == "/chat#e1"
    assert peer.socket("/chat").query == "token=1"
    assert peer.socket().query == ""


def test_a_ping_is_answered_at_once(site: Site) -> None:
    peer = open_old(site)
    peer.received()
    site.engine.receive(peer.engine_socket, "2")
    site.drain()
    assert peer.received() == ["3"]


def test_silence_ends_it() -> None:
    site = Site(session_settings=SessionSettings(ping_interval=25, ping_timeout=20))
    peer = open_old(site)
    site.clock.pass_time(44)
    assert peer.websocket.closed is None
    site.clock.pass_time(1)
    assert peer.websocket.closed is not None


class TestTheEnd:
    def test_a_client_that_leaves_the_main_namespace_leaves_altogether(self, site: Site) -> None:
        for namespace in ("/", "/chat"):
            site.dispatcher.handlers["disconnect", namespace] = lambda _socket: None
        peer = open_old(site)
        peer.send("0/chat")
        site.settle()
        peer.send("1")
        site.settle()
        reason = DisconnectReason.CLIENT_DISCONNECT
        assert sorted(site.dispatcher.disconnected) == [("/chat#e1", reason), ("e1", reason)]
        assert site.engine.sockets == {}
        assert site.hub.namespaces == {}

    def test_a_client_that_is_disconnected_from_it_is_disconnected_altogether(
        self, site: Site
    ) -> None:
        peer = open_old(site)
        peer.received()
        site.hub.disconnect(peer.socket())
        site.settle()
        assert peer.received() == ["1"]
        assert peer.websocket.closed is not None

    def test_other_namespaces_end_by_themselves(self, site: Site) -> None:
        peer = open_old(site)
        peer.send("0/chat")
        site.settle()
        peer.received()
        peer.send("1/chat")
        site.hub.send(peer.socket(), message_group('2["x"]'))
        site.settle()
        assert peer.received() == ['2["x"]']
        assert set(peer.client.sockets) == {"/"}

    def test_who_comes_back_before_its_disconnect_handler_has_run_stays(self, site: Site) -> None:
        site.dispatcher.handlers["disconnect", "/chat"] = lambda _socket: None
        peer = open_old(site)
        peer.send("0/chat")
        site.settle()
        peer.send("1/chat", "0/chat")
        site.settle()
        assert site.hub.find("/chat", "/chat#e1") is peer.socket("/chat")


def test_old_and_new_clients_in_one_room(site: Site) -> None:
    old, new = open_old(site), site.connect()
    polling = site.engine.open(Transport.POLLING, ENVIRON, choose_wire(parse_query("EIO=3&b64=1")))
    site.settle()
    for peer in (old, new):
        peer.received()
        site.hub.join(peer.socket(), "room")
    site.hub.join(polling.client.sockets["/"], "room")
    group = message_group('51-["e",{}]', b"\x07")
    site.hub.broadcast("/", group, ["room"])
    site.drain()
    assert old.received() == ['51-["e",{}]', b"\x04\x07"]
    assert new.received() == ['51-["e",{}]', b"\x07"]
    polling.session.open_poll(0)
    payload = polling.session.payload_to_send()
    assert payload is not None
    assert payload.endswith(b'2:4012:451-["e",{}]6:b4Bw==')
