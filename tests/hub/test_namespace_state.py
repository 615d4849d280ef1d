from __future__ import annotations

import pytest
from tests.hub.doubles import lone_socket

from flask_socketio.hub.namespace_state import NamespaceState
from flask_socketio.types import Sid


@pytest.fixture
def namespace() -> NamespaceState:
    """Four clients: s1 and s2 in the room "a", s2 and s3 in the room "b"."""
    state = NamespaceState("/")
    for sid in ("s1", "s2", "s3", "s4"):
        state.sockets[Sid(sid)] = lone_socket(sid, state)
    for sid, room in (("s1", "a"), ("s2", "a"), ("s2", "b"), ("s3", "b")):
        state.adapter.join(Sid(sid), room)
    return state


def selected(namespace: NamespaceState, *args: object) -> list[str]:
    return sorted(socket.sid for socket in namespace.select(*args))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rooms", "skip", "expected"),
    [
        (None, (), "s1 s2 s3 s4"),
        (None, ("s1", "s9"), "s2 s3 s4"),
        (["a"], (), "s1 s2"),
        ({"a"}, ("s2",), "s1"),
        (["a", "b"], (), "s1 s2 s3"),
        (["a", "b", "s2", "s4"], ("s3",), "s1 s2 s4"),
        (["s4"], (), "s4"),
        (["s4"], ("s4",), ""),
        (["nobody"], (), ""),
        ([], (), ""),
        ([("any", 1), 5, b"hashable"], (), ""),
    ],
)
def test_select(namespace: NamespaceState, rooms: object, skip: object, expected: str) -> None:
    assert selected(namespace, rooms, skip) == expected.split()


def test_a_sid_that_others_joined_as_a_room(namespace: NamespaceState) -> None:
    namespace.adapter.join(Sid("s1"), "s4")
    assert selected(namespace, ["s4"]) == ["s1", "s4"]


def test_a_selection_outlives_changes(namespace: NamespaceState) -> None:
    for rooms in (None, ["a"]):
        for socket in namespace.select(rooms):
            namespace.remove(socket)


def test_rooms(namespace: NamespaceState) -> None:
    sid = Sid("s2")
    assert namespace.rooms(sid)[0] == "s2"
    assert set(namespace.rooms(sid)) == {"s2", "a", "b"}
    assert namespace.rooms(Sid("s4")) == ("s4",)
    assert namespace.rooms(Sid("nobody")) == ()


def test_remove(namespace: NamespaceState) -> None:
    socket = namespace.sockets[Sid("s2")]
    for _ in range(2):
        namespace.remove(socket)
        assert selected(namespace, None) == ["s1", "s3", "s4"]
        assert selected(namespace, ["a", "b"]) == ["s1", "s3"]
        assert namespace.rooms(Sid("s2")) == ()
