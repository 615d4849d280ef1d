"""Rooms: joining, leaving, closing, asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import request

from flask_socketio import UsageError, close_room, emit, join_room, leave_room, rooms

if TYPE_CHECKING:
    from tests.flask.site import Site


def test_changes_show_at_once(site: Site) -> None:
    @site.socketio.on("go")
    def go() -> list[Any]:
        seen = [rooms()]
        join_room("r")
        seen.append(rooms())
        leave_room("r")
        seen.append(rooms())
        join_room("s")
        close_room("s")
        seen.append(rooms())
        return seen

    client = site.connect()
    own = [client.sid]

    assert client.call("go") == [own, [*own, "r"], own, own]


def test_own_room_cannot_be_left(site: Site) -> None:
    @site.socketio.on("go")
    def go() -> list[Any]:
        leave_room(request.sid)
        join_room(request.sid)
        emit("x", to=request.sid)
        return rooms()

    client = site.connect()

    assert client.call("go") == [client.sid]
    assert client.receive_event() == ["x"]


def test_leave_room_that_was_not_joined(site: Site) -> None:
    site.socketio.on_event("go", lambda: leave_room("r"))

    assert site.connect().call("go") is None


@pytest.mark.parametrize("room", ["", 0, 1.5, None, b"x", ("a", 1), frozenset({1}), Exception])
def test_any_hashable(site: Site, room: Any) -> None:
    @site.socketio.on("go")
    def go() -> bool:
        join_room(room)
        return room in rooms()

    @site.socketio.on("go on")
    def go_on() -> None:
        site.socketio.emit("x", to=[room])

    client = site.connect()
    site.connect()

    assert client.call("go") is True
    client.emit("go on")
    assert client.drain() == [["x"]]


def test_not_hashable(site: Site) -> None:
    @site.socketio.on("go")
    def go() -> str:
        for function in (join_room, leave_room, close_room):
            with pytest.raises(TypeError, match="unhashable"):
                function(["r"])
        return "all raised"

    assert site.connect().call("go") == "all raised"


def test_close_room_takes_everybody_out(site: Site) -> None:
    site.socketio.on_event("join", lambda: join_room("r"))
    ann, bob = site.connect(), site.connect()
    for client in (ann, bob):
        client.call("join")
    site.socketio.close_room("r")
    site.socketio.close_room("unknown", namespace="/unknown")
    site.socketio.emit("x", to="r")

    assert [ann.drain(), bob.drain()] == [[], []]


class TestOtherClients:
    @pytest.fixture
    def chat(self, site: Site) -> Site:
        site.socketio.on_event("join", join_room)
        site.socketio.on_event("leave", leave_room)
        site.socketio.on_event("rooms", rooms)
        site.socketio.on_event("none", lambda: None, namespace="/chat")
        return site

    def test_by_sid(self, chat: Site) -> None:
        ann, bob = chat.connect(), chat.connect()

        ann.call("join", "r", bob.sid)
        assert ann.call("rooms", bob.sid) == [bob.sid, "r"]
        assert ann.call("rooms") == [ann.sid]

        ann.call("leave", "r", bob.sid)
        assert ann.call("rooms", bob.sid) == [bob.sid]

    def test_by_sid_and_namespace(self, chat: Site) -> None:
        client = chat.connect()
        sid = client.connect("/chat")

        client.call("join", "r", sid, "/chat")

        assert client.call("rooms", sid, "/chat") == [sid, "r"]
        assert client.call("rooms") == [client.sid]
        chat.socketio.emit("x", to="r", namespace="/chat")
        assert client.receive_event("/chat") == ["x"]

    def test_unknown_sid(self, chat: Site) -> None:
        @chat.socketio.on("go")
        def go() -> list[Any]:
            for function in (join_room, leave_room):
                with pytest.raises(ValueError, match="no client 'nobody' is connected to"):
                    function("r", sid="nobody")
                with pytest.raises(ValueError, match="to the namespace '/unknown'"):
                    function("r", sid="nobody", namespace="/unknown")
            return [rooms("nobody"), rooms("nobody", "/unknown")]

        assert chat.connect().call("go") == [[], []]

    def test_own_sid_in_another_namespace(self, chat: Site) -> None:
        @chat.socketio.on("go")
        def go() -> str:
            with pytest.raises(ValueError, match="to the namespace '/chat'"):
                join_room("r", namespace="/chat")
            return "raised"

        client = chat.connect()
        client.connect("/chat")

        assert client.call("go") == "raised"


def test_before_the_server_runs(site: Site) -> None:
    server = site.socketio.service
    assert server is not None
    site.socketio.close_room("r")
    assert server.rooms("nobody", "/") == []
    server.disconnect("nobody", "/")
    with pytest.raises(UsageError, match="does not run yet"):
        server.enter_room("nobody", "r", "/")
