from __future__ import annotations

import logging

import pytest
from tests.hub.doubles import ENVIRON, EngineSite, Poll, Post, WebSocket

from flask_socketio.engineio import SessionSettings, State, Transport, control_group, message_group
from flask_socketio.engineio.packet import PacketGroup, PacketType
from flask_socketio.errors import MessageTooBigError, ProtocolError
from flask_socketio.hub.engine import FLUSH_BUDGET, describe
from flask_socketio.types import DisconnectReason

HELLO = message_group("hello")
KIB = message_group("x" * 1023)
SMALL = SessionSettings(max_buffered_bytes=4096)


@pytest.fixture
def site() -> EngineSite:
    return EngineSite()


class TestOpen:
    def test_on_a_websocket(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        assert site.application.opened == [socket]
        assert site.engine.sockets == {"e1": socket}
        assert site.engine.counters.opened == 1
        assert websocket.closed is None
        assert site.clock.timer == site.engine.now() + 25

    def test_on_polling(self, site: EngineSite) -> None:
        socket = site.engine.open(Transport.POLLING, ENVIRON)
        poll = site.poll(socket)
        assert poll.payload is not None
        assert poll.payload[:6] == b'0{"sid'
        assert socket.poll is None

    def test_while_the_server_stops(self, site: EngineSite) -> None:
        site.engine.close_all()
        socket = site.engine.open(Transport.WEBSOCKET, ENVIRON)
        socket.websocket = websocket = WebSocket()
        site.clock.turn()
        assert [packet[:1] for packet in websocket.packets] == ["0"]
        assert websocket.closed == (1001, "the server stops")
        assert site.engine.sockets == {}

    def test_a_session_that_has_ended_is_not_found(self, site: EngineSite) -> None:
        socket, _ = site.open_websocket()
        sid = socket.session.sid
        assert site.engine.find(sid) is socket
        site.engine.websocket_closed(socket, DisconnectReason.TRANSPORT_CLOSE, "")
        assert site.engine.find(sid) is None

    def test_a_description_names_the_client(self, site: EngineSite) -> None:
        socket, _ = site.open_websocket()
        assert describe(socket) == "session e1 from 192.0.2.1"
        socket.environ = {}
        assert describe(socket) == "session e1 from unknown"


class TestReceive:
    def test_messages_reach_the_application(self, site: EngineSite) -> None:
        socket, _ = site.open_websocket()
        site.engine.receive(socket, "4one")
        site.engine.receive(socket, b"two")
        assert site.application.messages == ["one", b"two"]

    def test_control_packets_do_not(self, site: EngineSite) -> None:
        socket, _ = site.open_websocket()
        site.engine.receive(socket, "3")
        assert site.application.messages == []

    def test_a_rule_is_broken(self, site: EngineSite, caplog: pytest.LogCaptureFixture) -> None:
        socket, websocket = site.open_websocket()
        site.engine.receive(socket, "2")
        site.clock.turn()
        assert websocket.closed is not None
        assert websocket.closed[0] == 1002
        assert site.application.closed == [DisconnectReason.TRANSPORT_ERROR]
        assert site.engine.counters.protocol_errors == 1
        assert "session e1 from 192.0.2.1 is disconnected: a PING from the client" in caplog.text

    def test_the_client_says_that_it_leaves(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        site.engine.receive(socket, "1")
        site.clock.turn()
        assert site.application.closed == [DisconnectReason.CLIENT_DISCONNECT]
        assert websocket.closed == (1000, "")
        site.engine.receive(socket, "4late")
        site.clock.turn()
        assert site.application.messages == []
        assert site.engine.counters.closed == 1

    def test_the_websocket_is_gone(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        site.engine.websocket_closed(socket, DisconnectReason.TRANSPORT_CLOSE, "code 1001")
        site.clock.turn()
        assert site.application.closed == [DisconnectReason.TRANSPORT_CLOSE]
        assert websocket.closed is None

    def test_a_worker_reports_bad_data_of_a_session_that_has_ended(self, site: EngineSite) -> None:
        socket, _ = site.open_websocket()
        for _ in range(3):
            site.engine.fail(socket, ProtocolError("bad JSON"))
            site.clock.turn()
        assert site.engine.counters.protocol_errors == 1


class TestPolling:
    def test_packets_wait_for_a_poll(self, site: EngineSite) -> None:
        socket = site.open_polling()
        assert site.engine.send(socket, HELLO)
        site.clock.turn()
        assert site.poll(socket).payload == b"4hello"

    def test_a_poll_waits_for_packets(self, site: EngineSite) -> None:
        socket = site.open_polling()
        poll = site.poll(socket)
        assert poll.payload is None
        site.engine.send(socket, HELLO)
        site.clock.turn()
        assert poll.payload == b"4hello"

    def test_the_client_of_a_poll_is_gone(self, site: EngineSite) -> None:
        socket = site.open_polling()
        poll = site.poll(socket)
        site.engine.cancel_poll(socket, Poll())
        assert socket.poll is poll, "another GET, that waited for nothing, was cancelled"
        site.engine.cancel_poll(socket, poll)
        site.clock.turn()
        assert site.application.closed == [DisconnectReason.TRANSPORT_CLOSE]
        assert poll.payload is None

    def test_a_second_poll_ends_the_session(self, site: EngineSite) -> None:
        socket = site.open_polling()
        poll = site.poll(socket)
        with pytest.raises(ProtocolError, match="a second poll"):
            site.engine.open_poll(socket, Poll())
        site.clock.turn()
        assert poll.payload == b"1"
        assert site.application.closed == [DisconnectReason.TRANSPORT_ERROR]
        assert site.engine.counters.protocol_errors == 1

    def test_a_poll_of_a_session_that_is_on_a_websocket_ends_nothing(
        self, site: EngineSite
    ) -> None:
        socket, _ = site.open_websocket()
        with pytest.raises(ProtocolError, match="on websocket"):
            site.engine.open_poll(socket, Poll())
        assert socket.session.state is State.OPEN
        assert site.engine.counters.protocol_errors == 0

    def test_a_poll_that_crosses_the_clients_own_farewell_is_no_offence(
        self, site: EngineSite
    ) -> None:
        socket = site.open_polling()
        site.engine.receive_payload(socket, b"1")
        with pytest.raises(ProtocolError, match="closed"):
            site.engine.open_poll(socket, Poll())
        assert site.engine.counters.protocol_errors == 0

    def test_a_payload_with_several_messages(self, site: EngineSite) -> None:
        socket = site.open_polling()
        site.engine.receive_payload(socket, b"4one\x1ebdHdv\x1e4three\x1e1\x1e4four")
        site.clock.turn()
        assert site.application.messages == ["one", b"two", "three"]
        assert site.application.closed == [DisconnectReason.CLIENT_DISCONNECT]

    def test_no_message_follows_one_that_ended_the_session(self, site: EngineSite) -> None:
        socket = site.open_polling()
        site.application.on_message = lambda socket, _: site.engine.fail(
            socket, ProtocolError("no packet")
        )
        poll = site.poll(socket)
        with pytest.raises(ProtocolError, match="no packet") as caught:
            site.engine.receive_payload(socket, b"4bad\x1e4next")
        assert site.application.messages == ["bad"]
        assert poll.error is caught.value

    def test_a_bad_payload_is_told_to_the_waiting_poll(self, site: EngineSite) -> None:
        socket = site.open_polling()
        poll = site.poll(socket)
        with pytest.raises(ProtocolError) as caught:
            site.engine.receive_payload(socket, b"4ok\x1e2")
        site.clock.turn()
        assert poll.error is caught.value
        assert poll.payload is None
        assert site.application.messages == []

    def test_a_bad_payload_without_a_poll(self, site: EngineSite) -> None:
        socket = site.open_polling()
        with pytest.raises(MessageTooBigError):
            site.engine.receive_payload(socket, b"4" * 1_000_001)
        site.clock.turn()
        assert site.engine.sockets == {}


class TestUpgrade:
    def test_from_polling_to_a_websocket(self, site: EngineSite) -> None:
        socket = site.open_polling()
        poll = site.poll(socket)
        websocket = WebSocket()
        site.engine.open_probe(socket, websocket)
        site.engine.receive_probe(socket, "2probe")
        site.clock.turn()
        assert websocket.take() == ["3probe"]
        assert poll.payload == b"6"
        site.engine.send(socket, HELLO)
        site.engine.receive_probe(socket, "5")
        site.clock.turn()
        assert socket.websocket is websocket
        assert socket.probe is None
        assert websocket.take() == ["4hello"]

    def test_a_refused_probe_leaves_the_session(self, site: EngineSite) -> None:
        socket, _ = site.open_websocket()
        with pytest.raises(ProtocolError, match="cannot change"):
            site.engine.open_probe(socket, WebSocket())
        assert socket.probe is None
        assert socket.session.state is State.OPEN

    @pytest.mark.parametrize("messages", [["hello"], ["5"], ["2probe", "4hello"]])
    def test_a_probe_that_says_something_else(self, site: EngineSite, messages: list[str]) -> None:
        socket = site.open_polling()
        websocket = WebSocket()
        site.engine.open_probe(socket, websocket)
        for message in messages:
            site.engine.receive_probe(socket, message)
        site.clock.turn()
        assert websocket.closed is not None
        assert websocket.closed[0] == 1002
        assert socket.probe is None
        site.engine.receive_probe(socket, "5")
        assert socket.session.transport is Transport.POLLING
        assert site.engine.sockets

    def test_a_probe_that_takes_too_long(self, site: EngineSite) -> None:
        socket = site.open_polling()
        websocket = WebSocket()
        site.engine.open_probe(socket, websocket)
        site.clock.pass_time(9.9)
        assert websocket.closed is None
        site.clock.pass_time(0.2)
        assert websocket.closed == (1008, "the upgrade took longer than upgrade_timeout")
        assert socket.session.state is State.OPEN

    def test_a_probe_that_goes_away(self, site: EngineSite) -> None:
        socket = site.open_polling()
        site.engine.open_probe(socket, WebSocket())
        site.engine.probe_closed(socket)
        site.clock.turn()
        assert socket.session.state is State.OPEN
        site.upgrade(socket)
        assert socket.session.transport is Transport.WEBSOCKET

    def test_the_session_ends_during_a_probe(self, site: EngineSite) -> None:
        socket = site.open_polling()
        websocket = WebSocket()
        site.engine.open_probe(socket, websocket)
        site.engine.receive_payload(socket, b"1")
        site.clock.turn()
        assert websocket.closed == (1000, "")

    @pytest.mark.parametrize("end", ["1", None])
    def test_the_last_poll_is_answered_though_the_websocket_ends_at_once(
        self, site: EngineSite, end: str | None
    ) -> None:
        socket = site.open_polling()
        websocket = WebSocket()
        site.engine.open_probe(socket, websocket)
        poll = site.poll(socket)
        for message in ("2probe", "5"):
            site.engine.receive_probe(socket, message)
        if end is None:
            site.engine.websocket_closed(socket, DisconnectReason.TRANSPORT_CLOSE, "")
        else:
            site.engine.receive(socket, end)
        site.clock.turn()
        assert poll.payload == b"6"


class TestFlush:
    def test_many_packets_are_one_write(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        before = websocket.writes
        for _ in range(10):
            site.engine.send(socket, HELLO)
        assert not site.engine.is_flushed
        site.clock.turn()
        assert site.engine.is_flushed
        assert websocket.packets == ["4hello"] * 10
        assert websocket.writes == before + 1

    def test_the_budget_of_a_turn(self, site: EngineSite) -> None:
        clients = [site.open_websocket() for _ in range(2 * FLUSH_BUDGET + 1)]
        for socket, _ in clients:
            site.engine.send(socket, HELLO)
        for expected in (FLUSH_BUDGET, 2 * FLUSH_BUDGET, 2 * FLUSH_BUDGET + 1):
            site.clock.turn()
            assert sum(bool(websocket.packets) for _, websocket in clients) == expected
        assert site.engine.is_flushed
        assert all(websocket.packets == ["4hello"] for _, websocket in clients)

    def test_a_defect_of_one_host_holds_up_no_other(self, site: EngineSite) -> None:
        class Broken(WebSocket):
            def send_groups(self, groups: list[PacketGroup]) -> None:
                raise RuntimeError("broken")

        broken, _ = site.open_websocket()
        others = [site.open_websocket() for _ in range(FLUSH_BUDGET)]
        broken.websocket = Broken()
        for socket in [broken, *[socket for socket, _ in others]]:
            site.engine.send(socket, HELLO)
        with pytest.raises(RuntimeError, match="broken"):
            site.clock.turn()
        site.clock.turn()
        assert all(websocket.packets == ["4hello"] for _, websocket in others)

    def test_a_websocket_that_takes_no_bytes_is_waited_for(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        websocket.writable = False
        site.engine.send(socket, HELLO)
        site.clock.turn()
        assert websocket.packets == []
        websocket.writable = True
        site.engine.writable(socket)
        site.clock.turn()
        assert websocket.packets == ["4hello"]

    def test_a_websocket_that_takes_no_bytes_gets_what_was_queued_before_the_end(
        self, site: EngineSite
    ) -> None:
        socket, websocket = site.open_websocket()
        websocket.writable = False
        site.engine.send(socket, HELLO)
        site.engine.close(socket)
        site.clock.turn()
        assert websocket.closed is None
        websocket.writable = True
        site.engine.writable(socket)
        site.clock.turn()
        assert websocket.packets == ["4hello"]
        assert websocket.closed == (1000, "")

    def test_attachments_stay_with_their_message(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        site.engine.send(socket, message_group("51-[]", b"data"))
        site.engine.send(socket, control_group(PacketType.NOOP))
        site.clock.turn()
        assert websocket.packets == ["451-[]", b"data", "6"]


class TestPausing:
    def test_a_websocket(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        site.engine.pause_reading(socket)
        assert not websocket.reading
        site.engine.resume_reading(socket)
        assert websocket.reading

    def test_it_lasts_beyond_an_upgrade(self, site: EngineSite) -> None:
        socket = site.open_polling()
        site.engine.pause_reading(socket)
        websocket = site.upgrade(socket)
        assert not websocket.reading
        site.engine.resume_reading(socket)
        assert websocket.reading

    def test_a_polling_client_gets_its_answer_later(self, site: EngineSite) -> None:
        socket = site.open_polling()
        post = Post()
        socket.session.begin_post(site.engine.now())
        site.engine.pause_reading(socket)
        site.engine.answer_post(socket, post)
        assert post.accepted == 0
        with pytest.raises(ProtocolError, match="a second POST"):
            socket.session.begin_post(site.engine.now())
        site.engine.resume_reading(socket)
        assert post.accepted == 1

    def test_an_answer_at_once(self, site: EngineSite) -> None:
        socket = site.open_polling()
        for _ in range(2):
            post = Post()
            socket.session.begin_post(site.engine.now())
            site.engine.answer_post(socket, post)
            assert post.accepted == 1

    def test_a_post_is_answered_when_its_session_ends(self, site: EngineSite) -> None:
        socket = site.open_polling()
        post = Post()
        site.engine.pause_reading(socket)
        site.engine.answer_post(socket, post)
        socket.session.transport_closed(DisconnectReason.TRANSPORT_CLOSE)
        site.engine.writable(socket)
        site.clock.turn()
        assert post.accepted == 1

    def test_nobody_is_taken_for_dead_who_is_not_read(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        site.engine.pause_reading(socket)
        site.clock.pass_time(300)
        assert websocket.packets.count("2") > 10
        site.engine.resume_reading(socket)
        site.clock.pass_time(60)
        assert site.application.closed == [DisconnectReason.PING_TIMEOUT]

    def test_the_farewell_can_be_answered(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        site.engine.pause_reading(socket)
        site.engine.close(socket)
        site.clock.turn()
        assert websocket.closed == (1000, "")
        assert websocket.reading


class TestExpiry:
    def test_the_application_judges_once(self, site: EngineSite) -> None:
        socket, _ = site.open_websocket()
        socket.expires = site.engine.now() + 3
        site.engine.watch(socket)
        site.clock.pass_time(20)
        assert site.application.expired == [socket]


class TestStop:
    def test_everybody_is_told(self, site: EngineSite) -> None:
        socket, websocket = site.open_websocket()
        waiting = site.open_polling()
        poll = site.poll(waiting)
        away = site.open_polling()
        site.engine.send(socket, HELLO)
        site.engine.close_all()
        site.clock.turn()
        assert websocket.packets == ["4hello"]
        assert websocket.closed == (1001, "the server stops")
        assert poll.payload == b"1"
        assert list(site.engine.sockets.values()) == [away]
        assert site.poll(away).payload == b"1"
        assert site.engine.sockets == {}
        assert site.application.closed == [DisconnectReason.SERVER_DISCONNECT] * 3

    def test_clients_that_do_not_come_back_are_given_up(self, site: EngineSite) -> None:
        site.open_polling()
        open_one = site.open_polling()
        site.engine.close_all()
        site.engine.abandon_polls()
        site.clock.turn()
        assert site.engine.sockets == {}
        assert open_one.session.state is State.CLOSED

    def test_open_sessions_are_not_given_up(self, site: EngineSite) -> None:
        socket = site.open_polling()
        site.engine.abandon_polls()
        assert socket.session.state is State.OPEN


def test_the_engine_has_a_logger_of_its_own(
    site: EngineSite, caplog: pytest.LogCaptureFixture
) -> None:
    socket, _ = site.open_websocket()
    site.engine.fail(socket, ProtocolError("said why"))
    assert caplog.record_tuples == [
        (
            "flask_socketio.engineio",
            logging.ERROR,
            "session e1 from 192.0.2.1 is disconnected: said why",
        )
    ]
