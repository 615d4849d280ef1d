from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engineio.sessions import HELLO, NOW, polling_session, probed_session, websocket_session

from flask_socketio.engineio.packet import PING, message_group
from flask_socketio.engineio.session import Session, State
from flask_socketio.engineio.settings import SessionSettings, Transport
from flask_socketio.errors import MessageTooBigError, ProtocolError
from flask_socketio.types import DisconnectReason


class TestReceive:
    @pytest.mark.parametrize(
        ("data", "content"),
        [("4hello", "hello"), ("4", ""), (b"abc", b"abc"), (b"", b""), ("3", None), ("6", None)],
    )
    def test_packets(self, data: str | bytes, content: str | bytes | None) -> None:
        session = websocket_session()
        assert session.receive(data, NOW + 1) == content
        assert session.last_seen == NOW + 1
        assert session.state is State.OPEN

    @pytest.mark.parametrize("data", ["", "2", "2probe", "5", "0", "7", "x", "b", "é"])
    def test_what_a_client_must_not_send(self, data: str) -> None:
        session = websocket_session()
        with pytest.raises(ProtocolError) as caught:
            session.receive(data, NOW)
        assert session.state is State.CLOSED
        assert session.close_reason is DisconnectReason.TRANSPORT_ERROR
        assert session.close_detail == str(caught.value)
        assert session.groups_to_send() == []
        assert session.deadline is None

    def test_a_close_packet(self) -> None:
        session = websocket_session()
        session.send(HELLO)
        assert session.receive("1", NOW) is None
        assert session.close_reason is DisconnectReason.CLIENT_DISCONNECT
        assert session.groups_to_send() == []
        assert session.buffered_bytes == 0

    def test_nothing_is_received_after_the_end(self) -> None:
        session = websocket_session()
        session.receive("1", NOW)
        assert session.receive("4late", NOW) is None
        assert session.receive("2", NOW) is None

    def test_a_pong_moves_the_deadline(self) -> None:
        session = websocket_session()
        assert session.deadline == NOW + 25
        session.receive("3", NOW + 10)
        assert session.deadline == NOW + 35

    @given(st.one_of(st.text(), st.binary(), st.text("0123456b")))
    def test_any_message_gives_content_or_a_protocol_error(self, data: str | bytes) -> None:
        session = websocket_session()
        try:
            session.receive(data, NOW)
        except ProtocolError:
            assert session.state is State.CLOSED


class TestReceivePayload:
    def test_contents_in_order(self) -> None:
        session = polling_session()
        assert session.receive_payload(b"4a\x1ebAQ==\x1e3\x1e4b", NOW + 1) == ["a", b"\x01", "b"]
        assert session.last_seen == NOW + 1
        assert session.deadline == NOW + 26

    def test_what_precedes_a_close_packet_counts(self) -> None:
        session = polling_session()
        assert session.receive_payload(b"4a\x1e1\x1e4b", NOW) == ["a"]
        assert session.close_reason is DisconnectReason.CLIENT_DISCONNECT

    def test_a_close_packet_ends_the_pending_poll_with_a_noop(self) -> None:
        session = polling_session()
        session.open_poll(NOW)
        session.receive_payload(b"1", NOW)
        assert session.payload_to_send() == b"6"
        assert session.payload_to_send() is None

    @pytest.mark.parametrize("body", [b"", b"abc", b"4a\x1e2", b"4a\x1e5", b"bA"])
    def test_what_a_client_must_not_send(self, body: bytes) -> None:
        session = polling_session()
        session.open_poll(NOW)
        with pytest.raises(ProtocolError) as caught:
            session.receive_payload(body, NOW)
        assert session.close_reason is DisconnectReason.TRANSPORT_ERROR
        assert session.close_detail == str(caught.value)
        assert session.payload_to_send() == b"1"

    def test_too_large(self) -> None:
        session = polling_session(SessionSettings(max_payload=100))
        assert session.receive_payload(b"4" * 100, NOW) == ["4" * 99]
        with pytest.raises(MessageTooBigError) as caught:
            session.receive_payload(b"4" * 101, NOW)
        assert (caught.value.size, caught.value.limit) == (101, 100)
        assert session.state is State.CLOSED
        assert "max_http_buffer_size=100" in session.close_detail

    def test_too_many_packets(self) -> None:
        session = polling_session(SessionSettings(max_packets=2))
        with pytest.raises(ProtocolError, match="3 packets"):
            session.receive_payload(b"4\x1e4\x1e4", NOW)
        assert session.state is State.CLOSED

    def test_nothing_is_received_after_the_end(self) -> None:
        session = polling_session()
        session.receive_payload(b"1", NOW)
        assert session.receive_payload(b"nonsense", NOW) == []

    def test_a_post_that_was_under_way_during_the_upgrade_counts(self) -> None:
        session = probed_session()
        session.begin_post(NOW)
        session.receive_probe("5", NOW)
        assert session.receive_payload(b"4a", NOW) == ["a"]

    @given(st.one_of(st.binary(), st.text("0123456b\x1eA=").map(str.encode)))
    def test_any_bytes_give_contents_or_a_protocol_error(self, body: bytes) -> None:
        session = polling_session()
        try:
            session.receive_payload(body, NOW)
        except ProtocolError:
            assert session.state is State.CLOSED


class TestPolls:
    def test_a_poll_waits_until_there_is_something_to_say(self) -> None:
        session = polling_session()
        assert session.payload_to_send() is None
        session.open_poll(NOW)
        assert session.payload_to_send() is None
        session.send(HELLO)
        assert session.groups_to_send() == []
        assert session.payload_to_send() == b"4hello"
        assert session.payload_to_send() is None

    def test_what_was_said_before_a_poll_answers_it(self) -> None:
        session = polling_session()
        session.send(HELLO)
        session.send(message_group("5", b"\x01"))
        assert session.payload_to_send() is None
        session.open_poll(NOW)
        assert session.payload_to_send() == b"4hello\x1e45\x1ebAQ=="
        assert session.buffered_bytes == 0

    def test_a_second_poll_closes_the_session_and_answers_the_first(self) -> None:
        session = polling_session()
        session.open_poll(NOW)
        with pytest.raises(ProtocolError, match="second poll"):
            session.open_poll(NOW)
        assert session.close_reason is DisconnectReason.TRANSPORT_ERROR
        assert session.payload_to_send() == b"1"

    def test_a_poll_after_the_end(self) -> None:
        session = polling_session()
        session.receive_payload(b"1", NOW)
        with pytest.raises(ProtocolError, match="closed"):
            session.open_poll(NOW)

    def test_a_poll_on_a_websocket_session_leaves_it_alone(self) -> None:
        session = websocket_session()
        with pytest.raises(ProtocolError, match="websocket"):
            session.open_poll(NOW)
        assert session.state is State.OPEN

    def test_the_client_of_the_pending_poll_goes_away(self) -> None:
        session = polling_session()
        session.open_poll(NOW)
        session.cancel_poll(NOW)
        assert session.close_reason is DisconnectReason.TRANSPORT_CLOSE
        assert session.payload_to_send() is None

    def test_without_a_pending_poll_nothing_is_cancelled(self) -> None:
        session = polling_session()
        session.cancel_poll(NOW)
        assert session.state is State.OPEN

    def test_a_poll_that_the_upgrade_released_may_go_away(self) -> None:
        session = probed_session()
        session.open_poll(NOW)
        session.receive_probe("5", NOW)
        session.cancel_poll(NOW)
        assert session.state is State.OPEN
        assert session.payload_to_send() is None


class TestPosts:
    def test_one_after_the_other(self) -> None:
        session = polling_session()
        session.begin_post(NOW + 1)
        assert session.last_seen == NOW + 1
        session.end_post()
        session.begin_post(NOW + 2)
        assert session.state is State.OPEN

    def test_a_second_post_closes_the_session(self) -> None:
        session = polling_session()
        session.begin_post(NOW)
        with pytest.raises(ProtocolError, match="second POST"):
            session.begin_post(NOW)
        assert session.close_reason is DisconnectReason.TRANSPORT_ERROR

    def test_a_post_on_a_websocket_session_leaves_it_alone(self) -> None:
        session = websocket_session()
        with pytest.raises(ProtocolError, match="websocket"):
            session.begin_post(NOW)
        assert session.state is State.OPEN


class TestProbe:
    def test_polls_return_at_once_when_the_probe_was_answered(self) -> None:
        session = probed_session()
        session.open_poll(NOW)
        assert session.payload_to_send() == b"6"
        session.open_poll(NOW)
        assert session.payload_to_send() == b"6"

    def test_a_poll_goes_on_until_the_probe_was_answered(self) -> None:
        session = polling_session()
        session.open_poll(NOW)
        session.open_probe(NOW)
        assert session.probe_to_send() == []
        assert session.payload_to_send() is None
        session.receive_probe("2probe", NOW)
        assert session.payload_to_send() == b"6"

    def test_messages_still_go_by_poll_until_the_upgrade(self) -> None:
        session = probed_session()
        session.send(HELLO)
        session.open_poll(NOW)
        assert session.groups_to_send() == []
        assert session.payload_to_send() == b"4hello"

    def test_the_upgrade_takes_the_queue_along_and_releases_the_poll(self) -> None:
        session = polling_session()
        session.open_probe(NOW)
        session.receive_probe("2probe", NOW)
        session.send(HELLO)
        session.send(PING)
        session.open_poll(NOW)
        session.receive_probe("5", NOW + 1)
        assert session.transport is Transport.WEBSOCKET
        assert not session.has_probe
        assert session.last_seen == NOW + 1
        assert session.groups_to_send() == [HELLO, PING]
        assert session.payload_to_send() == b"6"
        assert session.receive("4x", NOW) == "x"

    def test_another_probe_is_refused(self) -> None:
        session = probed_session()
        with pytest.raises(ProtocolError, match="already"):
            session.open_probe(NOW)
        assert session.has_probe

    @pytest.mark.parametrize(
        "session",
        [
            websocket_session(),
            polling_session(SessionSettings(allow_upgrades=False)),
            polling_session(SessionSettings(transports=(Transport.POLLING,))),
        ],
    )
    def test_refused_where_there_is_no_upgrade(self, session: Session) -> None:
        with pytest.raises(ProtocolError, match="cannot change"):
            session.open_probe(NOW)
        assert session.state is State.OPEN

    def test_refused_after_the_end(self) -> None:
        session = polling_session()
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        with pytest.raises(ProtocolError, match="closed"):
            session.open_probe(NOW)

    def test_anything_unexpected_closes_the_probe_only(self) -> None:
        session = probed_session()
        with pytest.raises(ProtocolError, match="4hello"):
            session.receive_probe("4hello", NOW)
        assert not session.has_probe
        assert session.state is State.OPEN
        assert session.deadline == NOW + 25

    def test_a_message_without_a_probe(self) -> None:
        session = polling_session()
        with pytest.raises(ProtocolError, match="no WebSocket"):
            session.receive_probe("5", NOW)
        assert session.transport is Transport.POLLING

    def test_the_probe_goes_away(self) -> None:
        session = probed_session()
        session.close_probe(NOW)
        session.open_poll(NOW)
        assert session.payload_to_send() is None
        session.open_probe(NOW)

    def test_the_probe_expires(self) -> None:
        session = probed_session()
        assert session.deadline == NOW + 10
        session.handle_timer(NOW + 9.9)
        assert session.has_probe
        session.handle_timer(NOW + 10)
        assert not session.has_probe
        assert session.state is State.OPEN
        assert session.deadline == NOW + 25

    def test_a_probe_that_outlasts_the_ping(self) -> None:
        session = polling_session(SessionSettings(ping_interval=5))
        session.open_probe(NOW)
        assert session.deadline == NOW + 5

    def test_the_end_of_the_session_ends_the_probe(self) -> None:
        session = probed_session()
        session.receive_payload(b"1", NOW)
        assert not session.has_probe
        session.close_probe(NOW)
        assert session.deadline is None


class TestSend:
    def test_the_queue_is_drained_in_order(self) -> None:
        session = websocket_session()
        other = message_group("other")
        session.send(HELLO)
        session.send(other)
        assert session.buffered_bytes == HELLO.size + other.size
        assert session.groups_to_send() == [HELLO, other]
        assert session.groups_to_send() == []
        assert session.buffered_bytes == 0

    def test_nothing_is_sent_after_the_end(self) -> None:
        session = websocket_session()
        session.receive("1", NOW)
        session.send(HELLO)
        assert session.groups_to_send() == []
        assert session.buffered_bytes == 0

    def test_an_idle_client_takes_any_size_and_a_slow_one_no_more_than_the_limit(self) -> None:
        session = websocket_session(SessionSettings(max_buffered_bytes=10))
        large = message_group("x" * 100)
        assert not session.is_full(large)
        session.send(HELLO)
        assert session.is_full(large)
        assert session.is_full(HELLO)
        assert not session.is_full(message_group("abc"))


class TestTimer:
    def test_early_does_nothing(self) -> None:
        session = websocket_session()
        session.handle_timer(NOW + 24)
        assert session.groups_to_send() == []
        assert session.deadline == NOW + 25

    def test_a_ping_then_a_timeout(self) -> None:
        session = websocket_session()
        session.handle_timer(NOW + 25)
        assert session.groups_to_send() == [PING]
        assert session.deadline == NOW + 45
        session.handle_timer(NOW + 45)
        assert session.close_reason is DisconnectReason.PING_TIMEOUT
        assert session.close_detail == "no answer for 20 s"
        assert session.groups_to_send() == []

    def test_a_ping_timeout_answers_the_pending_poll(self) -> None:
        session = polling_session()
        session.handle_timer(NOW + 25)
        session.open_poll(NOW + 25)
        assert session.payload_to_send() == b"2"
        session.open_poll(NOW + 26)
        session.handle_timer(NOW + 45)
        assert session.payload_to_send() == b"1"
        assert session.close_reason is DisconnectReason.PING_TIMEOUT

    def test_pings_do_not_pile_up(self) -> None:
        session = polling_session(SessionSettings(monitor_clients=False))
        session.send(HELLO)
        for turn in range(1, 10):
            session.handle_timer(NOW + turn * 25)
        session.open_poll(NOW)
        assert session.payload_to_send() == b"4hello\x1e2"


def test_a_session_is_small() -> None:
    session = websocket_session()
    assert not hasattr(session, "__dict__")
    assert session.__sizeof__() <= 200
