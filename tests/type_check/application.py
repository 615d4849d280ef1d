"""A small application as somebody writes it who runs ``mypy --strict`` on it.

What is right must be accepted, and what is wrong, on the lines marked with ``# error``, found.
`test_type_check.py` runs mypy on this file; it is never run.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypedDict, assert_type

from flask import Flask, request, session

from flask_socketio import (
    ConnectionRefusedError,
    DisconnectedError,
    Namespace,
    SocketIO,
    TimeoutError,
    UsageError,
    call,
    disconnect,
    emit,
    join_room,
    leave_room,
    rooms,
    send,
)
from flask_socketio.types import DisconnectReason, Room

if TYPE_CHECKING:
    from flask_socketio.config import SocketIOOptions
    from flask_socketio.run_options import RunOptions

# ---------------------------------------------------------------- options, kept in dictionaries

limits: SocketIOOptions = {
    "max_http_buffer_size": 5_000_000,
    "ping_interval": (20, 5),
    "cors_allowed_origins": ["https://www.example.com"],
    "transports": ["websocket", "polling"],
    "handler_overlap": 0,
}
mistaken: SocketIOOptions = {"max_http_buffersize": 1}  # error
mistyped: SocketIOOptions = {"transports": 1}  # error
serving: RunOptions = {"log_output": True, "ssl_context": ("cert.pem", "key.pem")}
unknown: RunOptions = {"threaded": True}  # error


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "change me"
    socketio.init_app(app, **limits)
    socketio.init_app(app, namespaces=["/lobby"], manage_session="no")  # error
    return app


socketio = SocketIO(logger=True, async_mode="threading", cookie=None)

# ---------------------------------------------------------------- state


class Said(TypedDict):
    """What pages are sent."""

    by: str
    text: str


@dataclass
class Board:
    """What was said in a room."""

    lines: deque[Said] = field(default_factory=lambda: deque(maxlen=100))
    lock: Lock = field(default_factory=Lock)


boards: dict[str, Board] = {}

# ---------------------------------------------------------------- handlers


def logged_in(auth: dict[str, Any] | None) -> str:
    if auth is None or not isinstance(auth.get("name"), str):
        raise ConnectionRefusedError("Say who you are.", {"field": "name"})
    return str(auth["name"])


@socketio.on("connect")
def on_connect(auth: dict[str, Any] | None = None) -> None:
    session["name"] = logged_in(auth)
    emit("hello", {"name": session["name"]})
    emit("arrived", session["name"], broadcast=True, include_self=False)
    emit("arrived", session["name"], broadcasted=True)  # error


@socketio.on("disconnect")
def on_disconnect(reason: str) -> None:
    if reason in (socketio.reason.PING_TIMEOUT, DisconnectReason.TRANSPORT_CLOSE):
        socketio.emit("lost", session.get("name"), to="staff")
    socketio.emit("lost", session.get("name"), rooms="staff")  # error


@socketio.on("enter", namespace="/")
def on_enter(room: str) -> list[Said]:
    join_room(f"room:{room}")
    join_room(f"room:{room}", namespace="/", sid="somebody")
    join_room({"room": room})  # error
    own: list[Room] = rooms()
    own.append(1)
    with boards.setdefault(room, Board()).lock:
        return list(boards[room].lines)


@socketio.event
def say(room: str, text: str, picture: bytes | None = None) -> tuple[bool, str]:
    said: Said = {"by": session["name"], "text": text}
    emit("said", (said, picture), to=[f"room:{room}", "staff"], skip_sid="robot")
    emit("said", said, to=f"room:{room}", callback=lambda *answers: print(answers))
    emit("said", said, to=f"room:{room}", callback="print")  # error
    send(said, json=True, to=f"room:{room}")
    send(said, as_json=True)  # error
    return True, text


@socketio.on("leave")
def on_leave(room: str) -> None:
    leave_room(f"room:{room}")
    leave_room()  # error


@socketio.on("ask")
def on_ask(question: str) -> str:
    try:
        answer = call("question", question, timeout=2.5)
    except DisconnectedError:
        return "gone"
    except TimeoutError:
        return "silent"
    assert_type(answer, Any)
    call("question", question, timeout=None, callback=print)  # error
    return str(answer)


@socketio.on("kick")
def on_kick(sid: str) -> None:
    disconnect(sid, namespace="/")
    disconnect(reason="rude")  # error


assert_type(say("lobby", "hello"), tuple[bool, str])
say("lobby")  # error

# ---------------------------------------------------------------- a namespace


class Staff(Namespace):
    def on_connect(self, auth: dict[str, Any] | None) -> bool:
        return bool(auth) and request.remote_addr == "127.0.0.1"

    def on_announce(self, text: str) -> None:
        self.emit("announcement", text)
        self.emit("announcement", text, to=["lobby"], include_self=False, namespace="/")
        self.emit("announcement", text, broadcast=1)  # error
        self.socketio.emit("announcement", text, namespace="/", ignore_queue=True)


socketio.on_namespace(Staff("/staff"))
socketio.on_namespace(Staff)  # error
Staff(namespace=1)  # error

# ---------------------------------------------------------------- without a client


def tick(interval: float, *, label: str) -> None:
    while True:
        socketio.sleep(interval)
        socketio.emit("tick", {"label": label})
        socketio.sleep("1")  # error


@socketio.on_error_default
def on_error(error: Exception) -> dict[str, str]:
    assert not isinstance(error, UsageError)
    return {"error": str(error)}


def main() -> None:
    app = create_app()
    task: Thread = socketio.start_background_task(tick, 1.0, label="clock")
    socketio.run(app, "127.0.0.1", 8000, **serving)
    socketio.run(app, "127.0.0.1", "8000")  # error
    task.join()
