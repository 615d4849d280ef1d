"""The listings of the guide of 2018, its Python 2 written in Python 3, word for word.

What its older API shares with today's (decorators, ``room=``, namespaces, error handlers) must go
on to work as it is written there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request

from flask_socketio import Namespace, SocketIO, emit, join_room, leave_room, send

if TYPE_CHECKING:
    import pytest
    from tests.flask.site import Site

# The listings have no annotations.
# mypy: disable-error-code="no-untyped-def"


class TestReceiving:
    def test_custom_event(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my event")
        def handle_my_custom_event(json):
            print("Received json: " + str(json))

        site.connect().call("my event", {"data": "I'm connected!"})
        assert capsys.readouterr().out == "Received json: {'data': \"I'm connected!\"}\n"

    def test_on_event(self, site: Site) -> None:
        socketio = site.socketio

        def my_function_handler(data):
            seen.append(data)

        seen: list[int] = []
        socketio.on_event("my event", my_function_handler, namespace="/test")
        site.connect("/test").call("my event", 1, namespace="/test")
        assert seen == [1]

    def test_unnamed_events(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("message")
        def hanle_message(message):
            print("Received message:" + message)

        @socketio.on("json")
        def handle_json(json):
            print("Received JSON:" + str(json))

        client = site.connect()
        client.call("message", "hello")
        client.call("json", {"a": 1})
        assert capsys.readouterr().out == "Received message:hello\nReceived JSON:{'a': 1}\n"

    def test_several_arguments(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my event")
        def handle_my_custom_event(arg1, arg2, arg3):
            print("Received args: " + arg1 + arg2 + arg3)

        site.connect().call("my event", "a", "b", "c")
        assert capsys.readouterr().out == "Received args: abc\n"

    def test_namespace(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my event", namespace="/test")
        def handle_my_custom_namespace_event(json):
            print("Received json: " + str(json))

        site.connect("/test").call("my event", {}, namespace="/test")
        assert capsys.readouterr().out == "Received json: {}\n"

    def test_namespace_class(self, site: Site) -> None:
        socketio = site.socketio

        class MyCustomNamespace(Namespace):
            def on_connect(self):
                pass

            def on_disconnect(self):
                pass

            def on_my_event(self, data):
                emit("my_response", data)

        socketio.on_namespace(MyCustomNamespace("/test"))
        client = site.connect("/test")
        client.emit("my_event", 5, namespace="/test")
        assert client.receive_event("/test") == ["my_response", 5]

    def test_a_decorated_handler_comes_before_a_class(self, site: Site) -> None:
        class MyCustomNamespace(Namespace):
            def on_my_event(self, data):
                return "class"

        site.socketio.on_namespace(MyCustomNamespace("/test"))
        site.socketio.on_event("my_event", lambda data: "decorated", namespace="/test")
        assert site.connect("/test").call("my_event", 1, namespace="/test") == "decorated"

    def test_acknowledgement(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("my event")
        def handle_my_custom_event(json):
            print("received json: " + str(json))
            return "one", 2

        assert site.connect().call("my event", 0) == ["one", 2]
        assert capsys.readouterr().out == "received json: 0\n"


class TestSending:
    def test_echo(self, site: Site) -> None:
        socketio = site.socketio

        @socketio.on("message")
        def handle_messgae(message):
            send(message)

        @socketio.on("json")
        def handle_json(json):
            send(json, json=True)

        @socketio.on("my event")
        def handle_my_event(json):
            emit("my response", json)

        client = site.connect()
        for event, answer in (
            ("message", "message"),
            ("json", "json"),
            ("my event", "my response"),
        ):
            client.emit(event, {"a": 1})
            assert client.receive_event() == [answer, {"a": 1}]

    def test_other_namespace(self, site: Site) -> None:
        socketio = site.socketio
        socketio.on_event("connect", lambda: None, namespace="/chat")

        @socketio.on("message")
        def handler_message(message):
            send(message, namespace="/chat")

        @socketio.on("my event")
        def handle_my_event(json):
            emit("my response", ("foo", "bar", json), namespace="/chat")

        client = site.connect()
        client.connect("/chat")
        client.emit("message", "hello")
        assert client.receive_event("/chat") == ["message", "hello"]
        client.emit("my event", 3)
        assert client.receive_event("/chat") == ["my response", "foo", "bar", 3]

    def test_callback(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        def ack():
            print("Message war receiverd")

        @socketio.on("my event")
        def handle_my_custom_event(json):
            emit("My response", json, callback=ack)

        client = site.connect()
        client.emit("my event", 1)
        assert client.answer() == ["My response", 1]
        client.drain()
        site.stop()
        assert capsys.readouterr().out == "Message war receiverd\n"

    def test_broadcast(self, site: Site) -> None:
        socketio = site.socketio

        @socketio.on("my event")
        def handle_my_custom_event(data):
            emit("my response", data, broadcast=True)

        first, second = site.connect(), site.connect()
        first.emit("my event", 1)
        assert first.receive_event() == second.receive_event() == ["my response", 1]

    def test_from_the_server(self, site: Site) -> None:
        socketio = site.socketio

        def some_function():
            socketio.emit("Some event", {"data": 42})

        client = site.connect()
        some_function()
        assert client.receive_event() == ["Some event", {"data": 42}]

    def test_rooms(self, site: Site) -> None:
        socketio = site.socketio

        @socketio.on("join")
        def on_join(data):
            username = data["username"]
            room = data["room"]
            join_room(room)
            send(username + " has entered the room.", room=room)

        @socketio.on("leave")
        def on_leave(data):
            username = data["username"]
            room = data["room"]
            leave_room(room)
            send(username + " has left the room.", room=room)

        ann, bob = site.connect(), site.connect()
        ann.emit("join", {"username": "ann", "room": "r"})
        assert ann.receive_event() == ["message", "ann has entered the room."]
        bob.emit("join", {"username": "bob", "room": "r"})
        assert (
            ann.receive_event() == bob.receive_event() == ["message", "bob has entered the room."]
        )
        bob.emit("leave", {"username": "bob", "room": "r"})
        assert ann.receive_event() == ["message", "bob has left the room."]
        assert bob.drain() == []


class TestConnectionsAndErrors:
    def test_connection_events(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on("connect", namespace="/chat")
        def test_connect():
            emit("my response", {"data": 42})

        @socketio.on("disconnect", namespace="/chat")
        def test_disconnect():
            print("Client disconnected.")

        client = site.connect("/chat")
        assert client.receive_event("/chat") == ["my response", {"data": 42}]
        client.leave("/chat")
        site.stop()
        assert capsys.readouterr().out == "Client disconnected.\n"

    def test_error_handlers(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        socketio = site.socketio

        @socketio.on_error()
        def error_handler(e):
            print("default namespace")

        @socketio.on_error("/chat")
        def error_handler_chat(e):
            print("/chat")

        @socketio.on("my error event", namespace="/other")
        @socketio.on("my error event", namespace="/chat")
        @socketio.on("my error event")
        def on_my_event(data):
            raise RuntimeError

        @socketio.on_error_default
        def default_error_default(e):
            print(request.event["message"])  # my error event
            print(request.event["args"])  # (data, )

        client = site.connect()
        for namespace in ("/chat", "/other"):
            client.connect(namespace)
        for namespace in ("/", "/chat", "/other"):
            client.emit("my error event", 7, namespace=namespace)
            client.drain()
        assert capsys.readouterr().out == "default namespace\n/chat\nmy error event\n(7,)\n"


def test_initialization() -> None:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "secret!"
    socketio = SocketIO(app)
    assert app.extensions["socketio"] is socketio
