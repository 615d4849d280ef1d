"""A server of plain WSGI and of Engine.IO, without Flask: what the hosts do, and nothing more.

``python tests/hosts/wsgi_server.py PORT OPTIONS``, where OPTIONS is a JSON object of keywords of
``EmbeddedServer``. Each route is a function ``name(environ, start_response)`` below.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from flask_socketio.engineio import OriginPolicy, SessionSettings, message_group
from flask_socketio.hosts.embedded import EmbeddedServer
from flask_socketio.hosts.endpoint import Endpoint
from flask_socketio.hosts.middleware import SocketIOMiddleware
from flask_socketio.hub.engine import Engine
from flask_socketio.sid import make_sid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask_socketio.hub.engine_socket import EngineSocket
    from flask_socketio.types import DisconnectReason

TEXT = [("Content-Type", "text/plain")]
MEGABYTE = bytes(1024 * 1024)

gate = threading.Event()
#: What happened, for the tests to ask.
notes: list[str] = []


class Echo:
    """Sends every Engine.IO message back."""

    engine: Engine

    def start(self, runtime: Any, calls: Any, workers: Any) -> Endpoint:
        settings = SessionSettings(25, max_payload=1_000_000)
        self.engine = runtime.engine = Engine(settings, self, runtime, make_sid)
        return Endpoint("/engine.io", self.engine, OriginPolicy(None))

    def engine_message(self, socket: EngineSocket, message: str | bytes) -> None:
        self.engine.send(socket, message_group(message))

    def engine_opened(self, socket: EngineSocket) -> None:
        notes.append("opened")

    def engine_closed(self, socket: EngineSocket, reason: DisconnectReason) -> None:
        print(f"closed: {reason}", flush=True)

    def join_background_tasks(self, deadline: float) -> int:
        return 0


# --- the routes ----------------------------------------------------------------------------------


def ready(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "2")])
    return [b"ok"]


def environ(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    texts = {name: value for name, value in environ.items() if isinstance(value, str | bool)}
    start_response("200 OK", TEXT)
    return [json.dumps(texts).encode()]


def wait_for(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as soon as that is in the notes, which are forgotten."""
    limit = time.monotonic() + 5
    while environ["QUERY_STRING"] not in notes:
        if time.monotonic() > limit:
            return not_found(environ, start_response)
        time.sleep(0.01)
    notes.clear()
    return ready(environ, start_response)


def forget(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    notes.clear()
    gate.clear()
    return ready(environ, start_response)


def open_gate(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    gate.set()
    return ready(environ, start_response)


def open_gate_later(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    threading.Timer(0.5, gate.set).start()
    return ready(environ, start_response)


def blocked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    notes.append("blocked")
    gate.wait(10)
    gate.clear()
    return ready(environ, start_response)


def two_chunks(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"first"
    gate.wait(10)
    gate.clear()
    yield b"second"


def sized_chunks(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "11")])
    return iter([b"hello", b"", b" ", b"world"])


def download(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    count = int(environ["QUERY_STRING"])
    start_response("200 OK", [*TEXT, ("Content-Length", str(count * len(MEGABYTE)))])
    return Closable(count)


class Closable:
    """That many megabytes; notes that it was closed."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self._count):
            yield MEGABYTE

    def close(self) -> None:
        notes.append("closed")


def upload(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    count = 0
    notes.append("reading")
    try:
        while piece := environ["wsgi.input"].read(256 * 1024):
            count += len(piece)
    except OSError as error:
        print(error, flush=True)
        notes.append("broken-off")
        raise
    start_response("200 OK", TEXT)
    return [str(count).encode()]


def slow_upload(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Read the body, then wait."""
    answer = upload(environ, start_response)
    notes.append("read")
    gate.wait(10)
    gate.clear()
    return answer


def ignore_body(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("403 Forbidden", TEXT)
    return [b"not wanted"]


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return [environ["wsgi.input"].read()]


def write(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    send = start_response("200 OK", TEXT)
    send(b"one ")
    send(b"two ")
    return [b"three"]


def write_only(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", TEXT)(b"all")
    return []


def change_of_mind(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b""
    try:
        raise ValueError("before anything was sent")
    except ValueError:
        start_response("503 Service Unavailable", TEXT, sys.exc_info())
    yield b"sorry"


def too_late(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"sent"
    try:
        raise ValueError("expected by the test: after the first chunk")
    except ValueError:
        start_response("503 Service Unavailable", TEXT, sys.exc_info())


def twice(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    start_response("201 Created", TEXT)
    return [b"unreachable"]


def fails(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise ValueError("expected by the test: before the start")


def exits(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    sys.exit("expected by the test: a view that wants to end the program")


def silent(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    return [b"without start_response"]


def fails_later(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"first"
    raise ValueError("expected by the test: after the first chunk")


def too_short(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "10")])
    return [b"short"]


def cut_short(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """End long before the announced length, with much that the client has still to take."""
    start_response("200 OK", [*TEXT, ("Content-Length", str(40 * len(MEGABYTE)))])
    return [20 * MEGABYTE]


def too_long(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    return iter([b"long", b" long"])


def nothing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("204 No Content", [])
    return []


def empty_pieces(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return iter([b"", b""])


def cookies(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [b""]


def not_found(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("404 Not Found", TEXT)
    return [b"no such page"]


ROUTES = {
    function.__name__: function
    for function in (
        ready,
        environ,
        wait_for,
        forget,
        open_gate,
        open_gate_later,
        blocked,
        two_chunks,
        sized_chunks,
        download,
        upload,
        slow_upload,
        ignore_body,
        echo,
        write,
        write_only,
        change_of_mind,
        too_late,
        twice,
        fails,
        exits,
        silent,
        fails_later,
        too_short,
        cut_short,
        too_long,
        nothing,
        empty_pieces,
        cookies,
    )
}


def application(request: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    name = request["PATH_INFO"].strip("/").split("/")[0]
    return ROUTES.get(name, not_found)(request, start_response)


def refuse_some(request: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Middleware around everything, the engine too."""
    if request.get("HTTP_X_REFUSE") == "politely":
        start_response("401 Unauthorized", [*TEXT, ("WWW-Authenticate", "Basic")])
        return [b"who are you?"]
    if request.get("HTTP_X_REFUSE") == "by failing":
        raise ValueError("expected by the test: middleware")
    if request.get("HTTP_X_REFUSE") == "by waiting":
        notes.append("waiting")
        gate.wait(10)
        gate.clear()
    return inner(request, start_response)


inner = SocketIOMiddleware(application, "/engine.io")


def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
    options: dict[str, Any] = json.loads(sys.argv[2])
    before = signal.getsignal(signal.SIGTERM)
    EmbeddedServer([Echo()], refuse_some, lambda: refuse_some, listener, **options).run()
    assert signal.getsignal(signal.SIGTERM) is before
    print("run() has returned", flush=True)


if __name__ == "__main__":
    main()
