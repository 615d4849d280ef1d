"""What happens before a connect handler has decided, with and without ``always_connect``."""

from __future__ import annotations

import pytest
from tests.hub.doubles import Site

from flask_socketio.engineio import SessionSettings
from flask_socketio.hub.hub import HubSettings
from flask_socketio.hub.socket import Socket, SocketState
from flask_socketio.types import DisconnectReason

RARE_PINGS = SessionSettings(ping_interval=300)


@pytest.fixture
def site() -> Site:
    return Site()


def decided(site: Site, verdict: bool) -> None:
    """Give the main namespace a connect handler with this result."""
    site.dispatcher.handlers["connect", "/"] = lambda _socket: verdict


def with_disconnect_handler(site: Site) -> list[tuple[str, DisconnectReason]]:
    site.dispatcher.handlers["disconnect", "/"] = lambda _socket: None
    return site.dispatcher.disconnected


class TestConnectTimeout:
    def test_a_refused_client_has_time_to_try_again(self) -> None:
        site = Site(session_settings=RARE_PINGS)
        decided(site, False)
        peer = site.open()
        site.clock.pass_time(40)
        peer.send("0")
        site.settle()
        site.clock.pass_time(44)
        assert peer.websocket.closed is None
        site.clock.pass_time(2)
        assert peer.websocket.closed is not None

    def test_one_namespace_is_enough(self) -> None:
        site = Site(session_settings=RARE_PINGS)
        peer = site.connect()
        peer.send("0/no,")
        site.clock.pass_time(100)
        assert peer.websocket.closed is None


class TestPending:
    @pytest.mark.parametrize("verdict", [True, False])
    def test_who_left_may_be_back_before_the_verdict(self, site: Site, verdict: bool) -> None:
        decided(site, verdict)
        peer = site.open()
        peer.send("0", "1", "0")
        second = peer.socket()
        site.drain()
        site.executor.run_one()
        site.drain()
        assert peer.client.sockets == {"/": second}
        assert second.state is SocketState.PENDING
        site.settle()
        assert peer.received() == ['0{"sid":"s2"}' if verdict else '4{"message":"no"}']

    @pytest.mark.parametrize("verdict", [True, False])
    def test_the_connect_handler_disconnects_it(self, site: Site, verdict: bool) -> None:
        def connect(socket: Socket) -> bool:
            site.submit(site.hub.disconnect, socket)
            return verdict

        site.dispatcher.handlers["connect", "/"] = connect
        disconnected = with_disconnect_handler(site)
        peer = site.open()
        peer.send("0")
        site.settle()
        assert peer.received() == (['0{"sid":"s1"}', "1"])
        reason = DisconnectReason.SERVER_DISCONNECT
        assert disconnected == ([("s1", reason)] if verdict else [])
        assert site.hub.namespaces == {}


class TestAlwaysConnect:
    @pytest.fixture
    def site(self) -> Site:
        return Site(HubSettings(always_connect=True))

    def test_the_client_is_told_first(self, site: Site) -> None:
        decided(site, True)
        peer = site.open()
        peer.send("0")
        site.drain()
        assert peer.received() == ['0{"sid":"s1"}']
        site.settle()
        assert peer.received() == []
        assert peer.socket().admitted

    @pytest.mark.parametrize("verdict", [True, False])
    def test_who_leaves_while_the_handler_runs_is_missed_iff_accepted(
        self, site: Site, verdict: bool
    ) -> None:
        decided(site, verdict)
        disconnected = with_disconnect_handler(site)
        peer = site.open()
        peer.send("0", "1")
        assert len(site.executor.ready) == 1
        site.settle()
        reason = DisconnectReason.CLIENT_DISCONNECT
        assert disconnected == ([("s1", reason)] if verdict else [])
        assert site.hub.namespaces == {}

    def test_a_disconnect_handler_that_could_overtake_the_connect_handler(self, site: Site) -> None:
        def connect(socket: Socket) -> None:
            peer.send("1")
            mailbox = socket.client.mailbox
            assert mailbox.lane is not None
            if mailbox.release(mailbox.lane):  # it takes long, or waits
                site.executor.ready.append(mailbox)
            site.settle()

        site.dispatcher.handlers["connect", "/"] = connect
        disconnected = with_disconnect_handler(site)
        peer = site.open()
        peer.send("0")
        site.settle()
        assert disconnected == [("s1", DisconnectReason.CLIENT_DISCONNECT)]
        assert site.hub.namespaces == {}
