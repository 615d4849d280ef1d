"""Every Python listing of the documentation: "Getting Started" and "Implementation Notes".

The listings stand as they are in the documents; what is around them makes them run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import request
from tests.flask.client import RefusedError

from flask_socketio import SocketIO

if TYPE_CHECKING:
    from tests.flask.site import Site


class TestReceiving:
    """2.2 Receiving Messages."""

    def test_unnamed_event(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("message")
        def handle_message(data):
            print("received message: " + data)

        site.connect().call("message", "hi")

        assert capsys.readouterr().out == "received message: hi\n"

    def test_unnamed_json_event(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("json")
        def handle_json(json):
            print("received json: " + str(json))

        site.connect().call("json", {"a": 1})

        assert capsys.readouterr().out == "received json: {'a': 1}\n"

    def test_custom_event(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my event")
        def handle_my_custom_event(json):
            print("received json: " + str(json))

        site.connect().call("my event", {"a": 1})

        assert capsys.readouterr().out == "received json: {'a': 1}\n"

    def test_several_arguments(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my_event")
        def handle_my_custom_event(arg1, arg2, arg3):
            print("received args: " + arg1 + arg2 + arg3)

        site.connect().call("my_event", "a", "b", "c")

        assert capsys.readouterr().out == "received args: abc\n"

    def test_event_decorator(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.event
        def my_custom_event(arg1, arg2, arg3):
            print("received args: " + arg1 + arg2 + arg3)

        site.connect().call("my_custom_event", "a", "b", "c")

        assert capsys.readouterr().out == "received args: abc\n"

    def test_namespace(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my event", namespace="/test")
        def handle_my_custom_namespace_event(json):
            print("received json: " + str(json))

        site.connect("/test").call("my event", 5, namespace="/test")

        assert capsys.readouterr().out == "received json: 5\n"

    def test_on_event(self, site: Site) -> None:
        socketio = site.socketio

        def my_function_handler(data):
            pass

        socketio.on_event("my event", my_function_handler, namespace="/test")

        assert site.connect("/test").call("my event", 5, namespace="/test") is None

    def test_acknowledgement(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my event")
        def handle_my_custom_event(json):
            print("received json: " + str(json))
            return "one", 2

        assert site.connect().call("my event", 5) == ["one", 2]


class TestSending:
    """2.3 Sending Messages."""

    def test_bounce(self, site: Site) -> None:
        socketio = site.socketio

        from flask_socketio import emit, send

        @socketio.on("message")
        def handle_message(message):
            send(message)

        @socketio.on("json")
        def handle_json(json):
            send(json, json=True)

        @socketio.on("my event")
        def handle_my_custom_event(json):
            emit("my response", json)

        client = site.connect()
        client.emit("message", "text")
        client.emit("json", {"a": 1})
        client.emit("my event", {"b": 2})

        assert client.drain() == [
            ["message", "text"],
            ["json", {"a": 1}],
            ["my response", {"b": 2}],
        ]

    def test_other_namespace(self, site: Site) -> None:
        socketio = site.socketio
        socketio.on_event("none", lambda: None, namespace="/chat")

        from flask_socketio import emit, send

        @socketio.on("message")
        def handle_message(message):
            send(message, namespace="/chat")

        @socketio.on("my event")
        def handle_my_custom_event(json):
            emit("my response", json, namespace="/chat")

        client = site.connect()
        client.connect("/chat")
        client.emit("message", "text")
        client.emit("my event", {"b": 2})

        assert client.drain("/chat") == [["message", "text"], ["my response", {"b": 2}]]

    def test_several_arguments(self, site: Site) -> None:
        socketio = site.socketio
        socketio.on_event("none", lambda: None, namespace="/chat")

        from flask_socketio import emit

        @socketio.on("my event")
        def handle_my_custom_event(json):
            emit("my response", ("foo", "bar", json), namespace="/chat")

        client = site.connect()
        client.connect("/chat")
        client.emit("my event", [1])

        assert client.drain("/chat") == [["my response", "foo", "bar", [1]]]

    def test_callback(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        from flask_socketio import emit

        def ack():
            print("message was received!")

        @socketio.on("my event")
        def handle_my_custom_event(json):
            emit("my response", json, callback=ack)

        client = site.connect()
        client.emit("my event", 1)
        client.answer()
        site.close()

        assert capsys.readouterr().out == "message was received!\n"


class TestBroadcasting:
    """2.4 Broadcasting."""

    def test_broadcast(self, site: Site) -> None:
        socketio = site.socketio

        from flask_socketio import emit

        @socketio.on("my event")
        def handle_my_custom_event(data):
            emit("my response", data, broadcast=True)

        clients = [site.connect() for _ in range(3)]
        clients[0].emit("my event", 1)

        assert [client.receive_event() for client in clients] == [["my response", 1]] * 3

    def test_from_the_server(self, site: Site) -> None:
        socketio = site.socketio

        def some_function():
            socketio.emit("some event", {"data": 42})

        client = site.connect()
        some_function()

        assert client.receive_event() == ["some event", {"data": 42}]


class TestRooms:
    """2.5 Rooms."""

    def test_join_and_leave(self, site: Site) -> None:
        socketio = site.socketio

        from flask_socketio import join_room, leave_room, send

        @socketio.on("join")
        def on_join(data):
            username = data["username"]
            room = data["room"]
            join_room(room)
            send(username + " has entered the room.", to=room)

        @socketio.on("leave")
        def on_leave(data):
            username = data["username"]
            room = data["room"]
            leave_room(room)
            send(username + " has left the room.", to=room)

        ann, bob = site.connect(), site.connect()
        ann.call("join", {"username": "ann", "room": "r"})
        bob.call("join", {"username": "bob", "room": "r"})
        bob.call("leave", {"username": "bob", "room": "r"})

        assert [ann.receive_event()[1] for _ in range(3)] == [
            "ann has entered the room.",
            "bob has entered the room.",
            "bob has left the room.",
        ]
        assert bob.drain() == [["message", "bob has entered the room."]]


class TestConnectionEvents:
    """2.6 Connection Events."""

    def test_connect_and_disconnect(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        from flask_socketio import emit

        @socketio.on("connect")
        def test_connect(auth):
            emit("my response", {"data": "Connected"})

        @socketio.on("disconnect")
        def test_disconnect():
            print("Client disconnected")

        client = site.connect()
        assert client.receive_event() == ["my response", {"data": "Connected"}]
        site.close()

        assert capsys.readouterr().out == "Client disconnected\n"

    def test_refusal(self, site: Site) -> None:
        socketio = site.socketio
        self.authenticate = lambda args: False

        from flask_socketio import ConnectionRefusedError

        @socketio.on("connect")
        def connect():
            if not self.authenticate(request.args):
                raise ConnectionRefusedError("unauthorized!")

        with pytest.raises(RefusedError) as refusal:
            site.connect()
        assert refusal.value.data == {"message": "unauthorized!"}


class TestNamespaceClasses:
    """2.7 Class-Based Namespaces."""

    def test_class(self, site: Site) -> None:
        socketio = site.socketio

        from flask_socketio import Namespace, emit

        class MyCustomNamespace(Namespace):
            def on_connect(self):
                pass

            def on_disconnect(self):
                pass

            def on_my_event(self, data):
                emit("my_response", data)

        socketio.on_namespace(MyCustomNamespace("/test"))

        client = site.connect("/test")
        client.emit("my_event", 1, namespace="/test")

        assert client.receive_event("/test") == ["my_response", 1]


class TestErrorHandling:
    """2.8 Error Handling."""

    def test_error_handlers(self, site: Site) -> None:
        socketio = site.socketio
        seen: list[tuple[str, Any]] = []

        @socketio.on_error()  # Handles the default namespace
        def error_handler(e):
            seen.append(("/", e))

        @socketio.on_error("/chat")  # handles the '/chat' namespace
        def error_handler_chat(e):
            seen.append(("/chat", e))

        @socketio.on_error_default  # handles all namespaces without an explicit error handler
        def default_error_handler(e):
            seen.append(("default", e))

        def fail() -> None:
            raise RuntimeError(request.namespace)

        for namespace in ("/", "/chat", "/other"):
            socketio.on_event("fail", fail, namespace)
        client = site.connect()
        client.emit("fail")
        for namespace in ("/chat", "/other"):
            client.connect(namespace)
            client.emit("fail", namespace=namespace)
        client.drain()

        assert [(handler, str(error)) for handler, error in seen] == [
            ("/", "/"),
            ("/chat", "/chat"),
            ("default", "/other"),
        ]

    def test_request_event(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my error event")
        def on_my_event(data):
            raise RuntimeError()

        @socketio.on_error_default
        def default_error_handler(e):
            print(request.event["message"])  # "my error event"
            print(request.event["args"])  # (data,)

        client = site.connect()
        client.emit("my error event", 7)
        client.drain()

        assert capsys.readouterr().out == "my error event\n(7,)\n"


def test_logging_options() -> None:
    """2.9 Debugging and Troubleshooting."""
    socketio = SocketIO(logger=True, engineio_logger=True)

    assert socketio.server_options == {"logger": True, "engineio_logger": True}


def test_initialization() -> None:
    """2.1 Initialization."""
    from flask import Flask

    from flask_socketio import SocketIO

    app = Flask(__name__)
    app.config["SECRET_KEY"] = "secret!"
    socketio = SocketIO(app)

    if __name__ == "__main__":
        socketio.run(app)

    assert app.extensions["socketio"] is socketio


class TestReference:
    """6 API Reference; the listings that use the session are in test_sessions.py."""

    def test_emit(self, site: Site) -> None:
        app, socketio = site.app, site.socketio
        socketio.on_event("none", lambda: None, namespace="/chat")

        @app.route("/ping")
        def ping():
            socketio.emit("ping event", {"data": 42}, namespace="/chat")
            return ""

        client = site.connect("/chat")
        site.get("/ping")

        assert client.receive_event("/chat") == ["ping event", {"data": 42}]

    def test_call(self, site: Site) -> None:
        socketio = site.socketio

        from flask_socketio import call

        def get_status(client, data):
            status = call("status", {"data": data}, to=client)
            return status

        socketio.on_event("go", lambda: get_status(request.sid, 7))
        client = site.connect()
        asked = client.start_call("go")

        assert client.answer("fine") == ["status", {"data": 7}]
        assert client.finish_call(asked) == ["fine"]

    def test_event(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.event(namespace="/test")
        def my_event(data):
            print("Received data: ", data)

        site.connect("/test").call("my_event", 1, namespace="/test")

        assert capsys.readouterr().out == "Received data:  1\n"

    def test_error_handlers(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on_error(namespace="/chat")
        def chat_error_handler(e):
            print("An error has occurred: " + str(e))

        @socketio.on("fail", namespace="/chat")
        def fail():
            raise RuntimeError("expected")

        client = site.connect()
        client.connect("/chat")
        client.emit("fail", namespace="/chat")
        client.drain()

        assert capsys.readouterr().out == "An error has occurred: expected\n"
