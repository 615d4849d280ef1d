"""namespace.py: class-based namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import request

from flask_socketio import Namespace, UnknownOptionError, UsageError, emit

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
            return [event, *args]

    site.socketio.on_namespace(Everything("/all"))
    client = site.connect("/all")

    assert client.call("what ever", 1, namespace="/all") == ["what ever", 1]


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

    def test_unknown_keywords(self, chat: Namespace) -> None:
        with pytest.raises(UnknownOptionError, match="did you mean 'namespace'"):
            chat.emit("news", namespaces="/")  # type: ignore[arg-type]
        with pytest.raises(UnknownOptionError, match="did you mean 'callback'"):
            chat.send("news", callbacks=print)  # type: ignore[arg-type]


def test_socketio_before_registration() -> None:
    with pytest.raises(UsageError, match=r"register it with socketio\.on_namespace"):
        Namespace("/chat").emit("news")


def test_default_namespace() -> None:
    assert Namespace().namespace == "/"
