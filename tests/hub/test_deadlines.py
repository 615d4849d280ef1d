from __future__ import annotations

import random
from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hub.doubles import lone_engine_socket

from flask_socketio.hub.deadlines import SPARE_ENTRIES, Deadlines

if TYPE_CHECKING:
    from flask_socketio.hub.engine_socket import EngineSocket


def due_at(when: float) -> EngineSocket:
    """A session that is to be looked at at a time: its heartbeat is due then."""
    return lone_engine_socket(when - 25)


@pytest.fixture
def deadlines() -> Deadlines:
    return Deadlines()


def test_an_empty_heap(deadlines: Deadlines) -> None:
    assert deadlines.next == inf
    assert len(deadlines) == 0
    assert list(deadlines.due(1e9)) == []


def test_the_earliest_is_announced(deadlines: Deadlines) -> None:
    assert deadlines.watch(due_at(50))
    assert not deadlines.watch(due_at(60))
    assert deadlines.watch(due_at(40))
    assert deadlines.next == 40
    assert len(deadlines) == 3


def test_sessions_are_due_in_order_of_time(deadlines: Deadlines) -> None:
    times = [float(when) for when in range(100)]
    random.Random(1).shuffle(times)
    for when in times:
        deadlines.watch(due_at(when))
    assert [socket.deadline for socket in deadlines.due(49.5)] == [float(n) for n in range(50)]
    assert deadlines.next == 50
    assert len(deadlines) == 50


def test_a_deadline_that_moves_away_makes_no_new_entry(deadlines: Deadlines) -> None:
    socket = due_at(50)
    deadlines.watch(socket)
    for pong in range(1000):
        socket.session.receive("3", 25 + pong / 1000)
        assert not deadlines.watch(socket)
    assert len(deadlines._heap) == 1
    assert list(deadlines.due(50)) == [socket]
    deadlines.watch(socket)
    assert 50 < deadlines.next < 52


def test_a_nearer_deadline_comes_first_and_once(deadlines: Deadlines) -> None:
    socket = due_at(50)
    deadlines.watch(socket)
    socket.expires = 20
    assert deadlines.watch(socket)
    assert deadlines.next == 20
    assert len(deadlines) == 1
    due = deadlines.due(100)
    assert next(due) is socket
    socket.expires = inf
    assert list(due) == []
    assert len(deadlines) == 0


def test_a_session_without_a_deadline_is_not_watched(deadlines: Deadlines) -> None:
    socket = due_at(50)
    socket.session.receive("1", 30)
    assert not deadlines.watch(socket)
    assert len(deadlines) == 0


def test_a_forgotten_session_is_not_looked_at_and_not_kept(deadlines: Deadlines) -> None:
    socket, other = due_at(40), due_at(50)
    for each in (socket, other):
        deadlines.watch(each)
    deadlines.forget(socket)
    deadlines.forget(socket)
    assert len(deadlines) == 1
    assert socket.watch is None
    assert list(deadlines.due(100)) == [other]


def test_void_entries_do_not_outnumber_the_others(deadlines: Deadlines) -> None:
    stays = [due_at(1000 + number) for number in range(10)]
    for socket in stays:
        deadlines.watch(socket)
    for number in range(5000):
        socket = due_at(500 + number)
        deadlines.watch(socket)
        deadlines.forget(socket)
        assert len(deadlines._heap) <= 10 + SPARE_ENTRIES + 1
    assert len(deadlines) == 10
    assert list(deadlines.due(inf)) == stays


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["near", "far", "forget", "due"])),
        max_size=80,
    )
)
def test_against_a_dict(steps: list[tuple[int, str]]) -> None:
    deadlines = Deadlines()
    sockets = [due_at(1e6) for _ in range(10)]
    watched: dict[int, float] = {}
    for number, step in steps:
        socket = sockets[number]
        match step:
            case "near":
                socket.expires = 10.0 * number
                deadlines.watch(socket)
                watched[number] = min(watched.get(number, inf), socket.expires)
            case "far":
                socket.expires = 500.0 + number
                deadlines.watch(socket)
                watched[number] = min(watched.get(number, inf), socket.expires)
            case "forget":
                deadlines.forget(socket)
                watched.pop(number, None)
            case _:
                due = {sockets.index(found) for found in deadlines.due(10.0 * number)}
                assert due == {other for other, when in watched.items() if when <= 10 * number}
                for other in due:
                    del watched[other]
        assert len(deadlines) == len(watched)
        assert deadlines.next <= min(watched.values(), default=inf)
