"""A site under test: an application, its server on a free port in a thread, and its clients."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
from typing import Any

from flask import Flask
from tests.flask.client import Client

from flask_socketio import SocketIO
from flask_socketio.hosts.embedded import EmbeddedServer

#: Seconds after which a server that does not end fails the test.
END_TIMEOUT = 10.0


class Site:
    """An application with Socket.IO. The server starts when the first client connects.

    :param options: those of ``SocketIO``.
    """

    def __init__(self, **options: Any) -> None:
        self.app = Flask(__name__)
        self.app.config.update(SECRET_KEY="secret!", TESTING=True)
        self.socketio = SocketIO(self.app, **{"shutdown_grace": 2, **options})
        self.socketio.on_event("fence", lambda: None)
        self.clients: list[Client] = []
        self._embedded: EmbeddedServer | None = None
        self._thread: threading.Thread | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        """Start the server, unless it runs."""
        if self._embedded is not None:
            return
        assert self.socketio.service is not None
        config = self.socketio.service.config
        self._embedded = EmbeddedServer(
            [self.socketio.service],
            self.app,
            lambda: self.app.wsgi_app,
            self._listener,
            shutdown_grace=config.shutdown_grace,
            handler_overlap=config.handler_overlap,
        )
        self._thread = threading.Thread(target=self._embedded.run)
        self._thread.start()

    def connect(self, namespace: str | None = "/", **options: Any) -> Client:
        """Connect a client, to a namespace or, with None, to none yet."""
        self.start()
        client = Client(self.port, **options)
        self.clients.append(client)
        if namespace is not None:
            client.connect(namespace)
        return client

    def get(self, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
        """Visit a page; the response's body is in ``body``."""
        return self._request("GET", path, None, headers or {})

    def post(
        self, path: str, body: str, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Send a POST request; the response's body is in ``body``."""
        return self._request("POST", path, body, headers or {})

    def _request(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        self.start()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.body = response.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return response

    def cookie(self, path: str) -> dict[str, str]:
        """Visit a page and return the request header with the cookie that it set."""
        set_cookie = self.get(path).getheader("Set-Cookie")
        assert set_cookie is not None, f"{path} set no cookie"
        return {"Cookie": set_cookie.partition(";")[0]}

    def stop(self) -> None:
        """End the server and wait for its thread."""
        if self._embedded is not None and self._thread is not None:
            self._embedded.stop()
            self._thread.join(END_TIMEOUT)
            assert not self._thread.is_alive(), "the server did not end"

    def restart(self) -> None:
        """End the server and start another one with the same extension."""
        self.stop()
        self._embedded = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.start()

    def close(self) -> None:
        """End everything."""
        for client in self.clients:
            client.close()
        self.stop()
        self._listener.close()


class Until:
    """A value that another thread sets, and that a test waits for."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._value: Any = None

    def set(self, value: Any = None) -> None:
        """Set the value."""
        self._value = value
        self._event.set()

    def get(self) -> Any:
        """Wait for the value."""
        assert self._event.wait(5), "what the test waits for did not happen"
        return self._value

    @property
    def is_set(self) -> bool:
        """Whether the value has been set."""
        return self._event.is_set()


class Defects(logging.Handler):
    """Collects what must not happen: errors of our own code."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record that tells of a defect."""
        message = record.getMessage()
        if record.name == "asyncio" or message.startswith("a defect"):
            self.found.append(logging.Formatter().format(record))
