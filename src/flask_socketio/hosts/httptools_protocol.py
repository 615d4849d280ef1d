"""uvicorn's httptools protocol, with limits, and with WebSockets handed to our own protocol."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .head_limits import HEAD_LIMIT
from .http_answer import write_error
from .websocket_protocol import WebSocketProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from .embedded import Host
    from .endpoint import Endpoint


class HttptoolsHost(HttpToolsProtocol):
    """One HTTP connection, until it becomes a WebSocket."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._host: Host = config.app  # type: ignore[assignment]  # what we gave the Config
        self._head_size = 0
        self._in_head = True
        self._is_upgraded = False
        #: An upgrade that waits for the answers to the requests before it, with what followed it.
        self._upgrade: tuple[Endpoint, bytes] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._host.head_timeouts.begin(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._host.head_timeouts.end(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._is_upgraded or self._upgrade is not None:
            return
        self._unset_keepalive_if_required()
        if self._in_head:
            if not self._head_size:
                self._host.head_timeouts.begin(self)
            self._head_size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._begin_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._reject(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received.")
            return
        if self._in_head and self._head_size > HEAD_LIMIT:
            self._reject_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """A request's head is complete."""
        self._in_head = False
        self._head_size = 0
        self._host.head_timeouts.end(self)
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT:
            self._reject_head()
            return
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request's body is complete."""
        self._in_head = True
        if self.cycle is not None:
            super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a request's body."""
        if self.cycle is not None:
            super().on_body(body)

    # ---------------------------------------------------------------- WebSockets

    def _should_upgrade(self) -> bool:
        """Whether the request asks an engine for a WebSocket; the application gets all others."""
        return self._get_upgrade() == b"websocket" and self._find_endpoint() is not None

    def _find_endpoint(self) -> Endpoint | None:
        path = self.url.partition(b"?")[0]
        return self._host.application.find(path)

    def _begin_upgrade(self, early: bytes) -> None:
        endpoint = self._find_endpoint() if self._get_upgrade() == b"websocket" else None
        if endpoint is None:
            # An upgrade that we do not offer is ignored (RFC 9110 section 7.8), but the parser has
            # stopped: the connection ends after the answer.
            if self.cycle is not None:
                self.cycle.keep_alive = False
            return
        self._upgrade = (endpoint, early)
        if self._is_answered():
            self._finish_upgrade()
        else:
            self.flow.pause_reading()

    def _is_answered(self) -> bool:
        return not self.pipeline and self._cycle_is_over()

    def _cycle_is_over(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _finish_upgrade(self) -> None:
        assert self._upgrade is not None
        endpoint, early = self._upgrade
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.connections.discard(self)
        url = httptools.parse_url(self.url)
        scope = {**self.scope, "raw_path": url.path, "query_string": url.query or b""}
        transport, application = self.transport, self._host.application
        self._is_upgraded = True
        # This object and its parser refer to each other: let them go without the collector.
        self.parser = None  # type: ignore[assignment]
        self.cycle = None  # type: ignore[assignment]
        WebSocketProtocol(application, endpoint, self.connections).start(transport, scope, early)

    def on_response_complete(self) -> None:
        """An answer has been written."""
        super().on_response_complete()
        if self._upgrade is not None and self._is_answered() and not self.transport.is_closing():
            self._finish_upgrade()

    # ---------------------------------------------------------------- limits

    def _reject_head(self) -> None:
        self._reject(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request's headers are larger than {HEAD_LIMIT} bytes.",
        )

    def _reject(self, status: HTTPStatus, message: str) -> None:
        if not self.transport.is_closing():
            self.logger.warning("%s: %s", self.client[0] if self.client else "?", message)
            write_error(self.transport, status, message)

    def head_timed_out(self) -> None:
        """The client has not sent a whole head in time."""
        if self._head_size:
            self._reject(HTTPStatus.REQUEST_TIMEOUT, "The request's headers took too long.")
        elif not self.transport.is_closing():
            self.transport.close()
