"""Code that must type-check under ``mypy --strict``; `test_type_check.py` runs mypy on it."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Hashable
from typing import Any, assert_type

import flask.json
from flask import Flask

from flask_socketio import (
    ConnectionRefusedError,
    DisconnectedError,
    Namespace,
    SocketIO,
    TimeoutError,
    call,
    close_room,
    disconnect,
    emit,
    join_room,
    leave_room,
    rooms,
    send,
)
from flask_socketio.server import Server

app = Flask(__name__)
socketio = SocketIO(
    app,
    path="live",
    logger=logging.getLogger("app"),
    engineio_logger=True,
    json=flask.json,
    cors_allowed_origins=["https://example.com"],
    ping_interval=(10, 5),
    cookie={"name": "io", "httponly": True, "samesite": "Lax"},
    namespaces="*",
    transports=["websocket"],
    async_handlers=False,
)
later = SocketIO()
later.init_app(app, ping_timeout=5, cors_allowed_origins="*")


@socketio.on("connect")
def connected(auth: dict[str, Any] | None) -> bool:
    if auth is None:
        raise ConnectionRefusedError("unauthorized!", {"code": 1})
    return True


@socketio.on("disconnect", namespace="/chat")
def disconnected(reason: str) -> None:
    if reason == socketio.reason.PING_TIMEOUT:
        leave_room("chat")


@socketio.event
def my_event(data: dict[str, int], number: int = 0) -> tuple[str, int]:
    emit("answer", data, number, broadcast=True, include_self=False, skip_sid=["a", "b"])
    emit("answer", to=["room", 7], namespace="/chat", callback=lambda *args: None)
    send("text", json=True, room=("a", 1))
    join_room("chat", sid="a", namespace="/chat")
    close_room("chat")
    disconnect("a", namespace="/chat", silent=True)
    names: list[str] = ["a", "b"]
    emit("answer", to=names)
    socketio.emit("answer", to={"a", "b"}, skip_sid=names)
    first: object = rooms()[0]
    print(first)
    return "one", 2


@socketio.event(namespace="/chat")
def other_event() -> None:
    try:
        answer: Any = call("question", 1, timeout=0.5)
    except DisconnectedError:
        return
    except TimeoutError:
        return
    print(answer)


# A decorator gives back what it was given.
assert_type(my_event({"a": 1}), tuple[str, int])
assert_type(other_event(), None)


@socketio.on_error()
def failed(error: Exception) -> str:
    return str(error)


@socketio.on_error_default
def failed_anywhere(error: Exception) -> None:
    print(error)


class Chat(Namespace):
    def on_connect(self, auth: dict[str, Any] | None) -> None:
        self.emit("news", {"a": 1}, room="r", callback=print)
        self.send("text", to=["r"], include_self=False)
        self.close_room("r")

    def on_move(self, sid: str) -> list[Hashable]:
        self.enter_room(sid, "r")
        self.leave_room(sid, ("r", 1), namespace="/other")
        answer: Any = self.call("question", {"a": 1}, sid, timeout=1)
        with self.session(sid) as kept:
            kept["answer"] = answer
        self.save_session(sid, {**self.get_session(sid), "moved": True})
        self.disconnect(sid)
        assert_type(self.server, Server)
        return self.rooms(sid)

    def trigger_event(self, event: str, *args: Any) -> Any:
        return super().trigger_event(event, *args)


socketio.on_namespace(Chat("/chat"))
socketio.on_event("named", lambda data: data, namespace="/chat")


server = socketio.server
assert_type(server, Server)


@server.on("chat", namespace="/chat")
def chat(sid: str, data: str) -> str:
    server.emit("news", data, sid, skip_sid=["a"], namespace="/chat", callback=print)
    server.send(data, room="r")
    assert_type(server.call("question", ("a", 1), to=sid, timeout=None), Any)
    return data


@server.event
def bare(sid: str) -> None:
    environ = server.get_environ(sid)
    if environ is not None:
        print(environ["flask.app"])


assert_type(chat("a", "b"), str)
for room, members in server.manager.rooms["/"].items():
    for member, eio_sid in members.items():
        assert_type((room, member, eio_sid), tuple[Hashable, str, str])
assert_type(list(server.manager.get_participants("/", None)), list[tuple[str, str]])
assert_type(server.eio.sockets["sid"].upgraded, bool)
for handled_event, handler, handled_namespace in socketio.handlers:
    print(handled_event.upper(), handler, handled_namespace.upper())
socketio.default_exception_handler = failed_anywhere
socketio.manage_session = False


def work(count: int) -> None:
    while True:
        socketio.sleep(1.5)
        socketio.emit("tick", count)


task = socketio.start_background_task(work, 1)
assert_type(task, threading.Thread)
status: Any = socketio.call("status", to="sid", timeout=None)


def main() -> None:
    socketio.run(
        app,
        host="0.0.0.0",
        port=5000,
        debug=True,
        use_reloader=False,
        log_output=True,
        certfile="cert.pem",
        keyfile="key.pem",
        ssl_context=ssl.create_default_context(),
        allow_unsafe_werkzeug=True,
    )
    socketio.stop()
