"""An Engine.IO echo server on /engine.io/, without the Socket.IO layer and without Flask.

python examples/engineio_echo.py --port 3000 --ping-interval 25 --ping-timeout 20
"""

import argparse
import socket

from flask_socketio.engineio import OriginPolicy, SessionSettings, message_group
from flask_socketio.hosts.embedded import EmbeddedServer
from flask_socketio.hosts.endpoint import Endpoint
from flask_socketio.hosts.middleware import SocketIOMiddleware
from flask_socketio.hub.engine import Engine
from flask_socketio.sid import make_sid


class Echo:
    """Sends every message back to where it came from."""

    def __init__(self, settings):
        self.settings = settings

    def start(self, runtime, calls, workers):
        self.engine = runtime.engine = Engine(self.settings, self, runtime, make_sid)
        return Endpoint("/engine.io", self.engine, OriginPolicy("*"))

    def engine_message(self, socket, message):
        self.engine.send(socket, message_group(message))

    def engine_opened(self, socket):
        print("opened", socket.session.sid, flush=True)

    def engine_closed(self, socket, reason):
        print("closed", socket.session.sid, reason, flush=True)

    def join_background_tasks(self, deadline):
        return 0


def not_found(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--ping-interval", type=float, default=25)
    parser.add_argument("--ping-timeout", type=float, default=20)
    options = parser.parse_args()
    settings = SessionSettings(
        options.ping_interval, ping_timeout=options.ping_timeout, max_payload=1_000_000
    )
    app = SocketIOMiddleware(not_found, "/engine.io")
    with socket.create_server(("127.0.0.1", options.port)) as listener:
        EmbeddedServer([Echo(settings)], app, lambda: app, listener).run()
