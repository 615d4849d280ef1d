"""The WSGI application, run in workers for requests that an event loop received (PEP 3333).

Threads: `Exchange.run` is called in a worker, everything else on the loop's thread. A small request
goes over with its body and comes back with its whole answer: one hand-over each way. Larger bodies
are fetched piece by piece; a longer answer is sent piece by piece, and each piece has been taken by
the connection before the application is asked for the next.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from .environ import build_environ
from .request_body import RequestBody

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, MutableMapping

    from ..runtimes.calls import Calls
    from ..runtimes.workers import Workers

WSGIApplication: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

logger: logging.Logger = logging.getLogger("flask_socketio")

#: Statuses whose answers have no body, so that a length would be wrong (RFC 9110 section 8.6).
_WITHOUT_LENGTH = frozenset({204, 304})

#: Bytes of a request body that are fetched before the application is called.
SMALL_BODY = 65_536


class ClientGone(OSError):
    """The client does not wait for the rest of the answer."""


class Gateway:
    """The ASGI side: receives a request, has a worker answer it.

    :param wsgi_app: the application.
    :param loop: the server's loop.
    :param calls: how workers reach it.
    :param workers: what runs the application.
    """

    def __init__(
        self,
        wsgi_app: WSGIApplication,
        loop: asyncio.AbstractEventLoop,
        calls: Calls,
        workers: Workers,
    ) -> None:
        self._wsgi_app = wsgi_app
        self._loop = loop
        self._calls = calls
        self._workers = workers

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        length, chunked = _body_length(scope["headers"])
        body: Any
        if chunked or length > SMALL_BODY:
            body = io.BufferedReader(RequestBody(receive, self._loop), SMALL_BODY)
        elif length == 0:
            body = io.BytesIO()
        else:
            content = await _receive_all(receive)
            if content is None:
                return
            body = io.BytesIO(content)
        exchange = Exchange(self._wsgi_app, scope, body, self._loop, self._calls, send)
        self._workers.run(exchange)
        try:
            await exchange.done
        except asyncio.CancelledError:
            exchange.gone = True
            raise
        if exchange.streaming:
            return
        end_unless_continued(exchange.head, send)
        await send(exchange.head)
        await send({"type": "http.response.body", "body": exchange.content})


class Exchange:
    """One request and its answer.

    :param wsgi_app: the application.
    :param scope: the request's ASGI scope.
    :param body: its ``wsgi.input``.
    :param loop: the server's loop.
    :param calls: how the worker reaches it.
    :param send: sends a part of the answer.
    """

    def __init__(
        self,
        wsgi_app: WSGIApplication,
        scope: MutableMapping[str, Any],
        body: Any,
        loop: asyncio.AbstractEventLoop,
        calls: Calls,
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        self._wsgi_app = wsgi_app
        self._scope = scope
        self._body = body
        self._loop = loop
        self._calls = calls
        self._send = send
        self.done: asyncio.Future[None] = loop.create_future()
        #: Set when the client, or the server, does not want the answer any more.
        self.gone: bool = False
        #: Whether the head has been sent; then the worker sends the rest as well.
        self.streaming: bool = False
        self.head: dict[str, Any] = {}
        self.content: bytes = b""

    def run(self) -> None:
        """Run the application. Called in a worker."""
        try:
            self._run()
        except ClientGone:
            logger.debug("the client of %s went away", self._scope["raw_path"])
        except (Exception, SystemExit):  # the application is user code
            logger.exception("the WSGI application failed")
            self._fail()
        finally:
            self._calls.submit(self._finish)

    def _run(self) -> None:
        answer = self._wsgi_app(build_environ(self._scope, self._body), self._start_response)
        try:
            pieces = iter(answer)
            first = next(pieces, b"")
            if not self.head:
                raise RuntimeError("the WSGI application did not call start_response")
            if self._is_whole(answer, first):
                self.content = first
            else:
                self._stream(chain((first,), pieces))
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def _is_whole(self, answer: Iterable[bytes], first: bytes) -> bool:
        """Whether the first piece is the whole answer: by its length, or by that of the list."""
        if self.streaming:
            return False
        announced = dict(self.head["headers"]).get(b"content-length")
        if announced is not None and int(announced) == len(first):
            return True
        if self._scope["method"] == "HEAD":
            return True  # uvicorn sends no body
        if not isinstance(answer, list | tuple) or len(answer) > 1:
            return False
        self._announce_length(len(first))
        return True

    def _announce_length(self, length: int) -> None:
        headers = self.head["headers"]
        if self.head["status"] not in _WITHOUT_LENGTH and b"content-length" not in dict(headers):
            headers.append((b"content-length", b"%d" % length))

    def _stream(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            if piece:
                self._write(piece)
        if self.streaming:
            self._deliver({"type": "http.response.body", "body": b""})
        else:
            self._announce_length(0)

    def _write(self, data: bytes) -> None:
        """Send a piece, and wait until it has been taken; also ``write()`` of PEP 3333."""
        if not self.streaming:
            self.streaming = True
            self._deliver(self.head)
        self._deliver({"type": "http.response.body", "body": data, "more_body": True})

    def _deliver(self, message: dict[str, Any]) -> None:
        if self.gone or self._loop.is_closed():
            raise ClientGone("the client has gone away")
        sent = asyncio.run_coroutine_threadsafe(self._send_unless_gone(message), self._loop)
        try:
            sent.result()
        except CancelledError:
            raise ClientGone("the server has ended") from None

    async def _send_unless_gone(self, message: dict[str, Any]) -> None:
        if message is self.head:
            end_unless_continued(message, self._send)
        if self._scope["http_version"] == "1.0":
            _send_without_chunks(message, self.head, self._send)
        await self._send(message)
        # uvicorn's send() drops what it cannot deliver without a word.
        cycle = getattr(self._send, "__self__", None)
        self.gone = bool(getattr(cycle, "disconnected", False))

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info is None and self.head:
            raise RuntimeError("start_response was called twice")
        if exc_info is not None and self.streaming:
            raise exc_info[1].with_traceback(exc_info[2])
        self.head = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        }
        return self._write

    def _fail(self) -> None:
        """Answer 500 if nothing has been sent; else the connection ends without its last chunk."""
        if self.streaming:
            self.gone = True
            return
        self.head = {}
        self.content = b"Internal Server Error"
        self._start_response(
            "500 INTERNAL SERVER ERROR",
            [("Content-Type", "text/plain"), ("Content-Length", str(len(self.content)))],
        )

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def end_unless_continued(
    head: dict[str, Any], send: Callable[[MutableMapping[str, Any]], Awaitable[None]]
) -> None:
    """Announce the connection's end to a client that still waits for "100 Continue".

    Whether its body follows now is for the client to decide (RFC 9110 section 10.1.1), so that
    nobody can tell what its next bytes are.
    """
    if getattr(getattr(send, "__self__", None), "waiting_for_100_continue", False):
        head["headers"].append((b"connection", b"close"))


def _send_without_chunks(
    message: dict[str, Any],
    head: dict[str, Any],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """End an answer of unknown length to an HTTP/1.0 client with its connection.

    uvicorn's httptools cycle would send chunks, which came with HTTP/1.1 (RFC 9112 section 6.1);
    h11 knows.
    """
    cycle: Any = getattr(send, "__self__", None)
    if hasattr(cycle, "chunked_encoding") and b"content-length" not in dict(head["headers"]):
        cycle.chunked_encoding = False
        cycle.expected_content_length = len(message.get("body", b""))


def _body_length(headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, bool]:
    """Return the announced length of the body, and whether it comes in chunks."""
    length, chunked = 0, False
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            chunked = True
    return length, chunked


async def _receive_all(receive: Callable[[], Awaitable[Any]]) -> bytes | None:
    """Receive a small body; None when the client went away in the middle of it."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message["body"])
        if not message["more_body"]:
            return b"".join(pieces)
