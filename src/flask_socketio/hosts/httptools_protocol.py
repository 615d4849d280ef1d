"""uvicorn's httptools protocol, with limits, and with WebSockets handed to our own protocol."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .environ import origin_form
from .http_answer import abort_if_written, write_error
from .polling_cycle import PollingCycle
from .read_limits import HEAD_LIMIT
from .websocket_protocol import EARLY_LIMIT, WebSocketProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from .endpoint import Endpoint
    from .host import Host


class _HeadTooLarge(Exception):
    """Stops the parser: the head that it has read is larger than it may be."""


class _TunnelWanted(Exception):
    """Stops the parser: the request is a CONNECT."""


class HttptoolsHost(HttpToolsProtocol):
    """One HTTP connection, until it becomes a WebSocket."""

    headers: list[tuple[bytes, bytes]]
    parser: Any
    cycle: Any

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._host: Host = config.app  # type: ignore[assignment]  # what we gave the Config
        #: Bytes that have come without any progress: no whole head, no piece of a body. A head and
        #: what surrounds chunks (trailers, extensions) are limited alike.
        self._idle_size = 0
        self._in_head = True
        #: Whether what comes is not for this object any more: upgraded, or refused.
        self._is_over = False
        #: The engine that the newest request wants a WebSocket of.
        self._endpoint: Endpoint | None = None
        #: What followed an upgrade that waits for the answers to the requests before it.
        self._early: bytes | None = None
        #: The head of a request that is to be parsed again, without its upgrade.
        self._plain_head: bytes | None = None
        #: The newest polling request.
        self._polling: PollingCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._host.head_timeouts.begin(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._host.head_timeouts.end(self)
        self._host.body_timeouts.end(self)
        super().connection_lost(exc)
        if self._polling is not None:
            self._polling.abort()
            self._polling = None

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._is_over:
            return
        if self._early is not None:
            self._receive_early(data)
            return
        self._unset_keepalive_if_required()
        if self._in_head and not self._idle_size:
            self._host.head_timeouts.begin(self)
        self._idle_size += len(data)
        self._parse(data)
        if self._in_head:
            self._host.body_timeouts.end(self)
        elif not self._is_over:
            self._host.body_timeouts.begin(self)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._begin_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _HeadTooLarge):
                self._reject_head()
            else:
                self._reject(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received.")
            return
        if self._idle_size > HEAD_LIMIT:
            self._reject_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """A request's head is complete."""
        if self._idle_size > HEAD_LIMIT and self._head_size() > HEAD_LIMIT:
            raise _HeadTooLarge
        self._in_head = False
        self._idle_size = 0
        self._host.head_timeouts.end(self)
        path, _, query = origin_form(self.url).partition(b"?")
        endpoint = self._host.application.find(path)
        if self.parser.should_upgrade():
            if endpoint is None or self._get_upgrade() != b"websocket":
                self._leave_out_upgrade()
                return
            self._endpoint = endpoint
        elif endpoint is not None and self._is_answered() and not self.expect_100_continue:
            self._start_polling(endpoint, path, query)
            self.headers = []
            return
        super().on_headers_complete()
        # What comes behind a body in chunks must not pass for headers (RFC 9110 section 6.5.1).
        self.headers = []

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        """A piece of a request's body."""
        self._idle_size = 0
        cycle: object = self.cycle
        if isinstance(cycle, PollingCycle):
            cycle.receive_body(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request's body is complete."""
        self._in_head = True
        self._idle_size = 0
        if self._plain_head is not None:
            return
        cycle: object = self.cycle
        if isinstance(cycle, PollingCycle):
            cycle.finish_body()
        else:
            super().on_message_complete()

    def _start_polling(self, endpoint: Endpoint, path: bytes, query: bytes) -> None:
        """Answer a request to an engine here; one behind another request goes through ASGI."""
        version = self.parser.get_http_version()
        scope: dict[str, Any] = {
            **self.scope,
            "method": self.parser.get_method().decode("ascii"),
            "http_version": version,
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
        }
        keep_alive = version != "1.0" and self.parser.should_keep_alive()
        self._polling = PollingCycle(self, self._host.application, endpoint, scope, keep_alive)
        self.cycle = self._polling  # has what uvicorn asks of a cycle
        self._polling.start()

    # ---------------------------------------------------------------- WebSockets

    def _should_upgrade(self) -> bool:
        """Whether the request asks an engine for a WebSocket; the application gets all others."""
        return self._endpoint is not None

    def _leave_out_upgrade(self) -> None:
        """Have a request parsed again without the upgrade it asks for, which is not offered.

        Such an upgrade is ignored (RFC 9110 section 7.8), but the parser stops at it, and takes a
        body for the other protocol.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise _TunnelWanted
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self._plain_head = b"\r\n".join([*lines, b"", b""])

    def _begin_upgrade(self, early: bytes) -> None:
        if self._plain_head is not None:
            head, self._plain_head = self._plain_head, None
            self.parser = httptools.HttpRequestParser(self)
            self._parse(head + early)
            return
        self._early = early
        if self._is_answered():
            self._finish_upgrade()
        else:
            self.flow.pause_reading()

    def _receive_early(self, data: bytes) -> None:
        """Keep what came although reading is paused: a request before the upgrade resumed it."""
        self._early = (self._early or b"") + data
        if len(self._early) > EARLY_LIMIT:
            self.transport.abort()

    def _is_answered(self) -> bool:
        return not self.pipeline and self._cycle_is_over()

    def _cycle_is_over(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _finish_upgrade(self) -> None:
        endpoint, early = self._endpoint, self._early
        assert endpoint is not None
        assert early is not None
        self._is_over = True
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.connections.discard(self)
        path, _, query = origin_form(self.url).partition(b"?")
        scope = {**self.scope, "raw_path": path, "query_string": query}
        transport, application = self.transport, self._host.application
        # This object and its parser refer to each other: let them go without the collector.
        self.parser = None
        self.cycle = None
        WebSocketProtocol(application, endpoint, self.connections).start(transport, scope, early)

    def on_response_complete(self) -> None:
        """An answer has been written."""
        super().on_response_complete()
        if self._early is not None and self._is_answered() and not self.transport.is_closing():
            self._finish_upgrade()

    # ---------------------------------------------------------------- limits

    def _reject_head(self) -> None:
        self._reject(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request's headers are larger than {HEAD_LIMIT} bytes.",
        )

    def _reject(self, status: HTTPStatus, message: str) -> None:
        if self._is_over or self.transport.is_closing():
            return
        self._is_over = True
        self.logger.warning("%s: %s", self.client[0] if self.client else "?", message)
        if self._is_answered() or (self._is_reading_body() and not self.cycle.response_started):
            write_error(self.transport, status, message)
        elif self._is_reading_body():
            self.transport.close()
        else:
            # Answers to earlier requests are under way: nothing may be written between them.
            self.cycle.keep_alive = False

    def _is_reading_body(self) -> bool:
        """Whether what came belongs to the request that is being answered."""
        return self.cycle.more_body and not self.pipeline

    def head_timed_out(self) -> None:
        """The client has not sent a whole head in time."""
        if self._idle_size:
            self._reject(HTTPStatus.REQUEST_TIMEOUT, "The request's headers took too long.")
        elif not self.transport.is_closing():
            self.transport.close()

    def body_timed_out(self) -> None:
        """No more of a body has come in time."""
        cycle: RequestResponseCycle = self.cycle
        if self.flow.read_paused or getattr(cycle, "waiting_for_100_continue", False):
            self._host.body_timeouts.begin(self)
        else:
            self._reject(HTTPStatus.REQUEST_TIMEOUT, "The request's body took too long.")

    def hang_up(self) -> None:
        """Wait no longer for the client, if the connection is about to end."""
        abort_if_written(self.transport)

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abort()
