"""A session of an old client: what differs from the others, which the other modules test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engineio.sessions import HELLO, NOW

from flask_socketio.engineio.packet import PROBE_PONG, message_group
from flask_socketio.engineio.session import Session, State
from flask_socketio.engineio.settings import SessionSettings, Transport
from flask_socketio.engineio.wire_v3 import BINARY, TextWire
from flask_socketio.errors import ProtocolError
from flask_socketio.types import DisconnectReason, EioSid

if TYPE_CHECKING:
    from flask_socketio.engineio.wire import Wire


def old_session(
    transport: Transport, wire: Wire = BINARY, settings: SessionSettings | None = None
) -> Session:
    session = Session(EioSid("s"), settings or SessionSettings(), transport, NOW, wire)
    if transport is Transport.WEBSOCKET:
        (opening,) = session.groups_to_send()
        assert opening.wire[0][:1] == "0"
    else:
        session.open_poll(NOW)
        assert session.payload_to_send() is not None
    return session


def test_the_open_packet() -> None:
    session = Session(EioSid("s"), SessionSettings(), Transport.POLLING, NOW, TextWire())
    session.open_poll(NOW)
    payload = session.payload_to_send()
    assert payload is not None
    length, _, packet = payload.partition(b":")
    assert int(length) == len(packet)
    announced = json.loads(packet[1:])
    assert announced["sid"] == "s"
    assert (announced["pingInterval"], announced["pingTimeout"]) == (25_000, 20_000)


class TestHeartbeat:
    @pytest.mark.parametrize(("ping", "pong"), [("2", "3"), ("2probe", "3probe")])
    def test_a_ping_is_answered(self, ping: str, pong: str) -> None:
        session = old_session(Transport.WEBSOCKET)
        assert session.receive(ping, NOW + 10) is None
        (group,) = session.groups_to_send()
        assert group.wire == (pong,)

    def test_a_ping_by_post(self) -> None:
        session = old_session(Transport.POLLING, TextWire())
        assert session.receive_payload(b"1:2", NOW + 10) == []
        session.open_poll(NOW + 10)
        assert session.payload_to_send() == b"1:3"

    def test_the_server_sends_no_ping(self) -> None:
        session = old_session(Transport.WEBSOCKET)
        assert session.deadline == NOW + 45
        session.receive("2", NOW + 25)
        session.groups_to_send()
        session.handle_timer(NOW + 45)
        assert session.groups_to_send() == []
        assert session.deadline == NOW + 70

    def test_silence_ends_it(self) -> None:
        session = old_session(Transport.WEBSOCKET)
        session.handle_timer(NOW + 45)
        assert session.close_reason is DisconnectReason.PING_TIMEOUT
        assert session.close_detail == "no answer for 45 s"

    def test_a_pong_is_an_error(self) -> None:
        session = old_session(Transport.WEBSOCKET)
        with pytest.raises(ProtocolError, match="PONG from the client"):
            session.receive("3", NOW)
        assert session.state is State.CLOSED

    def test_pongs_do_not_pile_up(self) -> None:
        settings = SessionSettings(max_buffered_bytes=10)
        session = old_session(Transport.WEBSOCKET, settings=settings)
        for _ in range(20):
            session.receive("2", NOW)
        assert session.buffered_bytes == 10


class TestWebSocket:
    def test_binary_both_ways(self) -> None:
        session = old_session(Transport.WEBSOCKET)
        assert session.receive(b"\x04abc", NOW) == b"abc"
        assert session.receive("b4YWJj", NOW) == b"abc"
        session.send(message_group("text", b"abc"))
        (group,) = session.groups_to_send()
        assert group.wire == ("4text", b"\x04abc")

    def test_text(self) -> None:
        session = old_session(Transport.WEBSOCKET)
        assert session.receive("4hello", NOW) == "hello"
        session.send(HELLO)
        assert session.groups_to_send() == [HELLO]

    def test_without_binary(self) -> None:
        session = old_session(Transport.WEBSOCKET, TextWire())
        session.send(message_group("text", b"abc"))
        (group,) = session.groups_to_send()
        assert group.wire == ("4text", "b4YWJj")

    @pytest.mark.parametrize("data", [b"abc", b"", "b2YWJj", "", "x"])
    def test_what_is_no_packet(self, data: str | bytes) -> None:
        session = old_session(Transport.WEBSOCKET)
        with pytest.raises(ProtocolError):
            session.receive(data, NOW)
        assert session.state is State.CLOSED


class TestPolling:
    def test_binary_both_ways(self) -> None:
        session = old_session(Transport.POLLING)
        body = b"\x00\x05\xff4text\x01\x02\xff\x04a"
        assert session.receive_payload(body, NOW) == ["text", b"a"]
        session.send(message_group("text", b"a"))
        session.open_poll(NOW)
        assert session.payload_to_send() == body

    def test_a_malformed_body(self) -> None:
        session = old_session(Transport.POLLING)
        with pytest.raises(ProtocolError):
            session.receive_payload(b"4hello", NOW)
        assert session.state is State.CLOSED

    def test_closed_by_the_server(self) -> None:
        session = old_session(Transport.POLLING, TextWire())
        session.open_poll(NOW)
        session.close(DisconnectReason.SERVER_DISCONNECT, now=NOW)
        assert session.payload_to_send() == b"1:1"


class TestUpgrade:
    def test_the_poll_is_answered_in_its_own_form(self) -> None:
        session = old_session(Transport.POLLING, TextWire())
        session.open_probe(NOW)
        session.receive_probe("2probe", NOW)
        assert session.probe_to_send() == [PROBE_PONG]
        session.open_poll(NOW)
        session.receive_probe("5", NOW)
        assert session.payload_to_send() == b"1:6"
        session.send(message_group("text", b"abc"))
        (group,) = session.groups_to_send()
        assert group.wire == ("4text", b"\x04abc")

    def test_a_poll_while_it_is_probed(self) -> None:
        session = old_session(Transport.POLLING, TextWire())
        session.open_probe(NOW, base64=True)
        session.receive_probe("2probe", NOW)
        session.open_poll(NOW)
        assert session.payload_to_send() == b"1:6"
        session.receive_probe("5", NOW)
        session.send(message_group(b"abc"))
        (group,) = session.groups_to_send()
        assert group.wire == ("b4YWJj",)


@given(st.one_of(st.text(), st.binary(), st.text("0123456b"), st.binary().map(b"\x04".__add__)))
def test_any_message_gives_content_or_a_protocol_error(data: str | bytes) -> None:
    session = old_session(Transport.WEBSOCKET)
    try:
        content = session.receive(data, NOW)
    except ProtocolError:
        assert session.state is State.CLOSED
    else:
        assert content is None or isinstance(content, str | bytes)
