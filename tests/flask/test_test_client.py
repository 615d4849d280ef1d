"""The test client: the documented interface, over the real server."""

from __future__ import annotations

import gc
import logging
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request

from flask_socketio import (
    ConnectionRefusedError,
    SocketIO,
    SocketIOTestClient,
    UnknownOptionError,
    UsageError,
    call,
    disconnect,
    emit,
    join_room,
    send,
)

if TYPE_CHECKING:
    from tests.flask.site import Site


def make_app(**options: Any) -> tuple[Flask, SocketIO]:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "secret!"
    return app, SocketIO(app, **options)


@pytest.fixture
def both() -> tuple[Flask, SocketIO]:
    return make_app()


@pytest.fixture
def app(both: tuple[Flask, SocketIO]) -> Flask:
    return both[0]


@pytest.fixture
def socketio(both: tuple[Flask, SocketIO]) -> SocketIO:
    return both[1]


class TestReceiving:
    def test_what_a_handler_emits_is_there_when_emit_returns(
        self, app: Flask, socketio: SocketIO
    ) -> None:
        socketio.on_event("ask", lambda *args: emit("answer", args))
        client = socketio.test_client(app)
        client.emit("ask", 1, {"a": [b"\x00", None]})
        assert client.get_received() == [
            {"name": "answer", "args": [1, {"a": [b"\x00", None]}], "namespace": "/"}
        ]
        assert client.get_received() == []

    @pytest.mark.parametrize(("json", "name"), [(False, "message"), (True, "json")])
    def test_messages_have_their_bare_value(
        self, app: Flask, socketio: SocketIO, json: bool, name: str
    ) -> None:
        socketio.on_event(name, lambda data: send(data, json=json))
        client = socketio.test_client(app)
        client.send({"a": 1}, json=json)
        assert client.get_received() == [{"name": name, "args": {"a": 1}, "namespace": "/"}]

    def test_a_message_without_a_value(self, app: Flask, socketio: SocketIO) -> None:
        client = socketio.test_client(app)
        socketio.emit("message")
        assert client.get_received() == [{"name": "message", "args": None, "namespace": "/"}]

    def test_several_clients_see_each_other(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("join", join_room)
        socketio.on_event("say", lambda text: emit("said", text, to="r", include_self=False))
        one, two, three = (socketio.test_client(app) for _ in range(3))
        one.emit("join", "r")
        two.emit("join", "r")
        one.emit("say", "hello")
        names = [[entry["name"] for entry in who.get_received()] for who in (one, two, three)]
        assert names == [[], ["said"], []]

    def test_what_a_view_or_the_test_itself_emits(self, app: Flask, socketio: SocketIO) -> None:
        app.add_url_rule("/news", "news", lambda: socketio.emit("news", "rain") or "")
        client = socketio.test_client(app)
        app.test_client().get("/news")
        socketio.emit("private", to=client.get_sid())
        assert [entry["name"] for entry in client.queue] == ["news", "private"]
        assert len(client.get_received()) == 2
        assert client.queue == []

    def test_each_namespace_has_its_own(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("x", lambda: emit("y"), namespace="/a")
        client = socketio.test_client(app)
        client.connect("/a")
        client.emit("x", namespace="/a")
        assert client.get_received() == []
        assert client.get_received("/a") == [{"name": "y", "args": [], "namespace": "/a"}]

    def test_msgpack(self) -> None:
        pytest.importorskip("msgpack")
        app, socketio = make_app(serializer="msgpack")
        socketio.on_event("x", lambda data: data)
        client = socketio.test_client(app)
        assert client.emit("x", {"a": b"\xff"}, callback=True) == {"a": b"\xff"}


class TestAcknowledgements:
    @pytest.mark.parametrize(
        ("returned", "expected"),
        [(5, 5), ("a", "a"), ((1, 2), [1, 2]), ([1, 2], [1, 2]), (None, [])],
    )
    def test_emit_returns_it(
        self, app: Flask, socketio: SocketIO, returned: Any, expected: Any
    ) -> None:
        socketio.on_event("ask", lambda: returned)
        client = socketio.test_client(app)
        assert client.emit("ask", callback=True) == expected
        assert client.emit("ask") is None
        assert client.callback_counter == 1
        assert client.acks is None

    def test_send_returns_it(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("message", len)
        assert socketio.test_client(app).send("four", callback=True) == 4

    def test_without_a_handler_there_is_none(self, app: Flask, socketio: SocketIO) -> None:
        assert socketio.test_client(app).emit("unknown", callback=True) is None

    def test_keywords_of_the_server_are_ignored(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("double", lambda number: 2 * number)
        client = socketio.test_client(app)
        assert client.emit("double", 4, callback=True, broadcast=True, to="nobody") == 8

    def test_the_handshake_shows_what_the_test_gave(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("show", lambda: (request.args.to_dict(), sorted(dict(request.headers))))
        client = socketio.test_client(app, query_string="?a=1", headers={"X-Own": "yes"})
        assert client.emit("show", callback=True) == [{"a": "1"}, ["Host", "X-Own"]]

    def test_unknown_keywords_are_refused(self, app: Flask, socketio: SocketIO) -> None:
        client: Any = socketio.test_client(app)
        with pytest.raises(UnknownOptionError, match="did you mean 'callback'"):
            client.emit("x", callack=True)


class TestConnecting:
    def test_auth_query_and_headers_reach_the_handler(self, app: Flask, socketio: SocketIO) -> None:
        seen: list[Any] = []

        @socketio.on("connect")
        def on_connect(auth: Any) -> None:
            seen.append((auth, request.args["room"], request.headers["X-Token"]))

        for query_string in ("room=5", "?room=5"):
            socketio.test_client(
                app, query_string=query_string, headers={"X-Token": "t"}, auth={"a": 1}
            )
        assert seen == [({"a": 1}, "5", "t")] * 2

    def test_another_namespace_shares_the_session(self, app: Flask, socketio: SocketIO) -> None:
        client = socketio.test_client(app)
        socketio.on_event("x", len, namespace="/a")
        eio_sid = client.eio_sid
        client.connect("/a")
        assert client.eio_sid == eio_sid
        assert client.connected == {"/": True, "/a": True}
        assert client.get_sid("/a") != client.get_sid()
        assert SocketIOTestClient.clients[eio_sid] is client

    def test_a_handshake_of_its_own_for_other_headers(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("who", lambda: request.headers.get("X-Token"), namespace="/a")
        client = socketio.test_client(app)
        eio_sid = client.eio_sid
        client.connect("/a", headers={"X-Token": "t"})
        assert client.eio_sid != eio_sid
        assert client.emit("who", callback=True, namespace="/a") == "t"
        assert client.is_connected()

    def test_the_empty_namespace_is_the_global_one(self, app: Flask, socketio: SocketIO) -> None:
        assert socketio.test_client(app, namespace="").is_connected("/")

    @pytest.mark.parametrize(
        ("refuse", "error"),
        [
            (lambda: False, {"message": "Connection rejected by server"}),
            (lambda: _refuse("no", 5), {"message": "no", "data": 5}),
        ],
    )
    def test_refused(self, app: Flask, socketio: SocketIO, refuse: Any, error: Any) -> None:
        socketio.on_event("connect", refuse)
        client = socketio.test_client(app)
        assert not client.is_connected()
        assert client.connect_error == error
        with pytest.raises(RuntimeError, match="not connected"):
            client.emit("x")

    def test_refused_and_then_accepted(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("connect", lambda auth: bool(auth))
        client = socketio.test_client(app)
        client.connect(auth={"a": 1})
        assert client.is_connected()
        assert client.connect_error is None

    def test_a_namespace_that_nothing_is_registered_for(
        self, app: Flask, socketio: SocketIO
    ) -> None:
        client = socketio.test_client(app, namespace="/nothing")
        assert client.connect_error == {"message": "Invalid namespace"}

    def test_a_foreign_origin(self, app: Flask, socketio: SocketIO) -> None:
        client = socketio.test_client(app, headers={"Origin": "http://evil.example"})
        assert "not an accepted origin" in str(client.connect_error)

    def test_twice(self, app: Flask, socketio: SocketIO) -> None:
        with pytest.raises(UsageError, match="connected to '/' already"):
            socketio.test_client(app).connect()

    def test_an_extension_without_an_application_gets_it(self) -> None:
        app = Flask(__name__)
        assert SocketIO().test_client(app).is_connected()


def _refuse(*args: Any) -> None:
    raise ConnectionRefusedError(*args)


class TestDisconnecting:
    @pytest.fixture
    def reasons(self, socketio: SocketIO) -> list[str]:
        found: list[str] = []
        socketio.on_event("disconnect", found.append)
        socketio.on_event("disconnect", found.append, namespace="/a")
        socketio.on_event("leave", disconnect)
        return found

    def test_by_the_client(self, app: Flask, socketio: SocketIO, reasons: list[str]) -> None:
        client = socketio.test_client(app)
        client.disconnect()
        assert reasons == ["client disconnect"]
        assert not client.is_connected()
        for method in (client.get_received, client.disconnect, client.get_sid):
            with pytest.raises(RuntimeError, match="not connected"):
                method()

    def test_by_the_server(self, app: Flask, socketio: SocketIO, reasons: list[str]) -> None:
        client = socketio.test_client(app)
        client.emit("leave")
        assert reasons == ["server disconnect"]
        assert not client.is_connected()

    def test_of_one_namespace(self, app: Flask, socketio: SocketIO, reasons: list[str]) -> None:
        client = socketio.test_client(app)
        client.connect("/a")
        client.disconnect("/a")
        assert client.connected == {"/": True}
        client.close()
        assert reasons == ["client disconnect"] * 2

    def test_without_a_word(self, app: Flask, socketio: SocketIO, reasons: list[str]) -> None:
        socketio.test_client(app).drop()
        assert reasons == ["transport close"]

    def test_at_the_end_of_a_with_statement(
        self, app: Flask, socketio: SocketIO, reasons: list[str]
    ) -> None:
        with socketio.test_client(app) as client:
            client.connect("/a")
        assert reasons == ["client disconnect"] * 2

    def test_and_connecting_again(self, app: Flask, socketio: SocketIO) -> None:
        client = socketio.test_client(app)
        eio_sid = client.eio_sid
        client.disconnect()
        client.connect()
        assert client.is_connected()
        assert client.eio_sid != eio_sid

    def test_for_a_message_that_is_too_big(self, reasons: list[str]) -> None:
        app, socketio = make_app(max_http_buffer_size=100)
        client = socketio.test_client(app)
        client.emit("x", "y" * 100)
        assert not client.is_connected()

    def test_when_a_handler_stops_the_server(
        self, app: Flask, socketio: SocketIO, reasons: list[str]
    ) -> None:
        socketio.on_event("stop", socketio.stop)
        client = socketio.test_client(app)
        client.emit("stop")
        assert not client.is_connected()
        assert reasons == ["server disconnect"]
        assert socketio.test_client(app).is_connected(), "another server"

    def test_a_client_that_nobody_has_any_more_is_forgotten(self) -> None:
        app, socketio = make_app()
        eio_sid = socketio.test_client(app).eio_sid
        del app, socketio
        gc.collect()
        assert eio_sid not in SocketIOTestClient.clients

    def test_nor_are_applications_kept_that_a_factory_made(self) -> None:
        socketio = SocketIO()
        made: list[weakref.ref[Flask]] = []
        for _ in range(3):
            app = Flask(__name__)
            socketio.init_app(app)
            with socketio.test_client(app) as client:
                client.emit("x")
            made.append(weakref.ref(app))
        del app, client
        gc.collect()
        assert [ref() is None for ref in made] == [True, True, False], "the last one is in use"


class TestClientSideHandlers:
    def test_they_answer_call(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("ask", lambda: call("question", (2, 3)))
        client = socketio.test_client(app)
        client.on("question", lambda a, b: a * b)
        assert client.emit("ask", callback=True) == 6
        assert socketio.call("question", (4, 5), to=client.get_sid()) == 20

    def test_they_are_given_other_events_too(self, app: Flask, socketio: SocketIO) -> None:
        client = socketio.test_client(app)
        seen: list[Any] = []

        @client.on("news")
        def on_news(*args: Any) -> None:
            seen.append(args)

        socketio.emit("news", (1, 2))
        assert len(client.get_received()) == 1
        assert seen == [(1, 2)]

    def test_they_answer_callbacks(self, app: Flask, socketio: SocketIO) -> None:
        answers: list[Any] = []
        client = socketio.test_client(app)
        client.on("x", lambda: (1, 2))
        socketio.emit("x", callback=lambda *args: answers.append(args))
        client.get_received()
        assert answers == [(1, 2)]

    def test_they_may_emit(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("connect", lambda: emit("name?"))
        socketio.on_event("name", lambda name: emit("hello", name, broadcast=True))
        client = socketio.test_client(app, namespace="/")
        client.on("hello", lambda name: client.emit("thanks", name))
        client.on("again", lambda: client.emit("name", "Ann"))
        thanked: list[str] = []
        socketio.on_event("thanks", thanked.append)
        socketio.emit("again")
        client.get_received()
        assert thanked == ["Ann"]

    def test_they_may_ask(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("half", lambda number: number // 2)
        socketio.on_event("ask", lambda: call("question"))
        client = socketio.test_client(app)
        client.on("question", lambda: client.emit("half", 10, callback=True))
        assert client.emit("ask", callback=True) == 5

    def test_they_may_ask_in_vain_when_handlers_never_overlap(self) -> None:
        app, socketio = make_app(async_handlers=False)
        answers: list[Any] = []
        socketio.on_event("half", lambda number: number // 2)
        socketio.on_event("ask", lambda: socketio.call("question", to=client.get_sid()))
        client = socketio.test_client(app)
        client.on("question", lambda: answers.append(client.emit("half", 10, callback=True)))
        client.emit("ask")
        assert answers == [None]

    def test_they_may_connect_and_leave(self, app: Flask, socketio: SocketIO) -> None:
        socketio.on_event("x", lambda: 5, namespace="/a")
        client = socketio.test_client(app)
        client.connect("/a")
        seen: list[Any] = []

        @client.on("leave")
        def leave() -> None:
            client.disconnect("/a")
            client.connect("/a", headers={"X-Token": "t"})
            seen.append(client.emit("x", callback=True, namespace="/a"))

        socketio.emit("leave")
        client.get_received()
        assert seen == [5]

    def test_what_they_raise_reaches_the_test(self, app: Flask, socketio: SocketIO) -> None:
        client = socketio.test_client(app)
        client.on("x", lambda: pytest.fail("as it should be"))
        socketio.emit("x")
        with pytest.raises(pytest.fail.Exception, match="as it should be"):
            client.get_received()


class TestFailures:
    @pytest.fixture
    def client(self, app: Flask, socketio: SocketIO) -> SocketIOTestClient:
        def fail(*args: Any) -> None:
            raise ValueError("a defect of the application")

        socketio.on_event("fail", fail)
        socketio.on_event("connect", fail, namespace="/a")
        socketio.on_event("unencodable", object)
        return socketio.test_client(app)

    def test_what_a_handler_raises_reaches_the_test(self, client: SocketIOTestClient) -> None:
        with pytest.raises(ValueError, match="a defect of the application"):
            client.emit("fail")
        assert client.get_received() == [], "it is raised once"

    def test_also_what_a_connect_handler_raises(self, client: SocketIOTestClient) -> None:
        with pytest.raises(ValueError, match="a defect of the application"):
            client.connect("/a", headers={})
        assert not client.is_connected("/a")
        assert len(client._links) == 1, "the session for it has ended"
        assert client.connect_error == {"message": "Internal server error"}

    def test_also_what_an_answer_cannot_be(self, client: SocketIOTestClient) -> None:
        with pytest.raises(TypeError, match="cannot encode"):
            client.emit("unencodable", callback=True)

    def test_also_what_a_callback_raises(
        self, socketio: SocketIO, client: SocketIOTestClient
    ) -> None:
        client.on("x", lambda: 5)
        socketio.emit("x", callback=lambda number: number / 0)
        with pytest.raises(ZeroDivisionError):
            client.get_received()

    def test_not_what_an_error_handler_took(
        self, socketio: SocketIO, client: SocketIOTestClient
    ) -> None:
        socketio.on_error_default(lambda error: str(error))
        assert client.emit("fail", callback=True) == "a defect of the application"

    def test_not_if_the_application_does_not_want_it(
        self, app: Flask, client: SocketIOTestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        with caplog.at_level(logging.ERROR):
            assert client.emit("fail", callback=True) is None
        assert "a defect of the application" in caplog.text


class TestBesideOtherServers:
    def test_refused_while_the_application_is_served(self, site: Site) -> None:
        site.connect()
        with pytest.raises(UsageError, match="the application is being served in this process"):
            site.socketio.test_client(site.app)

    def test_allowed_when_that_has_ended(self, site: Site) -> None:
        site.connect()
        site.stop()
        assert site.socketio.test_client(site.app).is_connected()

    def test_a_server_that_starts_takes_over(self, site: Site) -> None:
        client = site.socketio.test_client(site.app)
        site.socketio.on_event("x", lambda: 5)
        assert site.connect().call("x") == 5
        with pytest.raises(RuntimeError, match="not connected"):
            client.emit("x")
        site.stop()
        client.connect()
        assert client.is_connected(), "to a server for tests of its own again"

    def test_several_instances_do_not_meet(self) -> None:
        clients = []
        for number in range(2):
            app, socketio = make_app()
            socketio.on_event("x", lambda number=number: emit("y", number, broadcast=True))
            clients.append(socketio.test_client(app))
        clients[1].emit("x")
        assert [len(client.get_received()) for client in clients] == [0, 1]
