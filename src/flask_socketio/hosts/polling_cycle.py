"""A polling request on an httptools connection, answered without ASGI.

A poll and its answer cost a task, an event and a dozen dictionaries when they go through ASGI:
more than what the engine does with them. This object stands where uvicorn expects its own
``RequestResponseCycle``, with the attributes that uvicorn reads and sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .http_answer import write_response
from .polling import PollingExchange

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from ..engineio import Response
    from .application import Application
    from .endpoint import Endpoint


class PollingCycle:
    """One polling request and its answer.

    :param protocol: the connection.
    :param application: what the connections of this server share.
    :param endpoint: the engine.
    :param scope: the request, as an ASGI scope.
    :param keep_alive: whether the connection outlives the answer.
    """

    __slots__ = (
        "_application",
        "_exchange",
        "_protocol",
        "_scope",
        "body",
        "disconnected",
        "keep_alive",
        "message_event",
        "more_body",
        "response_complete",
        "response_started",
    )

    def __init__(
        self,
        protocol: HttpToolsProtocol,
        application: Application,
        endpoint: Endpoint,
        scope: dict[str, Any],
        keep_alive: bool,
    ) -> None:
        self._application = application
        self._protocol = protocol
        self._scope = scope
        self._exchange = PollingExchange(application, endpoint, scope, self._respond)
        self.keep_alive: bool = keep_alive
        self.disconnected: bool = False
        self.more_body: bool = True
        self.response_started: bool = False
        self.response_complete: bool = False
        #: uvicorn wakes its own cycle by this; nobody waits here.
        self.message_event: asyncio.Event | _NoEvent = _NO_EVENT

    def start(self) -> None:
        """Act on the request's head."""
        self._exchange.start()

    def receive_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        if not self.response_complete:
            self._exchange.receive_body(data)

    def finish_body(self) -> None:
        """The body is complete."""
        self.more_body = False
        if not self.response_complete:
            self._exchange.finish_body()

    def abort(self) -> None:
        """The connection is gone."""
        if not self.response_complete:
            self.response_complete = True
            self._exchange.abort()

    def _respond(self, response: Response) -> None:
        protocol = self._protocol
        self.response_started = self.response_complete = True
        if protocol.transport.is_closing():
            return
        self._application.log_access(self._scope, response.status)
        headers = protocol.server_state.default_headers
        write_response(protocol.transport, response, self.keep_alive, headers)
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


class _NoEvent:
    """An event that nobody waits for."""

    __slots__ = ()

    def set(self) -> None:
        """Wake nobody."""


_NO_EVENT = _NoEvent()
