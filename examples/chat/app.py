"""A chat: rooms, private messages, pictures, who is here and who is typing.

Start it with ``python examples/chat/app.py`` and open the address that it prints in two windows.
Everything that the page and the server tell each other is one of the events below.
"""

from __future__ import annotations

import argparse
import functools
import secrets
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from checks import (
    IMAGE_BYTES,
    NAME_LENGTH,
    ROOM_LENGTH,
    TEXT_LENGTH,
    TOKEN_LENGTH,
    ChatError,
    flag_field,
    image_field,
    name_field,
    number_field,
    text_field,
)
from flask import Flask, Response, render_template, request, send_from_directory
from rooms import Chat, Json, Membership, key_of, milliseconds

from flask_socketio import (
    ConnectionRefusedError,
    SocketIO,
    disconnect,
    emit,
    join_room,
    leave_room,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: The official Socket.IO client, as npm installs it at the top of the repository.
CLIENT_FOLDER = Path(__file__).resolve().parents[2] / "node_modules/socket.io-client/dist"
CLIENT_FILE = "socket.io.min.js"
LIMITS = {"name": NAME_LENGTH, "room": ROOM_LENGTH, "text": TEXT_LENGTH, "image": IMAGE_BYTES}

app = Flask(__name__)
app.config["SECRET_KEY"] = secrets.token_hex()
# Long polling carries a picture as base64, which is a third longer than the bytes.
socketio = SocketIO(app, max_http_buffer_size=IMAGE_BYTES * 4 // 3 + 10_000)
chat = Chat()


# --- pages -----------------------------------------------------------------------------------


@app.get("/")
def index() -> str | tuple[str, int]:
    """Serve the page, or say what is missing."""
    if not (CLIENT_FOLDER / CLIENT_FILE).is_file():
        return render_template("client_missing.html"), 503
    return render_template("index.html", limits=LIMITS)


@app.get(f"/client/{CLIENT_FILE}")
def client() -> Response | tuple[str, int]:
    """Serve the official Socket.IO client from this machine."""
    if not (CLIENT_FOLDER / CLIENT_FILE).is_file():
        return "The Socket.IO client is not installed: run make demo.\n", 404
    return send_from_directory(CLIENT_FOLDER, CLIENT_FILE)


@app.after_request
def forbid_foreign_content(response: Response) -> Response:
    """Allow the page its own files only: a second wall behind never writing text as HTML."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


# --- how handlers answer -----------------------------------------------------------------------


def acknowledged(handler: Callable[[object], Json]) -> Callable[..., Json]:
    """Let a handler's result, or the ChatError that it raised, travel back to the page."""

    @functools.wraps(handler)
    def answer(*arguments: object) -> Json:
        try:
            return {"ok": True, **handler(arguments[0] if arguments else None)}
        except ChatError as error:
            return {"ok": False, "error": str(error)}

    return answer


def channel(room_name: str) -> str:
    """Return the Socket.IO room of a chat room.

    Every client has a Socket.IO room named like its session id. The prefix keeps a chat room from
    being given such a name, which would let its members read private messages.
    """
    return f"room:{key_of(room_name)}"


def sid() -> str:
    """Return the session id of the client whose event this is."""
    return str(request.sid)  # type: ignore[attr-defined]


def announce(membership: Membership, **change: str) -> None:
    """Tell a room who is in it, and everybody how full the rooms are."""
    socketio.emit("members", membership.to_json() | change, to=channel(membership.room))
    socketio.emit("rooms", chat.room_list())


# --- coming and going --------------------------------------------------------------------------


@socketio.on("connect")
def on_connect(auth: object = None) -> None:
    """Let a person in under a name that nobody else has."""
    try:
        name = name_field(auth, "name", NAME_LENGTH)
        token = text_field(auth, "token", TOKEN_LENGTH)
        replaced = chat.enter(sid(), name, token)
    except ChatError as error:
        raise ConnectionRefusedError(str(error)) from error
    if replaced is not None:
        old_sid, memberships = replaced
        emit("replaced", to=old_sid)
        disconnect(old_sid)
        for membership in memberships:
            announce(membership)
    clock.start()


@socketio.on("disconnect")
def on_disconnect(reason: str | None = None) -> None:
    """Tell the rooms of a person who is gone."""
    gone = chat.exit(sid())
    if gone is not None:
        name, memberships = gone
        for membership in memberships:
            announce(membership, left=name)


@socketio.on("hello")
@acknowledged
def on_hello(data: object) -> Json:
    """Tell a page that has just connected what it needs to start."""
    return {"name": chat.name(sid()), **chat.room_list()}


@socketio.on("join")
@acknowledged
def on_join(data: object) -> Json:
    """Enter a room and be given what was said there."""
    room = name_field(data, "room", ROOM_LENGTH)
    # Listening starts before the history is read: nothing said in between can be missed.
    join_room(channel(room))
    try:
        membership, history = chat.join(sid(), room)
    except ChatError:
        leave_room(channel(room))
        raise
    announce(membership, joined=chat.name(sid()))
    return {**membership.to_json(), "history": [message.to_json() for message in history]}


@socketio.on("leave")
@acknowledged
def on_leave(data: object) -> Json:
    """Leave a room."""
    membership = chat.leave(sid(), name_field(data, "room", ROOM_LENGTH))
    leave_room(channel(membership.room))
    announce(membership, left=chat.name(sid()))
    return {"room": membership.room}


# --- talking -----------------------------------------------------------------------------------


@socketio.on("say")
@acknowledged
def on_say(data: object) -> Json:
    """Say something to everybody in a room."""
    room = name_field(data, "room", ROOM_LENGTH)
    message = chat.say(sid(), room, text_field(data, "text"))
    emit("said", message.to_json(), to=channel(room))
    return {"id": message.id}


@socketio.on("whisper")
@acknowledged
def on_whisper(data: object) -> Json:
    """Say something to one person."""
    to = name_field(data, "to", NAME_LENGTH)
    other_sid, message = chat.whisper(sid(), to, text_field(data, "text"))
    if other_sid != sid():
        emit("whispered", message.to_json(), to=other_sid)
    return {"message": message.to_json()}


@socketio.on("show")
@acknowledged
def on_show(data: object) -> Json:
    """Show a picture to everybody in a room: its bytes travel as they are."""
    room = name_field(data, "room", ROOM_LENGTH)
    image, media_type = image_field(data)
    message = chat.show(sid(), room, image, media_type)
    emit("said", message.to_json() | {"image": image}, to=channel(room))
    return {"id": message.id}


@socketio.on("picture")
@acknowledged
def on_picture(data: object) -> Json:
    """Give the bytes of an earlier picture to a page that came later."""
    room = name_field(data, "room", ROOM_LENGTH)
    return {"image": chat.image(sid(), room, number_field(data, "id"))}


@socketio.on("typing")
@acknowledged
def on_typing(data: object) -> Json:
    """Tell a room, or one person, that somebody is writing or has stopped."""
    typing = flag_field(data, "typing")
    if isinstance(data, dict) and "to" in data:
        name, other_sid = chat.addressee(sid(), name_field(data, "to", NAME_LENGTH))
        emit("typing", {"name": name, "typing": typing}, to=other_sid)
    else:
        name, room = chat.member(sid(), name_field(data, "room", ROOM_LENGTH))
        notice = {"name": name, "room": room, "typing": typing}
        emit("typing", notice, to=channel(room), include_self=False)
    return {}


# --- the clock ---------------------------------------------------------------------------------


class Clock:
    """A background task that tells everybody the time, once a second."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._started = False

    def start(self) -> None:
        """Start ticking, unless it ticks already.

        The first client starts it: by then the server runs, and under a pre-forking server this
        is the process that has the clients.
        """
        with self._lock:
            if not self._started:
                self._started = True
                socketio.start_background_task(self._tick)

    def _tick(self) -> None:
        while True:
            socketio.emit("clock", {"time": milliseconds(), "online": chat.online()})
            socketio.sleep(1)


clock = Clock()


def main() -> None:
    """Serve the chat until it is interrupted."""
    parser = argparse.ArgumentParser(description="A chat in the browser.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", default=5000, type=int, help="the port to listen on")
    arguments = parser.parse_args()
    print(f"The chat is at http://{arguments.host}:{arguments.port}", flush=True)
    socketio.run(app, host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    main()
