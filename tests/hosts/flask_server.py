"""Flask and Socket.IO by ``socketio.run()``.

``python tests/hosts/flask_server.py PORT OPTIONS``, where OPTIONS is a JSON object with the
keywords of ``run`` and, as ``"socketio"``, those of ``SocketIO``.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from flask import request as flask_request
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_socketio import SocketIO, emit

if TYPE_CHECKING:
    from collections.abc import Iterator

request: Any = flask_request

options: dict[str, Any] = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
app = Flask(__name__)
socketio = SocketIO(app, **options.pop("socketio", {}))
app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
gate = threading.Event()
blocked = threading.Event()


@app.get("/")
def index() -> str:
    return "hello"


@app.get("/fails")
def fails() -> str:
    raise ValueError("expected by the test: view")


@app.get("/blocks")
def blocks() -> str:
    blocked.set()
    return "opened" if gate.wait(10) else "timed out"


@app.get("/is-blocked")
def is_blocked() -> str:
    return "yes" if blocked.wait(5) else "no"


@app.get("/open")
def open_gate() -> str:
    gate.set()
    return "ok"


@app.get("/stream")
def stream() -> Response:
    def pieces() -> Iterator[str]:
        yield "first"
        gate.wait(10)
        yield "second"

    return Response(pieces())


@app.get("/stop")
def stop() -> str:
    socketio.emit("last words", "from a view")
    socketio.stop()
    return "stopping"


@socketio.on("connect")
def connect() -> None:
    emit("welcome", {"remote_addr": request.remote_addr, "scheme": request.scheme})


@socketio.on("disconnect")
def disconnect(reason: str) -> None:
    print(f"disconnected: {reason}", flush=True)


@socketio.on("echo")
def echo(data: Any) -> Any:
    return data


@socketio.on("stop")
def stop_from_handler() -> str:
    socketio.stop()
    return "stopping"


@socketio.on("block")
def block(seconds: float) -> None:
    blocked.set()
    time.sleep(seconds)
    print("the handler has ended", flush=True)


@socketio.on("work")
def work(seconds: float) -> None:
    socketio.start_background_task(task, seconds)


def task(seconds: float) -> None:
    blocked.set()
    time.sleep(seconds)
    print("the task has ended", flush=True)


@socketio.on("stop from a thread")
def stop_from_a_thread() -> None:
    threading.Thread(target=socketio.stop).start()


if __name__ == "__main__":
    socketio.run(app, port=int(sys.argv[1]), **options)
    print("run() has returned", flush=True)
