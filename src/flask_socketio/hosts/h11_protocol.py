"""uvicorn's h11 protocol, with limits, and with WebSockets handed to our own protocol."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .http_answer import write_error
from .websocket_protocol import WebSocketProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from .embedded import Host
    from .endpoint import Endpoint


class H11Host(H11Protocol):
    """One HTTP connection, until it becomes a WebSocket. The size of heads is limited by h11."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._host: Host = config.app  # type: ignore[assignment]  # what we gave the Config
        self._is_upgraded = False
        self._head_begun = False

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
        if self._is_upgraded:
            return
        if self.conn.their_state is h11.IDLE and not self._head_begun:
            self._head_begun = True
            self._host.head_timeouts.begin(self)
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_begun = False
            self._host.head_timeouts.end(self)

    def send_400_response(self, msg: str) -> None:
        """Answer a head that is no HTTP, or too large."""
        if self.conn.their_state is not h11.ERROR or self.conn.our_state is not h11.IDLE:
            self.transport.close()
            return
        buffered, _ = self.conn.trailing_data
        if len(buffered) > self.config.h11_max_incomplete_event_size:  # type: ignore[operator]
            write_error(
                self.transport,
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The request's headers are too large.",
            )
        else:
            write_error(self.transport, HTTPStatus.BAD_REQUEST, msg)

    # ---------------------------------------------------------------- WebSockets

    def _should_upgrade(self) -> bool:
        """Whether the request asks an engine for a WebSocket; the application gets all others."""
        return self._get_upgrade() == b"websocket" and self._find_endpoint() is not None

    def _find_endpoint(self) -> Endpoint | None:
        return self._host.application.find(self.scope["raw_path"])

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over."""
        endpoint = self._find_endpoint()
        assert endpoint is not None, "_should_upgrade has found it"
        self._is_upgraded = True
        self._host.head_timeouts.end(self)
        self.connections.discard(self)
        early, _ = self.conn.trailing_data
        protocol = WebSocketProtocol(self._host.application, endpoint, self.connections)
        protocol.start(self.transport, self.scope, early)

    def head_timed_out(self) -> None:
        """The client has not sent a whole head in time."""
        if self._head_begun:
            write_error(
                self.transport, HTTPStatus.REQUEST_TIMEOUT, "The request's headers took too long."
            )
        else:
            self.transport.close()
