"""Any calls in any order: a session keeps what its docstrings promise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.engineio.sessions import HELLO, NOW

from flask_socketio.engineio.packet import CLOSE, message_group
from flask_socketio.engineio.session import Session, State
from flask_socketio.engineio.settings import SessionSettings, Transport
from flask_socketio.errors import ProtocolError
from flask_socketio.types import DisconnectReason, EioSid

PACKETS = st.sampled_from(["", "1", "2", "2probe", "3", "4a", "5", "6", "x", b"", b"a"])
BODIES = st.sampled_from([b"", b"1", b"2", b"3", b"4a", b"4a\x1e1", b"bAA==", b"x"])
GROUPS = st.sampled_from([HELLO, message_group("5", b"abc"), message_group("x" * 50)])
REASONS = st.sampled_from(list(DisconnectReason))
CALLS = st.one_of(
    st.tuples(st.sampled_from(["open_poll", "cancel_poll", "begin_post", "end_post"])),
    st.tuples(st.sampled_from(["open_probe", "close_probe", "handle_timer"])),
    st.tuples(st.sampled_from(["receive", "receive_probe"]), PACKETS),
    st.tuples(st.just("receive_payload"), BODIES),
    st.tuples(st.just("send"), GROUPS),
    st.tuples(st.sampled_from(["close", "transport_closed"]), REASONS),
)


def call(session: Session, name: str, arguments: tuple[object, ...], now: float) -> None:
    timed = {"now": now} if name not in ("send", "end_post", "transport_closed") else {}
    getattr(session, name)(*arguments, **timed)


@given(
    st.sampled_from(Transport),
    st.lists(st.tuples(CALLS, st.sampled_from([0.0, 1.0, 9.0, 30.0])), max_size=30),
)
def test_any_calls_in_any_order_keep_the_promises(
    transport: Transport, calls: list[tuple[tuple[str, object], float]]
) -> None:
    session = Session(EioSid("s"), SessionSettings(max_payload=60), transport, NOW)
    now, poll_pending = NOW, False
    for (name, *arguments), delay in calls:
        now += delay
        first_reason = session.close_reason
        try:
            call(session, name, tuple(arguments), now)
        except ProtocolError:
            pass
        else:
            poll_pending = name == "open_poll" or (poll_pending and name != "cancel_poll")
        queued = session.groups_to_send()
        assert CLOSE not in queued, "a CLOSE packet for a WebSocket"
        session.probe_to_send()
        if session.payload_to_send() is not None:
            assert poll_pending, "an answer to no poll"
            poll_pending = False
        assert session.payload_to_send() is None
        assert first_reason is None or session.close_reason is first_reason
        assert (session.close_reason is None) is (session.state is State.OPEN)
        assert (session.deadline is None) is (session.state is State.CLOSED)
        if session.transport is Transport.WEBSOCKET:
            assert session.buffered_bytes == 0
        if session.state is State.CLOSED:
            assert not poll_pending, "a poll was left hanging"
            assert not session.has_probe
