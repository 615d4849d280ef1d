from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.hub.doubles import Answers, Peer, Site, WebSocket

from flask_socketio.engineio import SessionSettings, Transport, message_group
from flask_socketio.hub.hub import HubSettings
from flask_socketio.hub.socket import SocketState
from flask_socketio.types import DisconnectReason

if TYPE_CHECKING:
    from flask_socketio.hub.socket import Socket
    from flask_socketio.socketio import Packet

RARE_PINGS = SessionSettings(ping_interval=300)
NEWS = message_group('2["news"]')


@pytest.fixture
def site() -> Site:
    return Site()


def decided(site: Site, verdict: bool) -> None:
    """Give the main namespace a connect handler with this result."""
    site.dispatcher.handlers["connect", "/"] = lambda _socket: verdict


def with_disconnect_handler(site: Site) -> list[tuple[str, DisconnectReason]]:
    site.dispatcher.handlers["disconnect", "/"] = lambda _socket: None
    return site.dispatcher.disconnected


class TestConnect:
    def test_without_a_handler(self, site: Site) -> None:
        peer = site.open()
        peer.send("0")
        site.drain()
        assert peer.received() == ['0{"sid":"s1"}']
        assert peer.socket().admitted
        assert site.hub.find("/", "s1") is peer.socket()

    def test_the_handler_accepts(self, site: Site) -> None:
        decided(site, True)
        peer = site.open()
        peer.send("0")
        site.drain()
        assert peer.received() == []
        site.settle()
        assert peer.received() == ['0{"sid":"s1"}']

    def test_the_handler_refuses(self, site: Site) -> None:
        decided(site, False)
        disconnected = with_disconnect_handler(site)
        peer = site.open()
        peer.send("0")
        site.settle()
        assert peer.received() == ['4{"message":"no"}']
        assert peer.client.sockets == {}
        assert site.hub.namespaces == {}
        assert disconnected == []

    def test_an_unknown_namespace(self, site: Site) -> None:
        peer = site.open()
        peer.send("0/no,")
        site.drain()
        assert peer.received() == ['4/no,{"message":"Invalid namespace"}']
        assert "/no" not in site.hub.namespaces

    def test_too_many_namespaces(self) -> None:
        site = Site(HubSettings(max_namespaces=2))
        site.dispatcher.namespaces |= {"/a", "/b"}
        peer = site.connect()
        peer.send("0/a,", "0/b,")
        site.drain()
        assert peer.websocket.closed is not None
        assert "max_namespaces=2" in peer.websocket.closed[1]
        assert site.hub.namespaces == {}

    def test_each_namespace_has_its_own_sid(self, site: Site) -> None:
        site.dispatcher.namespaces.add("/a")
        peer = site.connect()
        peer.connect("/a")
        assert {peer.sid, peer.socket("/a").sid} == {"s1", "s2"}
        assert site.hub.find("/a", "s1") is None
        assert site.hub.find("/unknown", "s1") is None

    def test_the_same_namespace_again(self, site: Site) -> None:
        peer = site.connect()
        peer.send("1")
        site.settle()
        peer.send("0")
        site.settle()
        assert peer.received() == ['0{"sid":"s2"}']
        assert site.hub.find("/", "s1") is None

    def test_not_in_time(self) -> None:
        site = Site(session_settings=RARE_PINGS)
        peer = site.open()
        site.clock.pass_time(44.9)
        assert peer.websocket.closed is None
        site.clock.pass_time(0.2)
        assert peer.websocket.closed is not None
        assert "within connect_timeout=45.0 s" in peer.websocket.closed[1]

    def test_a_refusal_after_the_session_has_ended(self, site: Site) -> None:
        decided(site, False)
        peer = site.open()
        peer.send("0")
        site.executor.run_one()
        peer.leave()
        site.settle()
        site.clock.pass_time(100)
        assert site.hub.namespaces == {}
        assert site.counters.closed == 1


class TestAlwaysConnect:
    @pytest.fixture
    def site(self) -> Site:
        return Site(HubSettings(always_connect=True))

    @pytest.mark.parametrize("handles_disconnect", [True, False])
    def test_a_refusal_is_a_disconnect(self, site: Site, handles_disconnect: bool) -> None:
        decided(site, False)
        if handles_disconnect:
            with_disconnect_handler(site)
        peer = site.open()
        peer.send("0")
        site.settle()
        assert peer.received() == ['0{"sid":"s1"}', "1"]
        assert site.dispatcher.disconnected == []
        assert site.hub.namespaces == {}


class TestPending:
    def test_what_is_sent_to_it_follows_connect_in_order(self, site: Site) -> None:
        decided(site, True)
        peer = site.open()
        peer.send("0")
        socket = peer.socket()
        site.hub.send(socket, message_group("a"))
        site.broadcast("b")
        site.hub.send_with_ack(socket, message_group("c"), 1, Answers())
        assert peer.received() == []
        site.settle()
        assert peer.received() == ['0{"sid":"s1"}', "a", "b", "c"]

    def test_a_refusal_drops_it_and_tells_who_waits_for_an_answer(self, site: Site) -> None:
        decided(site, False)
        peer = site.open()
        peer.send("0")
        answers = Answers()
        site.hub.send_with_ack(peer.socket(), NEWS, 1, answers)
        site.settle()
        assert peer.received() == ['4{"message":"no"}']
        assert answers.gone == ["s1"]

    def test_it_is_not_kept_without_limit(self) -> None:
        site = Site(session_settings=SessionSettings(max_buffered_bytes=1000))
        decided(site, True)
        peer = site.open()
        peer.send("0")
        socket = peer.socket()
        for _ in range(30):
            site.hub.send(socket, message_group("x" * 99))
        assert socket.held is None
        site.settle()
        assert site.counters.slow_consumers == 1
        assert peer.websocket.closed == (
            1008,
            "slow consumer: 1100 bytes unsent, max_buffered_bytes=1000",
        )
        assert site.hub.namespaces == {}

    def test_events_wait_for_the_connect_handler(self, site: Site) -> None:
        order: list[str] = []
        site.dispatcher.handlers["connect", "/"] = lambda _socket: order.append("connect")
        peer = site.open()
        peer.send("0", '2["early"]')
        site.settle()
        assert order == ["connect"]
        assert site.dispatcher.events == [("s1", '["early"]')]

    @pytest.mark.parametrize("verdict", [True, False])
    @pytest.mark.parametrize("handles_disconnect", [True, False])
    def test_who_leaves_is_missed_iff_accepted(
        self, site: Site, verdict: bool, handles_disconnect: bool
    ) -> None:
        decided(site, verdict)
        if handles_disconnect:
            with_disconnect_handler(site)
        peer = site.open()
        peer.send("0")
        socket = peer.socket()
        peer.send("1")
        assert socket.state is SocketState.ABANDONED
        site.settle()
        missed = verdict and handles_disconnect
        reason = DisconnectReason.CLIENT_DISCONNECT
        assert site.dispatcher.disconnected == ([("s1", reason)] if missed else [])
        assert socket.state is SocketState.GONE
        assert peer.received() == []
        assert site.hub.namespaces == {}


class TestDisconnect:
    def test_the_client_leaves_a_namespace(self, site: Site) -> None:
        disconnected = with_disconnect_handler(site)
        peer = site.connect()
        peer.send("1")
        site.settle()
        assert disconnected == [("s1", DisconnectReason.CLIENT_DISCONNECT)]
        assert peer.websocket.closed is None

    def test_the_session_ends_and_with_it_each_namespace(self, site: Site) -> None:
        site.dispatcher.namespaces.add("/a")
        disconnected = with_disconnect_handler(site)
        site.dispatcher.handlers["disconnect", "/a"] = lambda _socket: None
        peer = site.connect()
        peer.connect("/a")
        peer.leave()
        site.settle()
        reason = DisconnectReason.TRANSPORT_CLOSE
        assert disconnected == [("s1", reason), ("s2", reason)]
        assert site.hub.namespaces == {}

    def test_by_the_server(self, site: Site) -> None:
        disconnected = with_disconnect_handler(site)
        peer = site.connect()
        site.hub.disconnect(peer.socket())
        site.settle()
        assert peer.received() == ["1"]
        assert disconnected == [("s1", DisconnectReason.SERVER_DISCONNECT)]

    def test_by_the_server_before_the_connect_handler_has_run(self, site: Site) -> None:
        decided(site, True)
        disconnected = with_disconnect_handler(site)
        peer = site.open()
        peer.send("0")
        site.hub.disconnect(peer.socket())
        site.settle()
        assert peer.received() == ['0{"sid":"s1"}', "1"]
        assert disconnected == [("s1", DisconnectReason.SERVER_DISCONNECT)]

    def test_twice(self, site: Site) -> None:
        peer = site.connect()
        socket = peer.socket()
        site.hub.disconnect(socket)
        site.hub.disconnect(socket)
        site.hub.remove(socket)
        site.settle()
        assert peer.received() == ["1"]

    def test_a_client_that_was_removed_twice_takes_nobody_with_it(self, site: Site) -> None:
        first = site.connect().socket()
        site.hub.disconnect(first)
        second = site.connect()
        site.hub.remove(first)
        site.broadcast("still here")
        assert second.received() == ["still here"]

    def test_rooms_stay_until_the_handler_has_run(self, site: Site) -> None:
        rooms: list[tuple[object, ...]] = []
        site.dispatcher.handlers["disconnect", "/"] = lambda socket: rooms.append(
            socket.namespace.rooms(socket.sid)
        )
        peer, other = site.connect(), site.connect()
        for each in (peer, other):
            site.hub.join(each.socket(), "den")
        peer.leave()
        site.settle()
        assert rooms == [("s1", "den")]
        site.broadcast("x", "den")
        assert other.received() == ["x"]
        assert site.counters.undelivered == 0

    def test_a_packet_breaks_a_rule(self, site: Site) -> None:
        peer = site.connect()
        peer.send('9["x"]', '2["never"]')
        site.settle()
        assert peer.websocket.closed is not None
        assert site.counters.protocol_errors == 1
        assert site.dispatcher.events == []

    def test_what_comes_after_leaving_is_ignored(self, site: Site) -> None:
        peer = site.connect()
        site.hub.disconnect(peer.socket())
        peer.send('2["late"]', "31[]", "1")
        site.settle()
        assert site.dispatcher.events == []
        assert peer.websocket.closed is None


class TestSend:
    def test_to_one(self, site: Site) -> None:
        peer, other = site.connect(), site.connect()
        site.hub.send(peer.socket(), NEWS)
        site.drain()
        assert peer.received() == ['2["news"]']
        assert other.received() == []

    def test_to_one_that_has_gone(self, site: Site) -> None:
        peer = site.connect()
        socket = peer.socket()
        site.hub.disconnect(socket)
        site.hub.send(socket, NEWS)
        assert site.counters.undelivered == 1

    def test_to_nobody(self, site: Site) -> None:
        site.hub.broadcast("/unknown", NEWS, None)
        peer = site.connect()
        site.broadcast("x", "empty room")
        assert peer.received() == []

    def test_to_one_that_left_and_one_that_is_pending(self, site: Site) -> None:
        with_disconnect_handler(site)
        gone = site.connect()
        decided(site, True)
        pending = site.open()
        pending.send("0")
        site.hub.disconnect(gone.socket())
        site.broadcast("x")
        assert gone.received() == ["1"]
        site.settle()
        assert pending.received() == ['0{"sid":"s2"}', "x"]

    def test_after_leaving_or_closing_a_room(self, site: Site) -> None:
        a, b = site.connect(), site.connect()
        for peer in (a, b):
            site.hub.join(peer.socket(), "den")
        site.hub.leave(a.socket(), "den")
        site.broadcast("x", "den")
        assert [a.received(), b.received()] == [[], ["x"]]
        site.hub.close_room("/", "den")
        site.hub.close_room("/unknown", "den")
        site.broadcast("y", "den")
        assert b.received() == []

    def test_who_is_gone_joins_nothing(self, site: Site) -> None:
        socket = site.connect().socket()
        site.hub.disconnect(socket)
        site.hub.join(socket, "den")
        assert not socket.namespace.adapter.members("den")


class TestAcks:
    def test_the_answer_of_one(self, site: Site) -> None:
        peer = site.connect()
        answers = Answers()
        site.hub.send_with_ack(peer.socket(), NEWS, 7, answers)
        peer.send("37[1]", "37[2]")
        assert answers.received_from == [("s1", "[1]")]

    def test_the_answers_of_a_broadcast(self, site: Site) -> None:
        peers = [site.connect() for _ in range(3)]
        answers = Answers()
        sent = site.hub.broadcast_with_ack("/", NEWS, None, (peers[0].sid,), 7, answers)
        assert sent == 2
        for number, peer in enumerate(peers):
            peer.send(f"37[{number}]")
        peers[1].leave()
        assert answers.received_from == [("s2", "[1]"), ("s3", "[2]")]
        assert answers.gone == []
        assert site.hub.broadcast_with_ack("/unknown", NEWS, None, (), 7, answers) == 0

    def test_an_answer_that_nobody_waits_for(self, site: Site) -> None:
        peer = site.connect()
        peer.send("31[1]")
        answers = Answers()
        site.hub.send_with_ack(peer.socket(), NEWS, 7, answers)
        peer.send("38[1]")
        site.hub.forget_ack(peer.socket(), 7)
        peer.send("37[1]")
        assert answers.received_from == []
        assert peer.websocket.closed is None

    def test_the_client_leaves_without_answering(self, site: Site) -> None:
        peer = site.connect()
        answers = Answers()
        for ack_id in (1, 2):
            site.hub.send_with_ack(peer.socket(), NEWS, ack_id, answers)
        socket = peer.socket()
        peer.leave()
        assert answers.gone == ["s1", "s1"]
        site.hub.send_with_ack(socket, NEWS, 3, answers)
        assert answers.gone == ["s1"] * 3
        site.hub.forget_ack(socket, 3)

    def test_callbacks_have_a_lane_of_their_own(self, site: Site) -> None:
        peer = site.connect()
        ran: list[str] = []

        def callback(_socket: Socket, packet: Packet) -> None:
            ran.append(packet.data)

        class InWorker(Answers):
            def received(self, socket: Socket, packet: Packet) -> None:
                site.hub.put_ack_job(socket, callback, packet)

        for ack_id in (1, 2):
            site.hub.send_with_ack(peer.socket(), NEWS, ack_id, InWorker())
        peer.send("31[1]", "32[2]")
        assert peer.client.ack_mailbox is not peer.client.mailbox
        site.settle()
        assert ran == ["[1]", "[2]"]

    def test_the_same_id_may_be_in_use_in_two_namespaces(self, site: Site) -> None:
        site.dispatcher.namespaces.add("/a")
        peer = site.connect()
        peer.connect("/a")
        answers = Answers()
        for namespace in ("/", "/a"):
            site.hub.send_with_ack(peer.socket(namespace), NEWS, 1, answers)
        peer.send("3/a,1[]", "31[]")
        assert answers.received_from == [("s2", "[]"), ("s1", "[]")]


class TestPressure:
    @pytest.fixture
    def site(self) -> Site:
        return Site(HubSettings(max_pending_events=10))

    def flood(self, peer: Peer, count: int) -> None:
        peer.send(*[f"2{json.dumps(['event', number])}" for number in range(count)])

    def test_reading_pauses_until_half_of_it_is_done(self, site: Site) -> None:
        peer = site.connect()
        self.flood(peer, 9)
        assert peer.websocket.reading
        self.flood(peer, 3)
        assert not peer.websocket.reading
        assert site.counters.reading_paused == 1
        for _ in range(6):
            assert not peer.websocket.reading
            site.executor.run_one()
            site.drain()
        site.executor.run_one()
        site.drain()
        assert peer.websocket.reading
        site.settle()
        assert len(site.dispatcher.events) == 12

    def test_a_polling_client_that_upgrades(self, site: Site) -> None:
        peer = site.open(Transport.POLLING)
        site.engine.receive_payload(peer.engine_socket, b"40")
        events = b"\x1e".join([b'42["event"]'] * 12)
        site.engine.receive_payload(peer.engine_socket, events)
        assert peer.client.paused
        for message in ("2probe", "5"):
            if message == "2probe":
                site.engine.open_probe(peer.engine_socket, peer.websocket)
            site.engine.receive_probe(peer.engine_socket, message)
        assert not peer.websocket.reading
        site.settle()
        assert peer.websocket.reading
        assert not peer.client.paused

    def test_coming_and_going_counts_as_well(self, site: Site) -> None:
        decided(site, True)
        peer = site.open()
        peer.send(*["0", "1"] * 12)
        assert not peer.websocket.reading
        site.settle()
        assert peer.websocket.reading
        assert site.hub.namespaces == {}

    def test_workers_that_catch_up_in_the_meantime(self, site: Site) -> None:
        class Overtaken(WebSocket):
            """One that is paused after the last event has been handled."""

            def pause_reading(self) -> None:
                super().pause_reading()
                site.settle()

        site.dispatcher.sees_pauses = False
        peer = site.connect()
        peer.engine_socket.websocket = websocket = Overtaken()
        self.flood(peer, 12)
        assert site.counters.reading_paused == 1
        assert websocket.reading

    def test_the_client_is_gone_before_it_is_read_again(self, site: Site) -> None:
        peer = site.connect()
        self.flood(peer, 12)
        peer.leave()
        site.settle()
        assert len(site.dispatcher.events) == 12
        assert site.hub.namespaces == {}
        site.hub.resume_reading(peer.client)
