"""The embedded server: HTTP, polling and WebSockets on one port, on uvicorn.

Threads: `EmbeddedServer.run` blocks its thread, which becomes the loop's; `stop` may be called by
any thread.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from uvicorn.config import Config

from ..runtimes.calls import Calls
from ..runtimes.loop import LoopRuntime
from ..runtimes.workers import Workers
from .application import Application
from .host import Host
from .read_limits import BODY_TIMEOUT, HEAD_LIMIT, HEAD_TIMEOUT
from .uvicorn_server import UvicornServer

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from .gateway import WSGIApplication
    from .host import Service


class EmbeddedServer:
    """Serves a WSGI application and Socket.IO servers on one listening socket.

    :param services: the servers.
    :param wsgi_app: answers all other requests.
    :param handshakes: returns the stack that handshakes run through: ``app.wsgi_app``.
    :param listener: the listening socket.
    :param shutdown_grace: seconds for everything to end when the server stops.
    :param handler_overlap: seconds after which a client's next handler starts beside a slow one.
    :param ssl_context: ends TLS for HTTP, polling and WebSocket alike.
    :param access_log: whether requests are logged.
    :param backlog: connections that the system holds until they are accepted.
    :param loop: ``'auto'`` (uvloop where it is installed), ``'uvloop'`` or ``'asyncio'``.
    :param http: ``'auto'`` (httptools where it is installed), ``'httptools'`` or ``'h11'``.
    :param head_timeout: seconds from a connection, or a request's first byte, to the end of its
        headers.
    :param body_timeout: seconds without a byte of a body that is waited for.
    :param keep_alive_timeout: seconds that a connection is kept between two requests.
    """

    def __init__(
        self,
        services: Sequence[Service],
        wsgi_app: WSGIApplication,
        handshakes: Callable[[], WSGIApplication],
        listener: socket.socket,
        *,
        shutdown_grace: float = 10.0,
        handler_overlap: float = 0.1,
        ssl_context: ssl.SSLContext | None = None,
        access_log: bool = False,
        backlog: int = 2048,
        loop: str = "auto",
        http: str = "auto",
        head_timeout: float = HEAD_TIMEOUT,
        body_timeout: float = BODY_TIMEOUT,
        keep_alive_timeout: int = 5,
    ) -> None:
        self._services = services
        self._wsgi_app = wsgi_app
        self._handshakes = handshakes
        self._listener = listener
        self._shutdown_grace = shutdown_grace
        self._handler_overlap = handler_overlap
        self._ssl_context = ssl_context
        self._access_log = access_log
        self._backlog = backlog
        self._loop_name = loop
        self._http_name = http
        self._head_timeout = head_timeout
        self._body_timeout = body_timeout
        self._keep_alive_timeout = keep_alive_timeout
        self._server: UvicornServer | None = None
        self._stop_requested = False
        #: Whether the server ended because a source file has changed.
        self.is_reloading: bool = False

    def run(self) -> None:
        """Serve until `stop`, SIGINT or SIGTERM; returns after a graceful end."""
        # What was imported is there to stay: the collector need not look at it with each thousand
        # connections (an eighth of the cost of connecting).
        gc.collect()
        gc.freeze()
        try:
            with asyncio.Runner(loop_factory=_loop_factory(self._loop_name)) as runner:
                runner.run(self._serve())
        finally:
            gc.unfreeze()

    def stop(self) -> None:
        """End the server gracefully; from any thread, also before it has begun."""
        self._stop_requested = True
        if self._server is not None:
            self._server.should_exit = True

    def stop_to_reload(self) -> None:
        """End the server gracefully because a source file has changed."""
        self.is_reloading = True
        self.stop()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        calls = Calls(loop)
        workers = Workers(loop, self._handler_overlap)
        endpoints = [service.start(LoopRuntime(loop), calls, workers) for service in self._services]
        application = Application(
            loop, calls, workers, endpoints, self._wsgi_app, self._handshakes, self._access_log
        )
        host = Host(
            application,
            self._services,
            workers,
            self._shutdown_grace,
            self._head_timeout,
            self._body_timeout,
        )
        server = UvicornServer(self._config(host, application), host)
        server.should_exit = self._stop_requested
        self._server = server
        try:
            await server.serve(sockets=[self._listener])
        finally:
            self._server = None
            calls.close()

    def _config(self, host: Host, application: Application) -> Config:
        config = Config(
            host,  # type: ignore[arg-type]
            http=_http_protocol(self._http_name),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=self._access_log,
            proxy_headers=False,
            server_header=False,
            backlog=self._backlog,
            timeout_keep_alive=self._keep_alive_timeout,
            h11_max_incomplete_event_size=HEAD_LIMIT,
        )
        config.load()
        config.loaded_app = application
        config.ssl = self._ssl_context
        return config


def _loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if name != "asyncio":
        try:
            import uvloop
        except ImportError:
            if name == "uvloop":
                raise
        else:
            return uvloop.new_event_loop
    return asyncio.new_event_loop


def _http_protocol(name: str) -> type[asyncio.Protocol]:
    if name != "h11":
        try:
            from .httptools_protocol import HttptoolsHost
        except ImportError:
            if name == "httptools":
                raise
        else:
            return HttptoolsHost
    from .h11_protocol import H11Host

    return H11Host
