"""The session in handlers: forked from the user's with ``manage_session``, shared without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from flask import flash, get_flashed_messages, request, session
from websockets.sync.client import connect as connect_websocket

import socketio as python_socketio
from flask_socketio import Namespace, disconnect, emit, join_room, leave_room, send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site


def add_pages(site: Site) -> Site:
    """Pages and handlers that read and change the session."""

    @site.app.route("/set/<name>/<value>")
    def page_set(name: str, value: str) -> str:
        session[name] = value
        return "set"

    @site.app.route("/get/<name>")
    def page_get(name: str) -> str:
        return str(session.get(name))

    for namespace in ("/", "/chat"):

        @site.socketio.on("set", namespace=namespace)
        def event_set(name: str, value: Any) -> None:
            session[name] = value

        @site.socketio.on("get", namespace=namespace)
        def event_get(name: str) -> Any:
            return session.get(name)

    return site


@pytest.fixture
def forked(make_site: MakeSite) -> Site:
    """``manage_session=True`` with Flask's cookie sessions."""
    return add_pages(make_site())


def server_side(site: Site, folder: Path) -> Site:
    """Have Flask-Session keep the sessions in files."""
    flask_session = pytest.importorskip("flask_session")
    cachelib = pytest.importorskip("cachelib")
    site.app.config.update(SESSION_TYPE="cachelib", SESSION_PERMANENT=False)
    site.app.config["SESSION_CACHELIB"] = cachelib.FileSystemCache(str(folder))
    flask_session.Session(site.app)
    return add_pages(site)


class TestFork:
    def test_session_of_the_handshake(self, forked: Site) -> None:
        cookie = forked.cookie("/set/name/ann")

        assert forked.connect(headers=cookie).call("get", "name") == "ann"

    def test_changes_stay_for_the_connection(self, forked: Site) -> None:
        client = forked.connect()
        client.call("set", "name", "ann")

        assert client.call("get", "name") == "ann"

    def test_changes_stay_with_the_connection(self, forked: Site) -> None:
        cookie = forked.cookie("/set/name/ann")
        client = forked.connect(headers=cookie)
        client.call("set", "name", "bob")

        assert forked.get("/get/name", cookie).body == "ann"
        assert forked.connect(headers=cookie).call("get", "name") == "ann"

    def test_namespaces_share_it(self, forked: Site) -> None:
        client = forked.connect()
        client.connect("/chat")
        client.call("set", "name", "ann")

        assert client.call("get", "name", namespace="/chat") == "ann"
        client.call("set", "name", "bob", namespace="/chat")
        assert client.call("get", "name") == "bob"

    def test_it_survives_a_namespace(self, forked: Site) -> None:
        client = forked.connect()
        client.connect("/chat")
        client.call("set", "name", "ann", namespace="/chat")
        client.leave("/chat")
        client.connect("/chat")

        assert client.call("get", "name", namespace="/chat") == "ann"

    def test_transport_upgrade(self, forked: Site) -> None:
        path = "/socket.io/?EIO=4&transport={}"
        opened = json.loads(forked.get(path.format("polling")).body[1:])
        path = f"{path}&sid={opened['sid']}"
        polling = path.format("polling")
        forked.post(polling, "40")
        assert forked.get(polling).body.startswith("40")
        forked.post(polling, '420["set","name","ann"]')
        assert forked.get(polling).body == "430[]"

        url = f"ws://127.0.0.1:{forked.port}" + path.format("websocket")
        with connect_websocket(url) as websocket:
            websocket.send("2probe")
            assert websocket.recv(5) == "3probe"
            websocket.send("5")
            websocket.send('421["get","name"]')
            assert websocket.recv(5) == '431["ann"]'

    def test_python_client(self, forked: Site) -> None:
        forked.start()
        with python_socketio.SimpleClient() as client:
            client.connect(f"http://127.0.0.1:{forked.port}")
            client.call("set", ("name", "ann"))
            assert client.transport == "websocket"
            assert client.call("get", "name") == "ann"

    def test_what_was_written_before_the_upgrade(self, forked: Site) -> None:
        @forked.socketio.on("connect")
        def connect() -> None:
            session["transport"] = request.args["transport"]

        forked.start()
        with python_socketio.SimpleClient() as client:
            client.connect(f"http://127.0.0.1:{forked.port}")
            assert client.transport == "websocket"
            assert client.call("get", "transport") == "polling"

    def test_values_inside_values(self, forked: Site) -> None:
        @forked.socketio.on("add")
        def add(item: str) -> list[str]:
            session.setdefault("cart", []).append(item)
            return session["cart"]

        @forked.app.route("/cart")
        def cart() -> str:
            session["cart"] = ["apple"]
            return ""

        client = forked.connect(headers=forked.cookie("/cart"))

        assert client.call("add", "pear") == ["apple", "pear"]
        assert client.call("add", "plum") == ["apple", "pear", "plum"]

    def test_connect_and_disconnect_handlers_see_it(self, forked: Site) -> None:
        seen: list[Any] = []

        @forked.socketio.on("connect")
        def connect() -> None:
            session["name"] = "ann"

        @forked.socketio.on("disconnect")
        def disconnected() -> None:
            seen.append(session["name"])

        client = forked.connect()
        assert client.call("get", "name") == "ann"
        client.close()
        forked.stop()

        assert seen == ["ann"]

    def test_it_is_not_written_back(self, make_site: MakeSite, tmp_path: Path) -> None:
        site = server_side(make_site(), tmp_path)
        cookie = site.cookie("/set/name/ann")
        site.connect(headers=cookie).call("set", "name", "bob")

        assert site.get("/get/name", cookie).body == "ann"

    def test_changes_by_pages_are_seen_until_a_handler_changes_something(
        self, make_site: MakeSite, tmp_path: Path
    ) -> None:
        site = server_side(make_site(), tmp_path)
        cookie = site.cookie("/set/name/ann")
        client = site.connect(headers=cookie)
        assert client.call("get", "name") == "ann"

        site.get("/set/name/bob", cookie)
        assert client.call("get", "name") == "bob"

        client.call("set", "other", 1)
        site.get("/set/name/carl", cookie)
        assert client.call("get", "name") == "bob"

    def test_manage_session_can_be_changed_at_run_time(
        self, make_site: MakeSite, tmp_path: Path
    ) -> None:
        site = server_side(make_site(), tmp_path)
        site.socketio.manage_session = False
        cookie = site.cookie("/set/name/ann")
        site.connect(headers=cookie).call("set", "name", "bob")

        assert site.get("/get/name", cookie).body == "bob"


class TestShared:
    """``manage_session=False``."""

    @pytest.fixture
    def shared(self, make_site: MakeSite, tmp_path: Path) -> Site:
        return server_side(make_site(manage_session=False), tmp_path)

    def test_pages_see_what_handlers_wrote(self, shared: Site) -> None:
        cookie = shared.cookie("/set/name/ann")
        client = shared.connect(headers=cookie)
        client.call("set", "name", "bob")

        assert shared.get("/get/name", cookie).body == "bob"

    def test_handlers_see_what_pages_wrote(self, shared: Site) -> None:
        cookie = shared.cookie("/set/name/ann")
        client = shared.connect(headers=cookie)
        client.call("set", "other", 1)
        shared.get("/set/name/bob", cookie)

        assert client.call("get", "name") == "bob"

    def test_connections_see_each_other(self, shared: Site) -> None:
        cookie = shared.cookie("/set/name/ann")
        ann, bob = (shared.connect(headers=cookie) for _ in range(2))
        ann.call("set", "name", "bob")

        assert bob.call("get", "name") == "bob"

    def test_untouched_sessions_are_not_saved(self, shared: Site) -> None:
        saved: list[Any] = []
        interface = shared.app.session_interface
        interface.save_session = lambda *args: saved.append(args)  # type: ignore[method-assign]
        client = shared.connect()
        client.call("get", "name")
        client.call("fence")

        assert saved == []

    def test_cookie_sessions_stay_as_they_were(self, make_site: MakeSite) -> None:
        site = add_pages(make_site(manage_session=False))
        client = site.connect(headers=site.cookie("/set/name/ann"))
        client.call("set", "name", "bob")

        assert client.call("get", "name") == "ann"


class TestNoSecretKey:
    @pytest.fixture(params=[True, False])
    def keyless(self, request: pytest.FixtureRequest, make_site: MakeSite) -> Site:
        site = make_site(manage_session=request.param)
        site.app.secret_key = None
        return add_pages(site)

    def test_reading(self, keyless: Site) -> None:
        assert keyless.connect().call("get", "name") is None

    def test_null_sessions_are_not_saved(self, keyless: Site) -> None:
        @keyless.socketio.on("touch")
        def touch() -> str:
            session.modified = True
            return "touched"

        assert keyless.connect().call("touch") == "touched"

    def test_writing_says_what_to_do(self, keyless: Site, caplog: pytest.LogCaptureFixture) -> None:
        client = keyless.connect()
        client.emit("set", "name", "ann")
        client.drain()

        assert "Set the secret_key on the application" in caplog.text


def test_flash(site: Site) -> None:
    site.socketio.on_event("flash", lambda text: flash(text))
    site.socketio.on_event("flashed", lambda: [get_flashed_messages(), get_flashed_messages()])
    client = site.connect()
    client.call("flash", "one")
    client.call("flash", "two")

    assert client.call("flashed") == [["one", "two"], ["one", "two"]]
    assert client.call("flashed") == [[], []]


class TestDocuments:
    """The listings of the reference that use the session."""

    def test_join_and_leave(self, forked: Site) -> None:
        socketio = forked.socketio

        @socketio.on("join")
        def on_join(data):
            username = session["username"]
            room = data["room"]
            join_room(room)
            send(username + " has entered the room.", to=room)

        @socketio.on("leave")
        def on_leave(data):
            username = session["username"]
            room = data["room"]
            leave_room(room)
            send(username + " has left the room.", to=room)

        client = forked.connect(headers=forked.cookie("/set/username/ann"))
        client.emit("join", {"room": "r"})
        client.emit("leave", {"room": "r"})

        assert client.drain() == [["message", "ann has entered the room."]]

    def test_disconnect(self, forked: Site) -> None:
        socketio = forked.socketio

        def is_banned(name):
            return name == "ann"

        @socketio.on("message")
        def receive_message(msg):
            if is_banned(session["username"]):
                disconnect()

        client = forked.connect(headers=forked.cookie("/set/username/ann"))
        client.emit("message", "hello")

        client.wait_for_disconnect()


def test_methods_of_classes_have_a_session(site: Site) -> None:
    class Chat(Namespace):
        def on_count(self) -> None:
            session["count"] = session.get("count", 0) + 1
            emit("count", session["count"])

    site.socketio.on_namespace(Chat("/chat"))
    client = site.connect("/chat")
    for _ in range(2):
        client.emit("count", namespace="/chat")

    assert [client.receive_event("/chat") for _ in range(2)] == [["count", 1], ["count", 2]]
