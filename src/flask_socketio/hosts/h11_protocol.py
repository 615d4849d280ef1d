"""uvicorn's h11 protocol, with limits, and with WebSockets handed to our own protocol."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .environ import origin_form
from .http_answer import abort_if_written, write_error
from .read_limits import HEAD_LIMIT
from .websocket_protocol import WebSocketProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from .endpoint import Endpoint
    from .host import Host


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
        self._head_too_large = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._host.head_timeouts.begin(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._host.head_timeouts.end(self)
        self._host.body_timeouts.end(self)
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
        if self.conn.their_state is h11.SEND_BODY and not self._is_upgraded:
            self._host.body_timeouts.begin(self)
        else:
            self._host.body_timeouts.end(self)

    def send_400_response(self, msg: str) -> None:
        """Answer a head that is no HTTP, or too large."""
        if self.conn.their_state is not h11.ERROR or self.conn.our_state is not h11.IDLE:
            self.transport.close()
            return
        buffered, _ = self.conn.trailing_data
        if len(buffered) > HEAD_LIMIT:
            self._reject_head()
        else:
            write_error(self.transport, HTTPStatus.BAD_REQUEST, msg)

    # ---------------------------------------------------------------- WebSockets

    def _should_upgrade(self) -> bool:
        """Whether the request asks an engine for a WebSocket; the application gets all others.

        This is where uvicorn asks once for each request, so a head that is too large is taken out
        here as well: h11 limits only what waits for its end, not what comes whole.
        """
        self.scope["raw_path"] = origin_form(self.scope["raw_path"])
        size = sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._head_too_large = size + len(self.scope["raw_path"]) > HEAD_LIMIT
        if self._head_too_large:
            return True
        return self._get_upgrade() == b"websocket" and self._find_endpoint() is not None

    def _reject_head(self) -> None:
        write_error(
            self.transport,
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request's headers are larger than {HEAD_LIMIT} bytes.",
        )

    def _find_endpoint(self) -> Endpoint | None:
        return self._host.application.find(self.scope["raw_path"])

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over."""
        if self._head_too_large:
            self._reject_head()
            return
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

    def body_timed_out(self) -> None:
        """No more of a body has come in time."""
        cycle: RequestResponseCycle = self.cycle
        if self.flow.read_paused or cycle.waiting_for_100_continue:
            self._host.body_timeouts.begin(self)
        elif cycle.response_started:
            self.transport.close()
        else:
            write_error(
                self.transport, HTTPStatus.REQUEST_TIMEOUT, "The request's body took too long."
            )

    # ---------------------------------------------------------------- the end

    def shutdown(self) -> None:
        """The server ends: so does the connection, after the answer that is under way."""
        # uvicorn would tell h11 as well, which refuses after an error.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()
        else:
            cycle.keep_alive = False

    def hang_up(self) -> None:
        """Wait no longer for the client, if the connection is about to end."""
        abort_if_written(self.transport)

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abort()
