"""The request that opens a session, on its way through the application's WSGI stack."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..engineio import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hub.ports import HubCalls
    from .gateway import WSGIApplication

#: The environment's key for the handshake that is on its way.
HANDSHAKE = "flask_socketio.handshake"

logger: logging.Logger = logging.getLogger("flask_socketio")


class Handshake:
    """A request to open a session. A worker sends it through the stack; then the loop has it.

    :param wsgi_app: the stack.
    :param environ: the request's environment.
    :param calls: how the worker gives it back.
    :param done: called on the loop's thread with this object.
    """

    __slots__ = ("_calls", "_done", "_request", "_wsgi_app", "body", "environ", "headers", "status")

    def __init__(
        self,
        wsgi_app: WSGIApplication,
        environ: dict[str, Any],
        calls: HubCalls,
        done: Callable[[Handshake], None],
    ) -> None:
        self._wsgi_app = wsgi_app
        self._request = environ
        self._calls = calls
        self._done = done
        #: The environment as the engine's place in the stack saw it; None if it did not get there.
        self.environ: dict[str, Any] | None = None
        #: What the stack answered.
        self.status: str = "500 INTERNAL SERVER ERROR"
        self.headers: list[tuple[str, str]] = []
        self.body: bytes = b""

    def skip(self) -> None:
        """Do without the stack, because there is nothing in it; called on the loop's thread."""
        self.environ = self._request
        self._done(self)

    def run(self) -> None:
        """Send it through the stack, then give it back."""
        self._request[HANDSHAKE] = self
        try:
            self._pass_through()
        except (Exception, SystemExit):  # middleware is user code
            logger.exception("WSGI middleware failed for a handshake")
            self.environ = None
        self._calls.submit(self._done, self)

    def _pass_through(self) -> None:
        answer = self._wsgi_app(self._request, self._start_response)
        try:
            self.body += b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def response(self) -> Response:
        """What middleware answered instead of letting the handshake through."""
        headers = [pair for pair in self.headers if pair[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(self.body))))
        return Response(int(self.status[:3]), tuple(headers), self.body)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        self.status = status
        self.headers = headers
        return self._write

    def _write(self, data: bytes) -> None:
        self.body += data
