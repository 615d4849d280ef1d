"""How sessions end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.engineio.sessions import HELLO, NOW, polling_session, probed_session, websocket_session

from flask_socketio.engineio.session import State
from flask_socketio.engineio.settings import SessionSettings, Transport
from flask_socketio.types import DisconnectReason

if TYPE_CHECKING:
    from flask_socketio.engineio.packet import PacketGroup


class TestClose:
    def test_a_websocket_with_nothing_queued(self) -> None:
        session = websocket_session()
        session.close(DisconnectReason.SERVER_DISCONNECT, "stopping", now=NOW)
        assert session.state is State.CLOSED
        assert session.close_reason is DisconnectReason.SERVER_DISCONNECT
        assert session.close_detail == "stopping"
        assert session.groups_to_send() == []
        assert session.deadline is None

    def test_a_websocket_gets_what_is_queued_only(self) -> None:
        session = websocket_session()
        session.send(HELLO)
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        session.send(HELLO)
        assert session.state is State.CLOSING
        assert session.deadline == NOW + 20
        assert session.receive("4late", NOW) is None
        assert session.groups_to_send() == [HELLO]
        assert session.state is State.CLOSED
        assert session.deadline is None

    def test_a_websocket_that_takes_nothing_is_not_waited_for_ever(self) -> None:
        session = websocket_session()
        session.send(HELLO)
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        session.handle_timer(NOW + 20)
        assert session.state is State.CLOSED
        assert session.groups_to_send() == []

    def test_a_slow_consumer_gets_nothing_more(self) -> None:
        session = websocket_session()
        session.send(HELLO)
        session.close(DisconnectReason.TRANSPORT_ERROR, "slow consumer", now=NOW)
        assert session.groups_to_send() == []

    def test_the_first_reason_stays_and_what_is_queued(self) -> None:
        session = websocket_session()
        session.send(HELLO)
        session.close(DisconnectReason.SERVER_DISCONNECT, "first", now=NOW)
        session.close(DisconnectReason.TRANSPORT_ERROR, "second", now=NOW)
        assert session.groups_to_send() == [HELLO]
        session.transport_closed(DisconnectReason.TRANSPORT_CLOSE, "third")
        assert session.close_reason is DisconnectReason.SERVER_DISCONNECT
        assert session.close_detail == "first"

    def test_a_pending_poll_gets_what_is_queued_and_a_close_packet(self) -> None:
        session = polling_session()
        session.open_poll(NOW)
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        assert session.payload_to_send() == b"1"
        assert session.state is State.CLOSED

    def test_a_client_between_two_polls_is_waited_for(self) -> None:
        session = polling_session(SessionSettings(max_payload=10))
        session.send(HELLO)
        session.send(HELLO)
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        assert session.state is State.CLOSING
        assert session.close_reason is DisconnectReason.SERVER_DISCONNECT
        assert session.deadline == NOW + 20
        session.send(HELLO)
        session.open_poll(NOW + 1)
        assert session.payload_to_send() == b"4hello"
        assert session.state is State.CLOSING
        session.open_poll(NOW + 1)
        assert session.payload_to_send() == b"4hello\x1e1"
        assert session.state is State.CLOSED
        assert session.deadline is None

    def test_it_is_not_waited_for_ever(self) -> None:
        session = polling_session()
        session.close(DisconnectReason.SERVER_DISCONNECT, "stopping", now=NOW)
        session.handle_timer(NOW + 19)
        assert session.state is State.CLOSING
        session.handle_timer(NOW + 20)
        assert session.state is State.CLOSED
        assert session.close_detail == "stopping"
        session.handle_timer(NOW + 30)
        assert session.deadline is None

    def test_while_it_is_waited_for_only_its_own_close_counts(self) -> None:
        session = polling_session()
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        assert session.receive_payload(b"4late\x1e3", NOW) == []
        assert session.state is State.CLOSING
        assert session.deadline == NOW + 20
        assert session.receive_payload(b"4late\x1e1", NOW) == []
        assert session.state is State.CLOSED
        assert session.close_reason is DisconnectReason.SERVER_DISCONNECT

    @pytest.mark.parametrize("queued", [[], [HELLO]])
    def test_an_upgrade_takes_what_is_queued_but_close(self, queued: list[PacketGroup]) -> None:
        session = probed_session()
        for group in queued:
            session.send(group)
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        assert session.has_probe
        assert session.deadline == NOW + 10
        session.receive_probe("5", NOW)
        assert session.state is (State.CLOSING if queued else State.CLOSED)
        assert session.transport is Transport.WEBSOCKET
        assert session.buffered_bytes == sum(group.size for group in queued)
        assert session.groups_to_send() == queued
        assert session.state is State.CLOSED

    def test_a_polling_client_that_is_too_slow_is_not_waited_for(self) -> None:
        session = polling_session()
        session.send(HELLO)
        session.close(DisconnectReason.TRANSPORT_ERROR, "slow consumer", now=NOW)
        assert session.state is State.CLOSED
        assert session.buffered_bytes == 0

    def test_a_polling_session_that_is_given_up_leaves_no_poll_hanging(self) -> None:
        session = polling_session()
        session.open_poll(NOW)
        session.transport_closed(DisconnectReason.SERVER_DISCONNECT)
        assert session.payload_to_send() == b"1"

    def test_the_websocket_is_gone(self) -> None:
        session = websocket_session()
        session.send(HELLO)
        session.transport_closed(DisconnectReason.TRANSPORT_CLOSE, "1006")
        assert session.close_reason is DisconnectReason.TRANSPORT_CLOSE
        assert session.close_detail == "1006"
        assert session.groups_to_send() == []
