"""addressing.py: what the arguments of emit mean, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_socketio import UnknownOptionError, UsageError
from flask_socketio.addressing import event_args, refuse_unknown, rooms_of, sids_of

rooms = st.none() | st.text() | st.integers() | st.binary() | st.tuples(st.text(), st.integers())


@given(st.lists(st.integers() | st.text() | st.lists(st.integers()), min_size=2))
def test_several_values_are_several_arguments(values: list[Any]) -> None:
    assert event_args(tuple(values)) == tuple(values)


@given(st.lists(st.integers() | st.none()))
def test_one_tuple_is_several_arguments(values: list[Any]) -> None:
    assert event_args((tuple(values),)) == tuple(values)


@pytest.mark.parametrize(
    ("data", "args"), [((), ()), ((None,), ()), ((1,), (1,)), (([],), ([],)), ((False,), (False,))]
)
def test_one_value(data: tuple[Any, ...], args: tuple[Any, ...]) -> None:
    assert event_args(data) == args


@given(rooms, rooms)
def test_to_and_room_are_the_same(to: Any, room: Any) -> None:
    given_ones = {name for name in (to, room) if name is not None}
    if len(given_ones) == 2:
        with pytest.raises(UsageError):
            rooms_of(to, room)
    else:
        assert rooms_of(to, room) == (tuple(given_ones) or None)


@pytest.mark.parametrize("several", [list, set, frozenset])
@given(names=st.lists(rooms, unique=True))
def test_several_rooms(several: Any, names: list[Any]) -> None:
    assert set(rooms_of(several(names), None) or ()) == set(names)


@pytest.mark.parametrize(
    ("skip_sid", "sids"),
    [(None, set()), ("a", {"a"}), (["a", "b"], {"a", "b"}), (("a",), {"a"}), ([], set())],
)
def test_skipped_sids(skip_sid: Any, sids: set[str]) -> None:
    assert sids_of(skip_sid) == sids


def test_unknown_keywords() -> None:
    def function(event: str, broadcast: bool = False) -> None: ...

    with pytest.raises(UnknownOptionError, match=r"function\(\) has no option 'broadcats'; did"):
        refuse_unknown({"broadcats": True}, function)
