from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio.errors import ProtocolError
from flask_socketio.websocket.events import Close, Ping


def test_close_without_payload_has_no_status() -> None:
    assert Close.from_payload(b"") == Close(1005, "")


def test_close_with_code_and_reason() -> None:
    assert Close.from_payload(b"\x0f\xa1" + "später".encode()) == Close(4001, "später")


@pytest.mark.parametrize(
    ("payload", "close_code"),
    [
        (b"\x03", 1002),
        (b"\x03\xed", 1002),
        (b"\x00\x00", 1002),
        (b"\x03\xe8\xff", 1007),
        (b"\x03\xe8\xed\xa0\x80", 1007),
    ],
    ids=["one byte", "1005 on the wire", "0", "not UTF-8", "a surrogate"],
)
def test_close_that_is_not_allowed(payload: bytes, close_code: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        Close.from_payload(payload)
    assert caught.value.close_code == close_code


@given(st.binary(max_size=125))
def test_any_payload_is_a_close_or_a_protocol_error(payload: bytes) -> None:
    try:
        close = Close.from_payload(payload)
    except ProtocolError:
        return
    assert close.code == 1005 or payload == close.code.to_bytes(2, "big") + close.reason.encode()


def test_events_are_values() -> None:
    assert {Ping(b"a"), Ping(b"a")} == {Ping(b"a")}
