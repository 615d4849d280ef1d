from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flask_socketio.adapters.local import LocalAdapter
from flask_socketio.types import Sid

SIDS = [Sid(f"s{number}") for number in range(4)]
#: Names of rooms of every hashable kind; 1 and True, and 1.0, are the same room as in any dict.
ROOMS = ["den", b"den", 1, ("den", 1), frozenset({1}), None, "s0"]
sids = st.sampled_from(SIDS)
rooms = st.sampled_from(ROOMS)


class AdapterMachine(RuleBasedStateMachine):
    """The adapter against a set of pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.adapter = LocalAdapter()
        self.pairs: set[tuple[Sid, object]] = set()

    @rule(sid=sids, room=rooms)
    def join(self, sid: Sid, room: object) -> None:
        self.adapter.join(sid, room)
        self.pairs.add((sid, room))

    @rule(sid=sids, room=rooms)
    def leave(self, sid: Sid, room: object) -> None:
        self.adapter.leave(sid, room)
        self.pairs.discard((sid, room))

    @rule(sid=sids)
    def leave_all(self, sid: Sid) -> None:
        self.adapter.leave_all(sid)
        self.pairs = {pair for pair in self.pairs if pair[0] != sid}

    @rule(room=rooms)
    def close_room(self, room: object) -> None:
        self.adapter.close_room(room)
        self.pairs = {pair for pair in self.pairs if pair[1] != room}

    @invariant()
    def members_are_those_who_joined(self) -> None:
        for room in ROOMS:
            assert self.adapter.members(room) == {sid for sid, other in self.pairs if other == room}

    @invariant()
    def rooms_are_those_that_were_joined(self) -> None:
        for sid in SIDS:
            found = self.adapter.rooms(sid)
            assert len(found) == len(set(found))
            assert set(found) == {room for other, room in self.pairs if other == sid}

    @invariant()
    def nothing_is_kept_of_empty_rooms_and_of_clients_without_rooms(self) -> None:
        assert all(self.adapter._members.values())
        assert all(self.adapter._rooms.values())


AdapterMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAdapter = AdapterMachine.TestCase


@pytest.fixture
def adapter() -> LocalAdapter:
    return LocalAdapter()


def test_joining_twice_is_joining_once(adapter: LocalAdapter) -> None:
    for _ in range(2):
        adapter.join(SIDS[0], "den")
    adapter.leave(SIDS[0], "den")
    assert adapter.members("den") == set()


def test_leaving_one_of_two_rooms(adapter: LocalAdapter) -> None:
    for room in ("den", "attic"):
        adapter.join(SIDS[0], room)
        adapter.join(SIDS[1], room)
    adapter.leave(SIDS[0], "den")
    assert adapter.rooms(SIDS[0]) == ("attic",)
    assert adapter.members("den") == {SIDS[1]}
    adapter.leave_all(SIDS[0])
    assert adapter.members("attic") == {SIDS[1]}
    adapter.leave_all(SIDS[1])
    assert adapter.members("attic") == set()


def test_what_never_was(adapter: LocalAdapter) -> None:
    adapter.leave(SIDS[0], "den")
    adapter.join(SIDS[1], "den")
    adapter.leave(SIDS[0], "den")
    adapter.leave_all(SIDS[0])
    adapter.close_room("attic")
    assert adapter.rooms(SIDS[0]) == ()
    assert adapter.members("den") == {SIDS[1]}
    adapter.close_room("den")
    assert adapter.rooms(SIDS[1]) == ()


def test_a_room_that_is_no_name(adapter: LocalAdapter) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        adapter.join(SIDS[0], ["den"])
    assert adapter.rooms(SIDS[0]) == ()
