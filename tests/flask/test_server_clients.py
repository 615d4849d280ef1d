"""server_clients.py: ``socketio.server.manager``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import request
from tests.flask.site import Until
from tests.interop.processes import wait_until

from flask_socketio import UsageError

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site

    from flask_socketio.server_clients import ClientRegister


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site(namespaces=["/", "/chat"])


@pytest.fixture
def manager(site: Site) -> ClientRegister:
    return site.socketio.server.manager


def test_rooms(site: Site, manager: ClientRegister) -> None:
    first, second = site.connect(), site.connect()
    manager.enter_room(first.sid, "/", "kitchen")
    eio_sids = [manager.eio_sid_from_sid(client.sid, "/") for client in (first, second)]

    everybody = {first.sid: eio_sids[0], second.sid: eio_sids[1]}
    assert manager.rooms == {
        "/": {
            None: everybody,
            first.sid: {first.sid: eio_sids[0]},
            second.sid: {second.sid: eio_sids[1]},
            "kitchen": {first.sid: eio_sids[0]},
        }
    }


def test_rooms_show_what_is_now(site: Site, manager: ClientRegister) -> None:
    rooms = manager.rooms
    assert len(rooms) == 0
    assert "/" not in rooms
    client = site.connect()
    kitchen = {"kitchen": 1}

    assert list(rooms) == ["/"]
    assert "kitchen" not in rooms["/"]
    manager.enter_room(client.sid, "/", "kitchen")
    members = rooms["/"]["kitchen"]
    assert list(members) == [client.sid]
    assert client.sid in members
    manager.leave_room(client.sid, "/", "kitchen")

    assert len(members) == 0
    assert client.sid not in members
    assert len(rooms["/"][None]) == 1
    with pytest.raises(KeyError, match="kitchen"):
        rooms["/"]["kitchen"]
    with pytest.raises(KeyError, match="/chat"):
        rooms["/chat"]
    with pytest.raises(TypeError, match="unhashable"):
        rooms["/"][kitchen]  # type: ignore[index]


def test_rooms_of_a_namespace_that_everybody_has_left(site: Site, manager: ClientRegister) -> None:
    client = site.connect("/chat")
    rooms = manager.rooms["/chat"]
    client.leave("/chat")
    wait_until(lambda: "/chat" not in manager.rooms, "the client has left")

    assert list(rooms) == []
    assert rooms == {}


def test_rooms_cannot_be_written_to(site: Site, manager: ClientRegister) -> None:
    client = site.connect()
    rooms: Any = manager.rooms

    with pytest.raises(UsageError, match=r"server\.manager\.rooms shows .* use join_room\(\)"):
        rooms["/chat"] = {}
    with pytest.raises(UsageError, match=r"server\.manager\.rooms\['/'\] shows"):
        del rooms["/"]["kitchen"]
    with pytest.raises(UsageError, match=r"rooms\['/'\]\[None\] shows"):
        rooms["/"][None].pop(client.sid)


def test_participants(site: Site, manager: ClientRegister) -> None:
    clients = [site.connect() for _ in range(3)]
    pairs = [(client.sid, manager.eio_sid_from_sid(client.sid, "/")) for client in clients]
    for client, room in zip(clients, ("a", "b", "b"), strict=True):
        manager.enter_room(client.sid, "/", room)

    assert list(manager.get_participants("/", None)) == pairs
    assert list(manager.get_participants("/", "a")) == pairs[:1]
    assert set(manager.get_participants("/", ["a", "b"])) == set(pairs)
    assert next(manager.get_participants("/", clients[1].sid)) == pairs[1]
    assert list(manager.get_participants("/", "empty")) == []
    assert list(manager.get_participants("/unknown", None)) == []


def test_ids(site: Site, manager: ClientRegister) -> None:
    client = site.connect()
    chat = client.connect("/chat")
    eio_sid = manager.eio_sid_from_sid(client.sid, "/")

    assert eio_sid is not None
    assert manager.eio_sid_from_sid(chat, "/chat") == eio_sid
    assert manager.sid_from_eio_sid(eio_sid, "/chat") == chat
    assert manager.eio_to_sid == {eio_sid: {"/": client.sid, "/chat": chat}}
    assert sorted(manager.get_namespaces()) == ["/", "/chat"]
    assert manager.eio_sid_from_sid(chat, "/") is None
    assert manager.sid_from_eio_sid(eio_sid, "/unknown") is None
    assert manager.sid_from_eio_sid("nobody", "/") is None


def test_is_connected(site: Site, manager: ClientRegister) -> None:
    seen: list[Any] = []
    left = Until()

    def ask() -> None:
        seen.append(manager.is_connected(request.sid, "/"))
        seen.append(dict(manager.pending_disconnect))

    site.socketio.on_event("connect", ask)
    site.socketio.on_event("disconnect", lambda: (ask(), left.set()))
    client = site.connect()
    assert manager.is_connected(client.sid, "/")
    assert manager.can_disconnect(client.sid, "/")
    assert manager.pre_disconnect(client.sid, "/") == manager.eio_sid_from_sid(client.sid, "/")
    assert manager.is_connected(client.sid, "/")
    assert not manager.is_connected("nobody", "/")
    assert not manager.is_connected(client.sid, "/chat")
    client.leave()
    left.get()

    assert seen == [False, {}, False, {"/": [client.sid]}]


def test_commands(site: Site, manager: ClientRegister) -> None:
    client = site.connect()

    manager.enter_room(client.sid, "/", "kitchen", "ignored")
    manager.emit("news", 1, "/", "kitchen")
    manager.emit("news", 2, "/", to="nobody", ignore_queue=True)
    assert set(manager.get_rooms(client.sid, "/")) == {client.sid, "kitchen"}
    manager.close_room("kitchen", "/")
    manager.emit("news", 3, "/", "kitchen")

    assert client.drain() == [["news", 1]]
    assert manager.get_rooms(client.sid, "/") == [client.sid]
    assert manager.get_rooms(client.sid, "/unknown") == []
    manager.disconnect(client.sid, "/")
    client.wait_for_disconnect()


def test_callbacks(site: Site, manager: ClientRegister) -> None:
    answers: list[Any] = []
    client = site.connect()

    manager.emit("question", None, "/", client.sid, callback=answers.append)
    (ack_id,) = manager.callbacks[client.sid]
    assert manager.callbacks == {client.sid: {ack_id: answers.append}}
    manager.trigger_callback(client.sid, ack_id, ["yes"])
    manager.trigger_callback(client.sid, ack_id, ["again"])
    manager.trigger_callback("nobody", 1, [])

    assert answers == ["yes"]
    assert manager.callbacks == {}


def test_who_waits_in_a_call_is_no_callback(site: Site, manager: ClientRegister) -> None:
    site.socketio.on_event("go", lambda: site.socketio.call("question", to=request.sid))
    client = site.connect()

    ack_id = client.start_call("go")
    question = client.receive_packet()
    assert manager.callbacks == {}
    client.send_packet("3", data=["yes"], ack_id=question.ack_id)

    assert client.finish_call(ack_id) == ["yes"]
