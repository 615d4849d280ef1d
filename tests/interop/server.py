"""The application that the interoperability tests talk to.

``python tests/interop/server.py PORT [options]`` serves it on the loopback address. It uses the
documented API only, so that it runs on any release of Flask-SocketIO; but for ``/polling``.

Clients name themselves by ``label``, in ``auth`` or in the query string; what the server saw of
them is asked for by that label over HTTP (``observations.py``).
"""

from __future__ import annotations

import argparse
import logging
import zlib
from typing import Any

from flask import Flask, Response, jsonify, session
from flask import request as flask_request
from observations import (  # type: ignore[import-not-found]
    Observations,
    raise_descriptor_limit,
)

from flask_socketio import (
    ConnectionRefusedError,
    Namespace,
    SocketIO,
    call,
    close_room,
    disconnect,
    emit,
    join_room,
    leave_room,
    rooms,
    send,
)

#: In a handler the request has ``sid``, ``namespace`` and ``event``, which Flask's type has not.
request: Any = flask_request

app = Flask(__name__)
app.config["SECRET_KEY"] = "interop"
socketio = SocketIO()
seen = Observations()
seen.add_routes(app)


@app.get("/polling/<label>")
def is_polling(label: str) -> Response:
    """Whether a poll of each client of that label is pending; the one look behind the API."""
    server: Any = socketio.service
    return jsonify(all(has_poll(server, *key) for key in seen.sids_of(label)))


def has_poll(server: Any, namespace: str, sid: str) -> bool:
    client = server.hub.namespaces[namespace].sockets[sid].client
    return client.engine_socket.poll is not None


@app.errorhandler(404)
def page_not_found(_error: Exception) -> tuple[str, int]:
    return "no such page in the application", 404


# --- connecting and leaving ----------------------------------------------------------------------


def label_of(auth: Any) -> str:
    given = auth.get("label") if isinstance(auth, dict) else None
    return str(given or request.args.get("label") or request.sid)


@socketio.on("connect")
@socketio.on("connect", namespace="/chat")
def on_connect(auth: Any = None) -> None:
    seen.connected(request.namespace, request.sid, label_of(auth), auth)


@socketio.on("connect", namespace="/custom")
def on_connect_custom(auth: Any = None) -> None:
    seen.connected(request.namespace, request.sid, label_of(auth), auth)
    emit("auth", auth or {})


@socketio.on("connect", namespace="/auth")
def on_connect_auth(auth: Any = None) -> bool | None:
    # Old clients have no auth data, but a query string for each namespace.
    token = auth.get("token") if isinstance(auth, dict) else request.args.get("token")
    if token is None:
        return False
    if token != "secret":
        raise ConnectionRefusedError("unauthorized", {"hint": "use the secret token"})
    seen.connected(request.namespace, request.sid, label_of(auth), auth)
    return None


@socketio.on("connect", namespace="/crash")
def on_connect_crash(auth: Any = None) -> None:
    raise RuntimeError("expected by the test: connect handler")


@socketio.on("disconnect")
@socketio.on("disconnect", namespace="/chat")
@socketio.on("disconnect", namespace="/custom")
@socketio.on("disconnect", namespace="/auth")
def on_disconnect(reason: str) -> None:
    seen.disconnected(request.namespace, request.sid, str(reason))


@socketio.on("kick")
@socketio.on("kick", namespace="/chat")
def on_kick() -> None:
    disconnect()


# --- events and acknowledgements -----------------------------------------------------------------


@socketio.on("echo")
@socketio.on("echo", namespace="/chat")
@socketio.on("echo", namespace="/auth")
@socketio.on("echo", namespace="/custom")
def on_echo(*args: Any) -> tuple[Any, ...]:
    return args


@socketio.on("silent")
def on_silent(*args: Any) -> None:
    """Acknowledged without arguments."""


@socketio.on("bounce")
@socketio.on("bounce", namespace="/chat")
@socketio.on("bounce", namespace="/custom")
def on_bounce(*args: Any) -> None:
    emit("bounce", args)


@socketio.on("several")
def on_several() -> None:
    emit("several", (1, "two", {"three": [3, None, True, 3.5]}, None, "žluťoučký 🐍"))


@socketio.on("message")
def on_message(data: Any) -> None:
    send(data)


@socketio.on("json")
def on_json(data: Any) -> None:
    send(data, json=True)


def shape_of(value: Any) -> Any:
    """The Python types of what arrived; binary with its length and checksum."""
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", len(value), zlib.crc32(value)]
    if isinstance(value, list):
        return [shape_of(item) for item in value]
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    return type(value).__name__


@socketio.on("shape")
def on_shape(*args: Any) -> list[Any]:
    return [shape_of(arg) for arg in args]


@socketio.on("send binary")
def on_send_binary() -> None:
    emit("binary", {"first": b"\x00\x01\x02\xff", "list": [b"", "text", bytes(range(256))]})


@socketio.on("handshake")
@socketio.on("handshake", namespace="/chat")
def on_handshake(*_args: Any) -> dict[str, Any]:
    return {
        "args": request.args.to_dict(),
        "auth": seen.auth_of(request.namespace, request.sid),
        "namespace": request.namespace,
        "event": request.event["message"],
        "header": request.headers.get("X-Interop"),
        "sid": request.sid,
    }


@socketio.on("explode")
def on_explode() -> None:
    raise RuntimeError("expected by the test: event handler")


# --- the server asks -----------------------------------------------------------------------------


@socketio.on("ask with callback")
def on_ask_with_callback(data: Any) -> None:
    sid = request.sid

    def answered(*args: Any) -> None:
        socketio.emit("answered", {"args": list(args)}, to=sid)

    emit("question", data, callback=answered)


@socketio.on("ask with call")
def on_ask_with_call(data: Any) -> Any:
    return {"answer": call("question", data, timeout=10)}


@socketio.on("ask a silent client")
def on_ask_silent() -> str:
    try:
        call("silence", "nobody answers", timeout=0.2)
    except TimeoutError:
        return "timeout"
    return "answered"


# --- rooms and broadcasts ------------------------------------------------------------------------


@socketio.on("join")
@socketio.on("join", namespace="/chat")
def on_join(room: str) -> list[str]:
    join_room(room)
    return named_rooms()


@socketio.on("leave")
@socketio.on("leave", namespace="/chat")
def on_leave(room: str) -> list[str]:
    leave_room(room)
    return named_rooms()


@socketio.on("close room")
def on_close_room(room: str) -> None:
    close_room(room)


@socketio.on("rooms")
def on_rooms() -> list[str]:
    return named_rooms()


def named_rooms() -> list[str]:
    return sorted("own" if room == request.sid else str(room) for room in rooms())


@socketio.on("to room")
@socketio.on("to room", namespace="/chat")
def on_to_room(room: Any, data: Any, include_self: bool = True) -> None:
    emit("room", data, to=room, include_self=include_self)


@socketio.on("broadcast")
@socketio.on("broadcast", namespace="/chat")
def on_broadcast(data: Any, include_self: bool = True) -> None:
    emit("broadcast", data, broadcast=True, include_self=include_self)


@socketio.on("notify chat")
def on_notify_chat(data: Any) -> None:
    emit("notice", data, namespace="/chat", broadcast=True)


# --- session, sizes, order, background work ------------------------------------------------------


@socketio.on("set session")
def on_set_session(key: str, value: Any) -> None:
    session[key] = value


@socketio.on("get session")
@socketio.on("get session", namespace="/chat")
def on_get_session(key: str) -> Any:
    return {"value": session.get(key)}


@socketio.on("measure")
def on_measure(data: str | bytes) -> list[Any]:
    raw = data.encode() if isinstance(data, str) else bytes(data)
    return [type(data).__name__, len(data), zlib.crc32(raw)]


@socketio.on("send big")
def on_send_big(size: int, binary: bool) -> None:
    pattern = bytes(range(32, 127)) * (size // 95 + 1)
    emit("big", pattern[:size] if binary else pattern[:size].decode())


@socketio.on("ordered")
def on_ordered(number: int) -> None:
    seen.note(request.sid, number)


@socketio.on("get order")
def on_get_order() -> Any:
    return seen.notes(request.sid)


@socketio.on("burst")
def on_burst(count: int) -> None:
    for number in range(count):
        emit("burst", number)


@socketio.on("flood")
def on_flood(count: int, size: int) -> None:
    filling = "x" * size
    for number in range(count):
        emit("flood", (number, filling), broadcast=True)


@socketio.on("background")
def on_background(count: int) -> None:
    socketio.start_background_task(emit_in_background, request.sid, count)


def emit_in_background(sid: str, count: int) -> None:
    for number in range(count):
        socketio.sleep(0.01)
        socketio.emit("background", {"number": number}, to=sid)


class Diary(Namespace):
    """A class-based namespace."""

    def on_connect(self, auth: Any = None) -> None:
        seen.connected(request.namespace, request.sid, label_of(auth), auth)

    def on_disconnect(self, reason: str) -> None:
        seen.disconnected(request.namespace, request.sid, str(reason))

    def on_write(self, text: str) -> str:
        self.emit("written", {"text": text})
        return f"wrote {text}"


socketio.on_namespace(Diary("/diary"))


# --- the command line ----------------------------------------------------------------------------


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--pure", action="store_true", help="asyncio and h11, no compiled parts")
    options = parser.add_argument_group("options of SocketIO")
    options.add_argument("--serializer")
    options.add_argument("--ping-interval", type=float)
    options.add_argument("--ping-timeout", type=float)
    options.add_argument("--max-http-buffer-size", type=int)
    options.add_argument("--max-buffered-bytes", type=int)
    options.add_argument("--connect-timeout", type=float)
    options.add_argument("--always-connect", action="store_true", default=None)
    options.add_argument(
        "--serial-handlers", action="store_false", default=None, dest="async_handlers"
    )
    options.add_argument("--cors-allowed-origins", nargs="*")
    options.add_argument(
        "--refuse-old-clients", action="store_false", default=None, dest="allow_eio3"
    )
    return parser.parse_args()


def main() -> None:
    arguments = vars(parse_arguments())
    port = arguments.pop("port")
    engine: dict[str, Any] = {"loop": "asyncio", "http": "h11"} if arguments.pop("pure") else {}
    options = {name: value for name, value in arguments.items() if value is not None}
    raise_descriptor_limit()
    if "allow_eio3" in options:
        logging.basicConfig(format="%(levelname)s %(message)s")
        options["engineio_logger"] = True
    socketio.init_app(app, async_mode="threading", **options)
    socketio.run(app, port=port, allow_unsafe_werkzeug=True, **engine)


if __name__ == "__main__":
    main()
