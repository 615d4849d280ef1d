"""namespace.py: class-based namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import request

from flask_socketio import (
    DisconnectedError,
    Namespace,
    SocketIO,
    UnknownOptionError,
    UsageError,
    emit,
)

if TYPE_CHECKING:
    from tests.flask.site import Site


def test_connection_methods_with_and_without_arguments(site: Site) -> None:
    seen: list[Any] = []

    class Without(Namespace):
        def on_connect(self) -> None:
            seen.append("connect")

        def on_disconnect(self) -> None:
            seen.append("disconnect")

    class With(Namespace):
        def on_connect(self, auth: Any) -> None:
            seen.append(auth)

        def on_disconnect(self, reason: str) -> None:
            seen.append(reason)

    site.socketio.on_namespace(Without("/without"))
    site.socketio.on_namespace(With("/with"))
    client = site.connect()
    for namespace in ("/without", "/with", "/with"):
        client.connect(namespace, {"token": 1})
        client.leave(namespace)
    client.drain()

    again = [{"token": 1}, "client disconnect"]
    assert seen == ["connect", "disconnect", *again, *again]


def test_event_without_method_is_ignored_without_ack(site: Site) -> None:
    class Chat(Namespace):
        def on_known(self) -> str:
            return "known"

    site.socketio.on_namespace(Chat("/chat"))
    client = site.connect()
    client.connect("/chat")
    client.start_call("unknown", namespace="/chat")

    assert client.call("known", namespace="/chat") == "known"
    assert [packet.data for packet in client.kept] == []


def test_class_without_connection_methods(site: Site) -> None:
    class Empty(Namespace):
        pass

    site.socketio.on_namespace(Empty("/empty"))
    client = site.connect()

    assert client.connect("/empty")
    client.leave("/empty")
    assert client.drain() == []


def test_trigger_event_may_be_overridden(site: Site) -> None:
    class Everything(Namespace):
        def trigger_event(self, event: str, *args: Any) -> Any:
            return [event, *args] if event == "what ever" else seen.append((event, *args))

    seen: list[Any] = []
    site.socketio.on_namespace(Everything("/all"))
    client = site.connect(None)
    sid = client.connect("/all", {"token": 1})

    assert client.call("what ever", 1, namespace="/all") == ["what ever", sid, 1]
    client.leave("/all")
    site.stop()
    (connected, by, environ, auth), left = seen
    assert (connected, by, auth) == ("connect", sid, {"token": 1})
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert left == ("disconnect", sid, "client disconnect")


def test_decorated_function_goes_before_the_method(site: Site) -> None:
    class Chat(Namespace):
        def on_known(self) -> str:
            return "method"

    site.socketio.on_namespace(Chat("/chat"))
    site.socketio.on_event("known", lambda: "function", namespace="/chat")

    assert site.connect("/chat").call("known", namespace="/chat") == "function"


def test_class_for_every_namespace(site: Site) -> None:
    class Every(Namespace):
        def on_where(self) -> str:
            return request.namespace

    site.socketio.on_namespace(Every("*"))

    assert site.connect("/what/ever").call("where", namespace="/what/ever") == "/what/ever"


def test_client_cannot_run_the_connection_methods(site: Site) -> None:
    class Chat(Namespace):
        def on_connect(self, auth: Any) -> None:
            emit("auth", auth)

    site.socketio.on_namespace(Chat("/chat"))
    client = site.connect("/chat")
    client.receive_event("/chat")
    client.emit("connect", {"forged": True}, namespace="/chat")
    assert client.wait_for_close()[0] == 1002

    assert client.kept == []


class TestConveniences:
    @pytest.fixture
    def chat(self, site: Site) -> Namespace:
        chat = Namespace("/chat")
        site.socketio.on_namespace(chat)
        return chat

    def test_emit_and_send_are_to_its_namespace(self, site: Site, chat: Namespace) -> None:
        client = site.connect("/chat")

        chat.emit("news", 1)
        chat.emit("news", 2, to=client.sids["/chat"])
        chat.send("text")

        assert [client.receive_event("/chat") for _ in range(3)] == [
            ["news", 1],
            ["news", 2],
            ["message", "text"],
        ]

    def test_emit_to_another_namespace(self, site: Site, chat: Namespace) -> None:
        client = site.connect()

        chat.emit("news", 1, namespace="/")

        assert client.drain() == [["news", 1]]

    def test_close_room(self, site: Site, chat: Namespace) -> None:
        site.socketio.on_event("close", lambda: chat.close_room("r", namespace="/"))
        site.socketio.on_event("close chat", lambda: chat.close_room("r"))
        client = site.connect()
        assert client.call("close") is None
        assert client.call("close chat") is None

    def test_emit_leaves_out_whom_it_is_told(self, site: Site, chat: Namespace) -> None:
        first, second = site.connect("/chat"), site.connect("/chat")

        chat.emit("news", 1, skip_sid=first.sids["/chat"], ignore_queue=True)
        chat.send("text", skip_sid=[first.sids["/chat"]])
        chat.send("text to all")

        events = [first.receive_event("/chat"), *(second.receive_event("/chat") for _ in range(3))]
        texts = [["message", "text"], ["message", "text to all"]]
        assert events == [texts[1], ["news", 1], *texts]

    def test_room_is_the_third_argument(self, site: Site, chat: Namespace) -> None:
        client = site.connect("/chat")

        chat.emit("news", 1, "nobody")
        chat.send("text", "nobody")
        chat.emit("news", 2, client.sids["/chat"])

        assert client.receive_event("/chat") == ["news", 2]

    def test_call(self, site: Site, chat: Namespace) -> None:
        client = site.connect("/chat")
        site.socketio.on_event("go", lambda: chat.call("question", 1, request.sid), "/chat")

        ack_id = client.start_call("go", namespace="/chat")
        assert client.answer("yes", namespace="/chat") == ["question", 1]

        assert client.finish_call(ack_id, "/chat") == ["yes"]

    def test_call_of_nobody(self, site: Site, chat: Namespace) -> None:
        site.connect()

        with pytest.raises(DisconnectedError):
            chat.call("question", sid="nobody", namespace="/", timeout=0.01)

    def test_rooms(self, site: Site, chat: Namespace) -> None:
        sid = site.connect("/chat").sids["/chat"]

        chat.enter_room(sid, "kitchen")
        assert chat.rooms(sid) == [sid, "kitchen"]
        chat.leave_room(sid, "kitchen")

        assert chat.rooms(sid) == [sid]
        assert chat.rooms(sid, "/") == []
        with pytest.raises(ValueError, match="to the namespace '/'"):
            chat.enter_room(sid, "kitchen", "/")

    def test_disconnect(self, site: Site, chat: Namespace) -> None:
        client = site.connect("/chat")

        chat.disconnect(client.sids["/chat"])

        client.wait_for_disconnect("/chat")

    def test_session(self, site: Site, chat: Namespace) -> None:
        sid = site.connect("/chat").sids["/chat"]

        chat.save_session(sid, {"name": "ann"})
        with chat.session(sid) as session:
            session["age"] = 7

        assert chat.get_session(sid) == {"name": "ann", "age": 7}
        with pytest.raises(KeyError, match="to the namespace '/'"):
            chat.get_session(sid, "/")

    def test_server(self, site: Site, chat: Namespace) -> None:
        assert chat.socketio is site.socketio
        assert chat.server is site.socketio.server

    def test_unknown_keywords(self, chat: Namespace) -> None:
        with pytest.raises(UnknownOptionError, match="did you mean 'namespace'"):
            chat.emit("news", namespaces="/")  # type: ignore[arg-type]
        with pytest.raises(UnknownOptionError, match="did you mean 'callback'"):
            chat.send("news", callbacks=print)  # type: ignore[arg-type]


def test_socketio_before_registration() -> None:
    with pytest.raises(UsageError, match=r"register it with socketio\.on_namespace"):
        Namespace("/chat").emit("news")


def test_server_before_there_is_an_application() -> None:
    chat = Namespace("/chat")
    SocketIO().on_namespace(chat)

    with pytest.raises(UsageError, match=r"call init_app\(app\) first"):
        chat.rooms("nobody")


def test_trigger_event_may_do_more_than_the_method(site: Site) -> None:
    seen: list[Any] = []

    class Logging(Namespace):
        def on_add(self, one: int, two: int) -> int:
            return one + two

        def trigger_event(self, event: str, *args: Any) -> Any:
            seen.append((event, args[0], args[-1]))
            return super().trigger_event(event, *args)

    site.socketio.on_namespace(Logging("/log"))
    client = site.connect(None)
    sid = client.connect("/log", {"token": 1})

    assert client.call("add", 1, 2, namespace="/log") == 3
    assert seen == [("connect", sid, {"token": 1}), ("add", sid, 2)]


class TestError:
    class Failing(Namespace):
        def on_fail(self, text: str) -> None:
            raise RuntimeError(text)

        def error(self, error: Exception) -> str:
            return f"handled: {error}"

    def test_the_method_error_takes_what_nobody_else_takes(self, site: Site) -> None:
        site.socketio.on_namespace(self.Failing("/a"))
        assert site.connect("/a").call("fail", "x", namespace="/a") == "handled: x"

    def test_it_takes_what_an_error_handler_raises(self, site: Site) -> None:
        def raise_it(error: Exception) -> None:
            raise LookupError("another") from error

        site.socketio.on_namespace(self.Failing("/a"))
        site.socketio.on_error_default(raise_it)
        assert site.connect("/a").call("fail", "x", namespace="/a") == "handled: another"

    def test_an_error_handler_goes_before_it(self, site: Site) -> None:
        site.socketio.on_namespace(self.Failing("/a"))
        site.socketio.on_error_default(lambda error: "default")
        assert site.connect("/a").call("fail", "x", namespace="/a") == "default"


def test_the_class_of_a_namespace_goes_before_that_of_any(site: Site) -> None:
    class Named(Namespace):
        def on_known(self) -> str:
            return self.namespace

    site.socketio.on_namespace(Named("/a"))
    site.socketio.on_namespace(Named("*"))
    client = site.connect("/a")
    client.connect("/b")

    assert client.call("known", namespace="/a") == "/a"
    assert client.call("known", namespace="/b") == "*"


def test_default_namespace() -> None:
    assert Namespace().namespace == "/"
