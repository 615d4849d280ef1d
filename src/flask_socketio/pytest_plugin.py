"""Fixtures for pytest, which finds them by itself where this package is installed.

They need a fixture ``app`` that returns the Flask application.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

import pytest

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from flask import Flask
    from flask.testing import FlaskClient

    from .extension import SocketIO
    from .hosts.embedded import EmbeddedServer
    from .service import SocketIOService
    from .test_client import SocketIOTestClient

#: Seconds that a live server has to begin, and to end.
SERVER_TIME = 10.0


class MakeClient(Protocol):
    """What the fixture ``make_socketio_client`` returns."""

    def __call__(
        self,
        namespace: str | None = None,
        query_string: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: dict[str, Any] | None = None,
        flask_test_client: FlaskClient | None = None,
    ) -> SocketIOTestClient:
        """Connect a test client; the arguments are those of ``SocketIO.test_client``."""
        ...


class LiveServer:
    """The application, served on a free port of this machine.

    :param listener: where it is served.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.host: str
        self.port: int
        self.host, self.port = listener.getsockname()[:2]
        #: Where browsers and clients find it.
        self.url: str = f"http://{self.host}:{self.port}"


def socketio_of(app: Flask) -> SocketIO:
    """Return the ``SocketIO`` of an application.

    :raises UsageError: it has none.
    """
    socketio: SocketIO | None = app.extensions.get("socketio")
    if socketio is None:
        raise UsageError("the application of the fixture 'app' has no SocketIO: call init_app(app)")
    return socketio


@pytest.fixture
def make_socketio_client(app: Flask) -> Iterator[MakeClient]:
    """``make_socketio_client(namespace, auth=...)``: test clients, closed after the test."""
    socketio = socketio_of(app)
    with ExitStack() as stack:

        def make(
            namespace: str | None = None,
            query_string: str | None = None,
            headers: Mapping[str, str] | None = None,
            auth: dict[str, Any] | None = None,
            flask_test_client: FlaskClient | None = None,
        ) -> SocketIOTestClient:
            client = socketio.test_client(
                app, namespace, query_string, headers, auth, flask_test_client
            )
            return stack.enter_context(client)

        yield make
    host = socketio._service_for(app).inline_host
    if host is not None:
        host.stop()


@pytest.fixture
def socketio_client(make_socketio_client: MakeClient) -> SocketIOTestClient:
    """A test client that is connected to ``/``."""
    return make_socketio_client()


@pytest.fixture
def socketio_server(app: Flask) -> Iterator[LiveServer]:
    """The application on a free port, for browsers and real clients: ``url`` and ``port``."""
    from .hosts.embedded import EmbeddedServer

    service = socketio_of(app)._service_for(app)
    config = service.config
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = EmbeddedServer(
            list(app.extensions["socketio_services"].values()),
            app,
            lambda: app.wsgi_app,
            listener,
            shutdown_grace=config.shutdown_grace,
            handler_overlap=config.handler_overlap,
        )
        with _running(server, service):
            yield LiveServer(listener)


@contextmanager
def _running(server: EmbeddedServer, service: SocketIOService) -> Iterator[None]:
    before = service.serving
    thread = threading.Thread(target=server.run, name="socketio_server", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + SERVER_TIME
        while service.serving in (before, None):
            if not thread.is_alive() or time.monotonic() > deadline:
                pytest.fail("the live server did not begin", pytrace=False)
            time.sleep(0.005)
        yield
    finally:
        server.stop()
        thread.join(SERVER_TIME)
        if thread.is_alive():
            pytest.fail("the live server did not end", pytrace=False)
