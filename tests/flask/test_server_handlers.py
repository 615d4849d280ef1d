"""server_handlers.py: handlers that are called with the client's sid first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import current_app, request
from tests.flask.client import RefusedError

from flask_socketio import ConnectionRefusedError, Namespace, UsageError
from flask_socketio.server_handlers import SidFirst

if TYPE_CHECKING:
    from tests.flask.site import Site

    from flask_socketio.server import Server


@pytest.fixture
def server(site: Site) -> Server:
    return site.socketio.server


def test_an_event(site: Site, server: Server) -> None:
    @server.on("chat", namespace="/chat")
    def chat(sid: str, *data: Any) -> list[Any]:
        assert current_app.name == site.app.name
        return [sid == request.sid, *data]

    assert site.connect("/chat").call("chat", 1, 2, namespace="/chat") == [True, 1, 2]


def test_ways_to_register(site: Site, server: Server) -> None:
    def direct(sid: str) -> str:
        return "direct"

    assert server.on("direct", direct) is direct

    @server.event
    def bare(sid: str) -> str:
        return "bare"

    @server.event(namespace="/chat")
    def elsewhere(sid: str) -> str:
        return "elsewhere"

    client = site.connect()
    client.connect("/chat")
    assert [client.call("direct"), client.call("bare")] == ["direct", "bare"]
    assert client.call("elsewhere", namespace="/chat") == "elsewhere"


@pytest.mark.parametrize("takes_auth", [True, False])
def test_connecting(site: Site, server: Server, takes_auth: bool) -> None:
    seen: list[Any] = []
    if takes_auth:
        server.on("connect", lambda sid, environ, auth: seen.append((sid, environ, auth)))
        server.on("disconnect", lambda sid, reason: seen.append((sid, reason)))
    else:
        server.on("connect", lambda sid, environ: seen.append((sid, environ)))
        server.on("disconnect", lambda sid: seen.append((sid,)))
    client = site.connect(None)
    client.connect(auth={"token": 1})
    environ = server.get_environ(client.sid)
    client.leave()
    client.connect()

    more = ({"token": 1},) if takes_auth else ()
    reason = ("client disconnect",) if takes_auth else ()
    first = (client.sids["/"], environ)
    assert seen[0][1] is environ
    assert seen[0][2:] == more
    assert seen[1] == (seen[0][0], *reason)
    assert seen[2][:2] == first


def test_a_connect_handler_may_refuse(site: Site, server: Server) -> None:
    @server.on("connect")
    def connect(sid: str, environ: dict[str, Any]) -> None:
        raise ConnectionRefusedError("not today")

    with pytest.raises(RefusedError) as caught:
        site.connect()
    assert caught.value.data == {"message": "not today"}


def test_any_event_and_any_namespace(site: Site, server: Server) -> None:
    server.on("*", lambda event, sid, *data: ["any event", event, sid, *data], namespace="/a")
    server.on("known", lambda namespace, sid, *data: [namespace, sid, *data], namespace="*")
    server.on("*", lambda *args: ["any", *args], namespace="*")
    client = site.connect("/a")
    client.connect("/b")
    first, second = client.sids["/a"], client.sids["/b"]

    assert client.call("what", 1, namespace="/a") == ["any event", "what", first, 1]
    assert client.call("known", 1, namespace="/b") == ["/b", second, 1]
    assert client.call("what", 1, namespace="/b") == ["any", "what", "/b", second, 1]


def test_classes(site: Site, server: Server) -> None:
    class Chat(Namespace):
        def on_where(self) -> str:
            return request.namespace

    chat = Chat("/chat")
    server.register_namespace(chat)

    assert site.connect("/chat").call("where", namespace="/chat") == "/chat"
    assert server.namespace_handlers == {"/chat": chat}
    assert site.socketio.namespace_handlers == (chat,)
    with pytest.raises(ValueError, match="an instance of a subclass of Namespace"):
        server.register_namespace("/chat")  # type: ignore[arg-type]


def test_what_is_registered_can_be_looked_up(site: Site, server: Server) -> None:
    def connected() -> None:
        pass

    def chat(sid: str) -> None:
        pass

    site.socketio.on_event("connect", connected)
    server.on("chat", chat, "/chat")

    assert server.handlers["/"]["connect"] is connected
    registered = server.handlers["/chat"]["chat"]
    assert isinstance(registered, SidFirst)
    assert registered.function is chat
    assert ("connect", connected, "/") in site.socketio.handlers
    assert ("chat", registered, "/chat") in site.socketio.handlers
    with pytest.raises(TypeError, match="does not support item assignment"):
        server.handlers["/"]["other"] = chat  # type: ignore[index]


def test_mistakes(server: Server) -> None:
    with pytest.raises(UsageError, match="'chat' is 'no function', which cannot be called"):
        server.on("chat", "no function")  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="write namespace='/chat'"):
        server.event("/chat")  # type: ignore[type-var]
    with pytest.raises(UsageError, match="is called by the server"):
        SidFirst("chat", "/", print)()
