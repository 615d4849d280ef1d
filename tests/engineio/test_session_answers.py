"""How much the answer to one poll holds."""

from __future__ import annotations

from tests.engineio.sessions import HELLO, NOW, polling_session

from flask_socketio.engineio.packet import PING, message_group
from flask_socketio.engineio.settings import SessionSettings


def test_a_large_backlog_takes_several_polls() -> None:
    session = polling_session(SessionSettings(max_payload=12))
    for _ in range(3):
        session.send(HELLO)
    session.open_poll(NOW)
    assert session.payload_to_send() == b"4hello\x1e4hello"
    assert session.buffered_bytes == HELLO.size
    session.open_poll(NOW)
    assert session.payload_to_send() == b"4hello"


def test_a_group_beyond_the_limit_goes_alone() -> None:
    session = polling_session(SessionSettings(max_payload=3))
    session.send(HELLO)
    session.send(HELLO)
    session.open_poll(NOW)
    assert session.payload_to_send() == b"4hello"


def test_a_limit_on_packets_counts_attachments_and_keeps_groups_whole() -> None:
    session = polling_session()
    session.max_answer_packets = 3
    with_attachments = message_group("5", b"\x01", b"\x02", b"\x03")
    for group in (HELLO, HELLO, with_attachments, HELLO, PING, HELLO, HELLO):
        session.send(group)
    answers = []
    for _ in range(4):
        session.open_poll(NOW)
        answers.append(session.payload_to_send())
    assert answers == [
        b"4hello\x1e4hello",
        b"45\x1ebAQ==\x1ebAg==\x1ebAw==",
        b"4hello\x1e2\x1e4hello",
        b"4hello",
    ]
    assert session.buffered_bytes == 0
