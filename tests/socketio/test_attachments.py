from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from tests.socketio.strategies import values

from flask_socketio.errors import ProtocolError
from flask_socketio.socketio.attachments import attach_binary, contains_binary, detach_binary


@pytest.mark.parametrize(
    "value", [b"", bytearray(b"x"), memoryview(b"x"), [[b""]], (1, (b"",)), {"a": {"b": [b""]}}]
)
def test_binary_is_found(value: object) -> None:
    assert contains_binary(value)


@pytest.mark.parametrize("value", ["x", 1, None, [], (), {}, [1, ["x"]], {"a": {"b": 1}}])
def test_no_binary_is_found(value: object) -> None:
    assert not contains_binary(value)


def test_binary_values_are_numbered_in_order() -> None:
    attachments: list[bytes] = []
    data = {"a": bytearray(b"1"), "b": (memoryview(b"2"), "t", [b"3"])}
    detached = detach_binary(data, attachments)
    assert attachments == [b"1", b"2", b"3"]
    assert detached == {
        "a": {"_placeholder": True, "num": 0},
        "b": [{"_placeholder": True, "num": 1}, "t", [{"_placeholder": True, "num": 2}]],
    }


def test_data_is_not_changed() -> None:
    data = {"a": [b"1"]}
    detach_binary(data, [])
    assert data == {"a": [b"1"]}


def test_own_placeholder_is_refused() -> None:
    with pytest.raises(ValueError, match="reserved key"):
        detach_binary([b"1", {"_placeholder": True, "num": 0}], [])


def test_memoryview_with_gaps_is_copied() -> None:
    attachments: list[bytes] = []
    detach_binary(memoryview(b"abcdef")[::2], attachments)
    assert attachments == [b"ace"]


@given(values)
def test_round_trip(value: Any) -> None:
    attachments: list[bytes] = []
    detached = detach_binary(value, attachments)
    assert attach_binary(detached, tuple(attachments)) == value


@pytest.mark.parametrize("number", [-1, 1, 99, "0", None, True, False, 0.0, [], 10**30])
def test_forged_number_is_refused(number: object) -> None:
    with pytest.raises(ProtocolError, match="illegal attachments"):
        attach_binary(["a", {"x": {"_placeholder": True, "num": number}}], (b"1",))


def test_number_may_not_lack() -> None:
    with pytest.raises(ProtocolError, match="illegal attachments"):
        attach_binary([{"_placeholder": True}], (b"1",))


def test_number_may_not_come_twice() -> None:
    placeholder = {"_placeholder": True, "num": 0}
    with pytest.raises(ProtocolError, match="illegal attachments"):
        attach_binary([placeholder, dict(placeholder)], (b"1", b"2"))


@pytest.mark.parametrize("mark", [1, "true", None, [True]])
def test_only_true_marks_a_placeholder(mark: object) -> None:
    value = ["a", {"_placeholder": mark, "num": 0}]
    assert attach_binary(value, (b"1",)) == ["a", {"_placeholder": mark, "num": 0}]


def test_scalar_stays() -> None:
    assert attach_binary("x", (b"1",)) == "x"
