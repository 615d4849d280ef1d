"""The extension: factories, several applications, options that are objects, and `run`."""

from __future__ import annotations

import json
import threading
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import flask.json
import pytest
from flask import Flask
from flask.json.provider import DefaultJSONProvider
from socketio.msgpack_packet import MsgPackPacket
from socketio.packet import Packet as ReferencePacket
from tests.flask.client import Client
from tests.flask.site import Until

import socketio
from flask_socketio import (
    DisconnectedError,
    SocketIO,
    UnknownOptionError,
    UsageError,
    emit,
)
from flask_socketio.serving import make_embedded_server
from flask_socketio.socketio import JsonParser, Packet

if TYPE_CHECKING:
    from tests.flask.conftest import MakeSite
    from tests.flask.site import Site


class TestSettingUp:
    def test_factory(self) -> None:
        socketio = SocketIO(ping_interval=7)
        socketio.on_event("go", lambda: None)
        app = Flask(__name__)

        socketio.init_app(app, cors_allowed_origins="*")

        assert app.extensions["socketio"] is socketio
        assert socketio.service is not None
        assert socketio.service.config.ping_interval == 7
        assert socketio.service.config.cors_allowed_origins == "*"
        assert socketio.server_options == {"ping_interval": 7, "cors_allowed_origins": "*"}

    def test_init_app_overrides_the_constructor(self) -> None:
        socketio = SocketIO(ping_interval=7, manage_session=False)

        socketio.init_app(Flask(__name__), ping_interval=8)

        assert socketio.service is not None
        assert socketio.service.config.ping_interval == 8
        assert socketio.manage_session is False

    def test_twice(self, site: Site) -> None:
        site.socketio.on_event("go", lambda: "first")
        site.socketio.init_app(site.app)

        assert site.connect().call("go") == "first"

    def test_for_two_applications_the_last_one_serves(self) -> None:
        socketio = SocketIO()
        first, second = Flask("first"), Flask("second")
        for app in (first, second):
            socketio.init_app(app)

        assert first.extensions["socketio"] is second.extensions["socketio"] is socketio
        assert socketio._app is second

    def test_handlers_registered_while_running(self, site: Site) -> None:
        client = site.connect()
        site.socketio.on_event("late", lambda: "handled")

        assert client.call("late") == "handled"

    def test_async_mode(self) -> None:
        assert SocketIO().async_mode == SocketIO(async_mode="threading").async_mode == "threading"

    def test_unknown_option(self) -> None:
        with pytest.raises(UnknownOptionError, match="did you mean 'cors_allowed_origins'"):
            SocketIO(cors_allow_origins="*")  # type: ignore[call-arg]
        with pytest.raises(UnknownOptionError, match="did you mean 'ping_timeout'"):
            SocketIO().init_app(Flask(__name__), ping_time_out=1)  # type: ignore[call-arg]


class TestBeforeTheServerRuns:
    def test_emit_is_harmless(self, site: Site) -> None:
        site.socketio.emit("x", 1, callback=print)
        site.socketio.send("x")

    def test_emit_checks_its_data(self, site: Site) -> None:
        with pytest.raises(TypeError, match="not JSON serializable"):
            site.socketio.emit("x", object())

    @pytest.mark.parametrize("method", ["emit", "send", "close_room"])
    def test_without_application(self, method: str) -> None:
        with pytest.raises(UsageError, match="call init_app"):
            getattr(SocketIO(), method)("x")

    def test_call_without_application(self) -> None:
        with pytest.raises(UsageError, match="call init_app"):
            SocketIO().call("x", to="sid")


class Shouting:
    """A JSON module of the application's."""

    @staticmethod
    def dumps(data: Any, **options: Any) -> str:
        return json.dumps(data, **options).replace("text", "TEXT")

    loads = staticmethod(json.loads)


class TestJson:
    def test_two_servers_do_not_share_it(self, make_site: MakeSite) -> None:
        loud, quiet = make_site(json=Shouting), make_site()
        for site in (loud, quiet):
            site.socketio.on_event("go", lambda: "text")
        loud_client, quiet_client = loud.connect(), quiet.connect()

        assert loud_client.call("go") == "TEXT"
        assert quiet_client.call("go") == "text"

    def test_of_the_application(self, make_site: MakeSite) -> None:
        class Provider(DefaultJSONProvider):
            @staticmethod
            def default(value: Any) -> str:
                return f"<{type(value).__name__}>"

            def loads(self, text: str | bytes, **options: Any) -> Any:
                return super().loads(text, parse_int=str)

        site = make_site(json=flask.json)
        site.app.json = Provider(site.app)
        site.socketio.on_event("go", lambda value: (value, object()))
        client = site.connect()

        assert client.call("go", 5) == ["5", "<object>"]
        site.socketio.emit("x", {"a": object()})
        assert client.receive_event() == ["x", {"a": "<object>"}]

    def test_that_fails_in_its_own_way(
        self, make_site: MakeSite, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(Shouting):
            @staticmethod
            def dumps(data: Any, **options: Any) -> str:
                if data and "bad" in data:
                    raise AttributeError("expected by the test")
                return json.dumps(data, **options)

        site = make_site(json=Broken)
        site.socketio.on_event("go", lambda: "bad")
        client = site.connect()
        client.start_call("go")

        assert client.drain() == []
        assert "AttributeError: expected by the test" in caplog.text


class TestSerializer:
    def test_msgpack(self) -> None:
        pytest.importorskip("msgpack")
        socketio = SocketIO(Flask(__name__), serializer="msgpack")

        assert type(socketio.service.parser).__name__ == "MsgpackParser"

    def test_class(self, make_site: MakeSite) -> None:
        class Parser:
            def __init__(self) -> None:
                self._json = JsonParser()

            def decode_header(self, message: str | bytes, limit: int) -> tuple[Packet, int]:
                return self._json.decode_header(message, limit)

            def __getattr__(self, name: str) -> Any:
                return getattr(self._json, name)

        site = make_site(serializer=Parser)
        site.socketio.on_event("go", lambda: "text")

        assert type(site.socketio.service.parser) is Parser
        assert site.connect().call("go") == "text"

    @pytest.mark.parametrize("packet_class", [ReferencePacket, MsgPackPacket])
    def test_packet_class(self, make_site: MakeSite, packet_class: type) -> None:
        class Shouting(packet_class):  # type: ignore[misc]
            def encode(self) -> Any:
                if self.packet_type == 2:
                    self.data[1] = self.data[1].upper()
                return super().encode()

        site = make_site(serializer=Shouting)
        site.socketio.on_event("go", lambda text: emit("went", text))
        client = socketio.Client(serializer=packet_class)
        answered = Until()
        client.on("went", lambda text: answered.set(text))
        site.start()
        client.connect(f"http://127.0.0.1:{site.port}", transports=["websocket"])
        client.emit("go", "hello")
        assert answered.get() == "HELLO"
        client.disconnect()

    @pytest.mark.parametrize("serializer", ["pickle", "cbor", None, 1, int])
    def test_something_else(self, serializer: Any) -> None:
        with pytest.raises(UsageError, match="use 'default', 'msgpack', or a class"):
            SocketIO(Flask(__name__), serializer=serializer)


class TestRun:
    """`run` in a thread; the command line is tested elsewhere."""

    def run(self, app: Flask, socketio: SocketIO, monkeypatch: Any, **options: Any) -> Any:
        made = Until()

        def make(*args: Any) -> Any:
            embedded = make_embedded_server(*args)
            made.set((embedded, args))
            return embedded

        monkeypatch.setattr("flask_socketio.serving.make_embedded_server", make)
        failed: list[SystemExit] = []

        def serve() -> None:
            try:
                socketio.run(app, port=0, **options)
            except SystemExit as exit_:
                failed.append(exit_)

        thread = threading.Thread(target=serve)
        thread.start()
        embedded, args = made.get()
        return SimpleNamespace(embedded=embedded, args=args, thread=thread, exits=failed)

    def test_it_ends_with_stop(self, monkeypatch: Any) -> None:
        app = Flask(__name__)
        socketio = SocketIO(app)
        running = self.run(app, socketio, monkeypatch)
        while socketio._embedded is None:
            threading.Event().wait(0.001)
        socketio.stop()
        running.thread.join(10)

        assert running.exits == []
        assert socketio._embedded is None
        assert app.debug is False

    @pytest.mark.parametrize("where", ["event", "page"])
    def test_stop_from_the_application(self, monkeypatch: Any, where: str) -> None:
        app = Flask(__name__)
        socketio = SocketIO(app)
        socketio.on_event("stop", socketio.stop)
        app.add_url_rule("/stop", "stop", lambda: socketio.stop() or "stopped")
        running = self.run(app, socketio, monkeypatch)
        port = running.embedded._listener.getsockname()[1]
        client = Client(port)
        client.connect()
        if where == "event":
            client.emit("stop")
        else:
            page = HTTPConnection("127.0.0.1", port, timeout=5)
            page.request("GET", "/stop")
            assert page.getresponse().read() == b"stopped"
            page.close()
        assert client.wait_for_close()[0] == 1001
        client.close()
        running.thread.join(10)

        assert not running.thread.is_alive()
        with pytest.raises(UsageError, match="none is running"):
            socketio.stop()

    def test_it_initialises_the_application(self, monkeypatch: Any) -> None:
        app = Flask(__name__)
        socketio = SocketIO()
        running = self.run(app, socketio, monkeypatch)
        running.embedded.stop()
        running.thread.join(10)

        assert app.extensions["socketio"] is socketio

    def test_reload_is_told_by_the_exit_status(self, monkeypatch: Any) -> None:
        app = Flask(__name__)
        running = self.run(app, SocketIO(app), monkeypatch)
        running.embedded.stop_to_reload()
        running.thread.join(10)

        assert [exit_.code for exit_ in running.exits] == [3]

    def test_unknown_option(self) -> None:
        app = Flask(__name__)
        with pytest.raises(UnknownOptionError, match="did you mean 'use_reloader'"):
            SocketIO(app).run(app, use_reload=True)  # type: ignore[call-arg]


def test_two_servers_in_one_process(make_site: MakeSite) -> None:
    sites = [make_site(), make_site()]
    for number, site in enumerate(sites):
        site.socketio.on_event("go", lambda number=number: emit("x", number, broadcast=True))
    clients = [site.connect() for site in sites]
    for client in clients:
        client.emit("go")

    assert [client.drain() for client in clients] == [[["x", 0]], [["x", 1]]]


class TestAfterAStop:
    @pytest.fixture
    def stopped(self, site: Site) -> Site:
        site.connect()
        site.stop()
        return site

    def test_emit_is_harmless(self, stopped: Site) -> None:
        stopped.socketio.emit("x", 1)
        stopped.socketio.close_room("r")

    def test_call_does_not_wait(self, stopped: Site) -> None:
        with pytest.raises(DisconnectedError):
            stopped.socketio.call("x", to=stopped.clients[0].sid)

    def test_another_server(self, stopped: Site) -> None:
        stopped.restart()
        stopped.socketio.on_event("go", lambda: emit("x"))
        slept = Until()

        def work() -> None:
            stopped.socketio.sleep(0)
            slept.set(True)

        client = stopped.connect()
        client.emit("go")
        assert client.receive_event() == ["x"]
        stopped.socketio.start_background_task(work)
        assert slept.get()


def test_server_knows_whether_it_runs(site: Site) -> None:
    server = site.socketio.service
    assert server is not None
    assert server.workers is None
    site.connect()
    assert server.workers is not None
