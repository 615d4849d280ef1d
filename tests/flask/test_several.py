"""One instance on several applications, several instances on one, and emitters without any."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from tests.flask.client import Client
from tests.interop.processes import free_port, wait_until

from flask_socketio import SocketIO, UsageError, emit

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serve(socketio: SocketIO, app: Flask) -> Iterator[int]:
    """Run a server in a thread; the value is its port."""
    port = free_port()
    thread = threading.Thread(target=socketio.run, args=(app, "127.0.0.1", port))
    thread.start()
    try:
        wait_until(lambda: socketio._embedded is not None, "the server has started")
        yield port
    finally:
        socketio.stop()
        thread.join(10)
        assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(stack: ExitStack, port: int, path: str = "socket.io") -> Client:
    client = Client(port, path=path)
    stack.callback(client.close)
    client.connect()
    return client


def test_two_instances_on_one_application(stack: ExitStack) -> None:
    app = Flask(__name__)
    chat, admin = SocketIO(app), SocketIO(app, path="admin/live")
    chat.on_event("who", lambda: "chat")
    admin.on_event("who", lambda: "admin")
    admin.on_event("tell", lambda text: chat.emit("told", text))

    assert chat.wsgi_server is None
    port = stack.enter_context(serve(chat, app))
    assert chat.wsgi_server is not None
    chatter, administrator = connect(stack, port), connect(stack, port, "admin/live")
    assert chatter.call("who") == "chat"
    assert administrator.call("who") == "admin"
    administrator.emit("tell", "hello")
    assert chatter.receive_event() == ["told", "hello"]


def test_one_instance_on_two_applications(stack: ExitStack) -> None:
    socketio = SocketIO()
    first, second = Flask("first"), Flask("second")
    for app in (first, second):
        socketio.init_app(app)
    socketio.on_event("go", lambda: socketio.emit("went"))

    client = connect(stack, stack.enter_context(serve(socketio, first)))
    client.emit("go")
    assert client.receive_event() == ["went"]
    with first.app_context():
        socketio.emit("inside")
    assert client.receive_event() == ["inside"]
    socketio.emit("to the clients of the second")
    with second.app_context():
        socketio.emit("to the same")
    with first.app_context():
        socketio.emit("inside")
    assert client.receive_event() == ["inside"]


class TestMessageQueue:
    def test_without_application_it_is_constructed_and_raises_on_emit(self) -> None:
        socketio = SocketIO(message_queue="redis://:password@nowhere.invalid:1")
        for use in (lambda: socketio.emit("x"), lambda: socketio.send("x")):
            with pytest.raises(UsageError, match="would reach nobody") as raised:
                use()
            assert "password" not in str(raised.value)

    def test_init_app_without_application(self) -> None:
        socketio = SocketIO()
        socketio.init_app(None, message_queue="redis://")
        with pytest.raises(UsageError, match="would reach nobody"):
            socketio.emit("x")

    @pytest.mark.parametrize("logger", [False, True])
    def test_with_one_it_is_warned_that_nothing_leaves(
        self, logger: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        SocketIO(Flask(__name__), message_queue="redis://", channel="x", logger=logger)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "nothing that is emitted here leaves this process" in caplog.text

    def test_its_own_clients_are_served(
        self, stack: ExitStack, caplog: pytest.LogCaptureFixture
    ) -> None:
        app = Flask(__name__)
        socketio = SocketIO(app, message_queue="amqp://")
        client = connect(stack, stack.enter_context(serve(socketio, app)))
        socketio.emit("x", 1)
        assert client.receive_event() == ["x", 1]


def test_the_async_mode_of_another_server_is_warned_of(
    stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="eventlet")
    assert caplog.text == ""
    socketio.on_event("double", lambda number: 2 * number)
    client = connect(stack, stack.enter_context(serve(socketio, app)))
    assert client.call("double", 4) == 8
    assert "async_mode='eventlet' is not supported yet: handlers run in threads" in caplog.text
    assert socketio.async_mode == "threading"


class TestSubclass:
    """Published extensions replace ``emit``, and expect that handlers emit through it."""

    class Counting(SocketIO):
        def emit(self, event: str, *args: Any, **options: Any) -> None:
            seen.append((event, options["namespace"]))
            super().emit(event, *args, **options)

    @pytest.fixture
    def client(self, stack: ExitStack) -> Client:
        app = Flask(__name__)
        socketio = self.Counting(app)
        socketio.on_event("go", lambda namespace: emit("went", 1, 2, namespace=namespace))
        socketio.on_event("tell", lambda: emit("told", broadcast=True, include_self=False))
        socketio.on_event("connect", lambda: None, namespace="/chat")
        seen.clear()
        client = connect(stack, stack.enter_context(serve(socketio, app)))
        client.connect("/chat")
        return client

    @pytest.mark.parametrize("namespace", ["/", "/chat"])
    def test_the_client_itself(self, client: Client, namespace: str) -> None:
        client.emit("go", namespace)
        assert client.receive_event(namespace) == ["went", 1, 2]
        assert seen == [("went", namespace)]

    def test_others(self, client: Client) -> None:
        client.emit("tell")
        client.emit("go", "/")
        assert client.receive_event() == ["went", 1, 2]
        assert seen == [("told", "/"), ("went", "/")]


seen: list[tuple[str, str]] = []
