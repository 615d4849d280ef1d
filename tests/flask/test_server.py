"""server.py: ``socketio.server`` sends, and knows who is connected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request
from tests.flask.site import Until

from flask_socketio import (
    DisconnectedError,
    SocketIO,
    TimeoutError,
    UsageError,
    _ManagedSession,
    _SocketIOMiddleware,
)

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site

    from flask_socketio.server import Server


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site(namespaces=["/", "/chat"])


@pytest.fixture
def server(site: Site) -> Server:
    return site.socketio.server


def test_there_is_none_before_there_is_an_application() -> None:
    assert SocketIO().server is None


class TestSending:
    def test_emit(self, site: Site, server: Server) -> None:
        client, other = site.connect(), site.connect()

        server.emit("to all", 1)
        server.emit("two arguments", ("a", "b"), client.sid)
        server.emit("none", room=[client.sid])
        server.emit("not to one", {"a": 1}, skip_sid=client.sid)
        server.emit("elsewhere", namespace="/chat")

        assert client.drain() == [["to all", 1], ["two arguments", "a", "b"], ["none"]]
        assert other.drain() == [["to all", 1], ["not to one", {"a": 1}]]

    def test_callback(self, site: Site, server: Server) -> None:
        client = site.connect()
        answer = Until()

        server.emit("question", to=client.sid, callback=lambda *args: answer.set(args))
        client.answer("yes", 1)

        assert answer.get() == ("yes", 1)

    def test_send(self, site: Site, server: Server) -> None:
        client = site.connect("/chat")

        server.send("text", client.sids["/chat"], namespace="/chat")

        assert client.receive_event("/chat") == ["message", "text"]

    def test_call(self, site: Site, server: Server) -> None:
        client = site.connect()
        site.socketio.on_event("go", lambda: server.call("question", 1, sid=request.sid))

        ack_id = client.start_call("go")
        assert client.answer("yes", 2) == ["question", 1]

        assert client.finish_call(ack_id) == ["yes", 2]

    def test_call_that_is_not_answered(self, site: Site, server: Server) -> None:
        with pytest.raises(TimeoutError, match=r"'question' within 0\.01 s"):
            server.call("question", to=site.connect().sid, timeout=0.01)
        with pytest.raises(DisconnectedError):
            server.call("question", to="nobody")
        with pytest.raises(UsageError, match="needs to="):
            server.call("question")


class TestRoomsAndClients:
    def test_rooms(self, site: Site, server: Server) -> None:
        client = site.connect()

        server.enter_room(client.sid, "kitchen")
        server.enter_room(client.sid, ("hall", 1), "/")
        assert sorted(map(str, server.rooms(client.sid))) == sorted(
            [client.sid, "kitchen", "('hall', 1)"]
        )
        server.leave_room(client.sid, "kitchen")
        server.close_room(("hall", 1))

        assert server.rooms(client.sid, "/") == [client.sid]
        assert server.rooms("nobody") == []
        with pytest.raises(ValueError, match="no client 'nobody' is connected to"):
            server.enter_room("nobody", "kitchen")
        with pytest.raises(ValueError, match="no client 'nobody' is connected to"):
            server.leave_room("nobody", "kitchen")

    def test_environ(self, site: Site, server: Server) -> None:
        client = site.connect(query="name=ann")

        environ = server.get_environ(client.sid)

        assert environ is not None
        assert "name=ann" in environ["QUERY_STRING"]
        assert environ["flask.app"] is site.app
        (eio_sid,) = server.environ
        assert server.environ[eio_sid] is environ
        assert server.get_environ("nobody") is None
        with pytest.raises(KeyError, match="nobody"):
            server.environ["nobody"]
        with pytest.raises(UsageError, match="connects and disconnects"):
            server.environ["nobody"] = {}  # type: ignore[index]

    def test_environ_through_a_wsgi_stack(self, site: Site, server: Server) -> None:
        inner = site.app.wsgi_app
        site.app.wsgi_app = lambda environ, start: inner(environ, start)  # type: ignore[method-assign]

        environ = server.get_environ(site.connect().sid)

        assert environ is not None
        assert environ["flask.app"] is site.app

    def test_views_have_the_application_in_their_environ(self, site: Site) -> None:
        @site.app.get("/page")
        def page() -> str:
            return str(request.environ["flask.app"] is site.app)

        assert site.get("/page").body == "True"  # type: ignore[attr-defined]

    def test_transport(self, site: Site, server: Server) -> None:
        assert server.transport(site.connect().sid) == "websocket"
        with pytest.raises(KeyError, match="nobody"):
            server.transport("nobody")

    def test_disconnect(self, site: Site, server: Server) -> None:
        client = site.connect()
        client.connect("/chat")

        server.disconnect(client.sids["/chat"], "/chat")
        client.wait_for_disconnect("/chat")
        server.disconnect(client.sid)
        client.wait_for_disconnect()
        server.disconnect("nobody")

    def test_shutdown(self, site: Site, server: Server) -> None:
        client = site.connect()

        server.shutdown()

        assert client.wait_for_close() == (1001, "the server stops")


class TestSessions:
    def test_is_kept_for_each_namespace(self, site: Site, server: Server) -> None:
        client = site.connect()
        chat = client.connect("/chat")

        server.save_session(client.sid, {"name": "ann"})
        with server.session(chat, namespace="/chat") as session:
            session["name"] = "bob"

        assert server.get_session(client.sid) == {"name": "ann"}
        assert server.get_session(chat, "/chat") == {"name": "bob"}

    def test_disconnect_handlers_still_have_it(self, site: Site, server: Server) -> None:
        found = Until()
        site.socketio.on_event("connect", lambda: server.save_session(request.sid, {"a": 1}))
        site.socketio.on_event("disconnect", lambda: found.set(server.get_session(request.sid)))

        site.connect().leave()

        assert found.get() == {"a": 1}

    def test_nobody(self, site: Site, server: Server) -> None:
        site.connect()
        for ask in (
            lambda: server.get_session("nobody"),
            lambda: server.save_session("nobody", {}),
            lambda: server.session("nobody").__enter__(),
        ):
            with pytest.raises(KeyError, match="no client 'nobody' is connected to"):
                ask()


class TestOptions:
    def test_defaults(self, make_site: MakeSite) -> None:
        server = make_site().socketio.server

        assert server.async_handlers is True
        assert server.async_mode == "threading"
        assert server.always_connect is False
        assert server.namespaces == ["/"]
        assert server.packet_class.__name__ == "JsonParser"
        assert server.logger is logging.getLogger("flask_socketio")
        assert server.reason.PING_TIMEOUT == "ping timeout"

    def test_what_was_given(self, make_site: MakeSite) -> None:
        server = make_site(
            async_handlers=False, always_connect=True, namespaces=["/a"], serializer="msgpack"
        ).socketio.server

        assert server.async_handlers is False
        assert server.always_connect is True
        assert server.namespaces == ["/a"]
        assert server.packet_class.__name__ == "MsgpackParser"
        assert make_site(namespaces="*").socketio.server.namespaces == "*"


class TestOfTheExtension:
    def test_where_it_is_in_the_wsgi_stack(self, site: Site, server: Server) -> None:
        middleware = site.socketio.sockio_mw
        assert site.app.wsgi_app is middleware
        assert isinstance(middleware, _SocketIOMiddleware)
        assert middleware.engineio_path == "/socket.io/"
        statuses: list[str] = []

        environ = {"PATH_INFO": "/socket.io/"}
        server.handle_request(environ, lambda status, _headers: statuses.append(status))

        assert statuses == ["501 Not Implemented"]

    def test_background(self, site: Site, server: Server) -> None:
        done: list[int] = []
        for starter in (server, server.eio):
            starter.start_background_task(done.append, 1).join()
            starter.sleep(0)

        assert done == [1, 1]

    def test_on_several_applications_it_is_that_of_the_current_one(self) -> None:
        first, second = Flask("first"), Flask("second")
        socketio = SocketIO(first, ping_timeout=1)
        socketio.init_app(second, ping_timeout=2)

        with first.app_context():
            assert socketio.server.eio.ping_timeout == 1
        with second.app_context():
            assert socketio.server.eio.ping_timeout == 2
        assert socketio.server.eio.ping_timeout == 2

    def test_in_tests_with_the_test_client(self) -> None:
        app = Flask(__name__)
        socketio = SocketIO(app)

        @socketio.on("enter")
        def enter() -> list[Any]:
            socketio.server.enter_room(request.sid, "kitchen")
            return [list(room) for room in socketio.server.manager.rooms["/"].values()]

        client = socketio.test_client(app)
        (sid,) = socketio.server.manager.rooms["/"][None]

        assert client.emit("enter", callback=True) == [[sid], [sid], [sid]]
        assert socketio.server.rooms(sid) == [sid, "kitchen"]

    def test_private_names_of_earlier_releases(self) -> None:
        session = _ManagedSession({"a": 1})

        assert isinstance(session, dict)
        assert session.modified


def test_called_by_the_server_itself(make_site: MakeSite) -> None:
    """A function that is an option runs on the loop, where waiting would never end."""
    found: list[Any] = []

    def allow(_origin: str | None) -> bool:
        server = site.socketio.server
        found.append((server.manager.get_namespaces(), len(server.eio.sockets)))
        return True

    site = make_site(cors_allowed_origins=allow)
    site.connect()
    site.connect(headers={"Origin": "http://other.example"})

    assert found == [(["/"], 1)]


def test_before_the_server_runs(server: Server) -> None:
    assert server.rooms("nobody") == []
    assert dict(server.environ) == {}
    assert server.manager.get_namespaces() == []
    assert not server.manager.is_connected("nobody", "/")
    server.emit("to nobody")
    server.disconnect("nobody")
    server.shutdown()
    with pytest.raises(KeyError):
        server.get_session("nobody")


def test_after_the_server_has_stopped(site: Site, server: Server) -> None:
    sid = site.connect().sid
    site.stop()

    assert server.rooms(sid) == []
    assert server.manager.rooms == {}
    assert server.get_environ(sid) is None
