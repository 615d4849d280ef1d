"""What every connection of one embedded server shares: the engines, and the WSGI application."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import get_client_addr

from .environ import build_environ, request_uri
from .gateway import Gateway, end_unless_continued
from .handshake import Handshake
from .middleware import innermost
from .polling import PollingExchange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from ..engineio import Response
    from ..runtimes.calls import Calls
    from ..runtimes.workers import Workers
    from .endpoint import Endpoint
    from .gateway import WSGIApplication

    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger: logging.Logger = logging.getLogger("flask_socketio")
access_logger: logging.Logger = logging.getLogger("uvicorn.access")


class Application:
    """The ASGI application that uvicorn runs, and what its protocols ask.

    :param loop: the server's loop.
    :param calls: how workers reach it.
    :param workers: what runs views and handlers.
    :param endpoints: the engines.
    :param wsgi_app: what answers every other request.
    :param handshakes: returns the stack that requests to open a session run through; middleware
        may be put around it at any time.
    :param access_log: whether requests are logged.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        calls: Calls,
        workers: Workers,
        endpoints: list[Endpoint],
        wsgi_app: WSGIApplication,
        handshakes: Callable[[], WSGIApplication],
        access_log: bool = False,
    ) -> None:
        self.loop = loop
        self.calls = calls
        self.workers = workers
        self.endpoints = endpoints
        self._handshakes = handshakes
        self._access_log = access_log
        self._gateway = Gateway(wsgi_app, loop, calls, workers)

    def find(self, raw_path: bytes) -> Endpoint | None:
        """Return the engine that a path belongs to."""
        for endpoint in self.endpoints:
            path = endpoint.path.encode()
            if raw_path.startswith(path) and raw_path[len(path) : len(path) + 1] in (b"", b"/"):
                return endpoint
        return None

    def log_access(self, scope: Any, status: int) -> None:
        """Log a request that uvicorn does not see answered, as uvicorn logs the others.

        :param scope: its ASGI scope.
        :param status: of the answer.
        """
        if self._access_log:
            access_logger.info(
                '%s - "%s %s HTTP/%s" %d',
                get_client_addr(scope),
                scope["method"],
                request_uri(scope),
                scope["http_version"],
                status,
            )

    def handshake(self, scope: Mapping[str, Any], done: Callable[[Handshake], None]) -> None:
        """Send a request to open a session through the WSGI stack, if there is anything in it.

        :param scope: its ASGI scope.
        :param done: called on the loop's thread when it has come back.
        """
        environ = build_environ(scope, None)
        stack = self._handshakes()
        handshake = Handshake(stack, environ, self.calls, done)
        middleware = innermost(stack, environ["PATH_INFO"])
        if middleware is not None:
            environ.update(middleware.additions)
            handshake.skip()
        else:
            self.workers.run(handshake)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        endpoint = self.find(scope["raw_path"])
        try:
            if endpoint is None:
                await self._gateway(scope, receive, send)
            else:
                await self._poll(endpoint, scope, receive, send)
        except asyncio.CancelledError:  # which uvicorn would log as an error, with a traceback
            logger.debug("the server ended before it had answered %s", scope["raw_path"])

    async def _poll(
        self, endpoint: Endpoint, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        answer: asyncio.Future[Response | None] = self.loop.create_future()
        exchange = PollingExchange(self, endpoint, scope, answer.set_result)
        exchange.start()
        while exchange.wants_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                exchange.abort()
                return
            exchange.receive_body(message["body"])
            if not message["more_body"]:
                exchange.finish_body()
        if not answer.done():
            watcher = self.loop.create_task(_watch(receive, exchange, answer))
            answer.add_done_callback(lambda _: watcher.cancel())
        try:
            response = await answer
        except asyncio.CancelledError:
            exchange.abort()
            raise
        if response is not None:
            await _respond(response, send)


async def _watch(
    receive: Receive, exchange: PollingExchange, answer: asyncio.Future[Response | None]
) -> None:
    """Notice that the client of a waiting poll goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    exchange.abort()
    if not answer.done():
        answer.set_result(None)


async def _respond(response: Response, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers]
    head = {"type": "http.response.start", "status": response.status, "headers": headers}
    end_unless_continued(head, send)
    await send(head)
    await send({"type": "http.response.body", "body": response.body})
