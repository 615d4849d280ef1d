"""One WebSocket, from the handshake request on: the raw transport is ours, without ASGI.

This is the hot path: one object for each connection, no task, no copies. Everything runs on the
loop's thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..engineio import (
    EngineRequestError,
    Transport,
    check_handshake,
    check_session_request,
    choose_wire,
    error_response,
    parse_query,
)
from ..errors import ProtocolError
from ..types import DisconnectReason
from ..websocket import (
    Close,
    HandshakeError,
    State,
    WebSocketConnection,
    accept_handshake,
    encode_binary,
    encode_text,
)
from .endpoint import Headers
from .http_answer import abort_if_written, going_away, write_response

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from ..engineio import PacketGroup, Response, Wire
    from ..hub.engine_socket import EngineSocket
    from ..websocket import Acceptance, Event
    from .application import Application
    from .endpoint import Endpoint
    from .handshake import Handshake

#: Bytes in the transport's buffer above which packets wait in the session's queue, where they are
#: shared between clients and counted.
HIGH_WATER = 64 * 1024
#: Bytes that may follow the handshake request before it has been answered.
EARLY_LIMIT = 64 * 1024
#: Seconds that the peer has to answer a close frame, or to take a part of what is before it.
CLOSE_TIMEOUT = 5.0


class WebSocketProtocol:
    """The host's end of one WebSocket.

    It has what asyncio asks of a protocol without inheriting from it: a compiled class could not.

    :param application: what the connections of this server share.
    :param endpoint: the engine.
    :param connections: where the server keeps its connections, to end them when it stops.
    """

    __slots__ = (
        "_application",
        "_connection",
        "_connections",
        "_deflates",
        "_early",
        "_endpoint",
        "_engine",
        "_is_probe",
        "_socket",
        "_transport",
        "writable",
    )

    def __init__(self, application: Application, endpoint: Endpoint, connections: set[Any]) -> None:
        self._application = application
        self._endpoint = endpoint
        self._engine = endpoint.engine
        self._connections = connections
        self._transport: asyncio.Transport
        self._connection: WebSocketConnection | None = None
        self._socket: EngineSocket | None = None
        self._is_probe = False
        self._deflates = False
        #: Bytes that came before the handshake was answered.
        self._early: bytes | None = b""
        self.writable: bool = True

    # ---------------------------------------------------------------- the handshake

    def start(self, transport: asyncio.Transport, scope: Mapping[str, Any], early: bytes) -> None:
        """Take over a connection on which a request for a WebSocket has come.

        :param transport: the connection.
        :param scope: the request, as an ASGI scope.
        :param early: what came behind it in the same segment.
        """
        self._transport = transport
        self._connections.add(self)
        transport.set_protocol(cast("asyncio.Protocol", self))
        self._early = early
        try:
            self._start(scope)
        except ProtocolError as error:
            self._refuse(scope, error)

    def _start(self, scope: Mapping[str, Any]) -> None:
        query = parse_query(scope["query_string"])
        engine = self._engine
        method = scope["method"]
        if query.sid is None:
            check_handshake(method, query, True, engine.settings)
            acceptance = self._accept(scope)
            wire = choose_wire(query)
            self._application.handshake(
                scope, lambda done: self._open(scope, acceptance, done, wire)
            )
            return
        socket = engine.find(query.sid)
        current = socket.session.transport if socket is not None else None
        check_session_request(method, query, True, engine.settings, current)
        assert socket is not None
        self._endpoint.check_session_origin(socket, scope["scheme"], Headers(scope["headers"]))
        acceptance = self._accept(scope)
        engine.open_probe(socket, self, query.b64)
        self._is_probe = True
        self._begin(scope, socket, acceptance)

    def _accept(self, scope: Mapping[str, Any]) -> Acceptance:
        return accept_handshake(
            scope["method"],
            scope["http_version"],
            scope["headers"],
            deflate=self._endpoint.deflate,
        )

    def _open(
        self,
        scope: Mapping[str, Any],
        acceptance: Acceptance,
        handshake: Handshake,
        wire: Wire,
    ) -> None:
        """The handshake has come back from the WSGI stack."""
        if self._transport.is_closing():
            return
        environ = handshake.environ
        if environ is None or self._engine.closing:
            self._answer(scope, handshake.response() if environ is None else going_away())
            return
        try:
            self._endpoint.check_handshake_origin(environ)
        except EngineRequestError as error:
            self._refuse(scope, error)
            return
        socket = self._engine.open(Transport.WEBSOCKET, environ, wire)
        socket.websocket = self
        self._begin(scope, socket, acceptance)

    def _begin(
        self, scope: Mapping[str, Any], socket: EngineSocket, acceptance: Acceptance
    ) -> None:
        self._socket = socket
        self._transport.set_write_buffer_limits(HIGH_WATER)
        self._connection = WebSocketConnection(
            max_message_size=self._engine.settings.max_payload,
            deflate=acceptance.deflate,
        )
        self._deflates = acceptance.deflate is not None
        self._transport.write(acceptance.response())
        self._application.log_access(scope, 101)
        early, self._early = self._early, None
        if early:
            self.data_received(early)

    def _refuse(self, scope: Mapping[str, Any], error: ProtocolError) -> None:
        self._endpoint.log_refusal(scope["client"], error)
        origin = Headers(scope["headers"]).get("origin")
        headers = self._endpoint.origins.headers(origin)
        if isinstance(error, HandshakeError):
            headers += [(name.decode(), value.decode()) for name, value in error.headers]
        self._answer(scope, error_response(error, headers))

    def _answer(self, scope: Mapping[str, Any], response: Response) -> None:
        """Answer the request by HTTP, and close."""
        self._early = b""
        self._application.log_access(scope, response.status)
        write_response(self._transport, response)
        self._transport.close()

    # ---------------------------------------------------------------- what comes

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        connection = self._connection
        if connection is None:
            self._receive_early(data)
            return
        for event in connection.receive_data(data):
            socket = self._socket
            if socket is None:
                self._receive_after_close(event)
            elif type(event) is str or type(event) is bytes:
                if self._is_probe:
                    self._receive_probe(socket, event)
                else:
                    self._engine.receive(socket, event)
            else:
                self._receive_other(socket, event)
        reply = connection.data_to_send()
        if reply:
            self._transport.write(reply)

    def _receive_early(self, data: bytes) -> None:
        self._early = (self._early or b"") + data
        if len(self._early) > EARLY_LIMIT:
            self._transport.abort()

    def _receive_probe(self, socket: EngineSocket, message: str | bytes) -> None:
        self._engine.receive_probe(socket, message)
        self._is_probe = socket.probe is self

    def _receive_other(self, socket: EngineSocket, event: Event) -> None:
        if isinstance(event, ProtocolError):
            self._socket = None
            if self._is_probe:
                self._engine.probe_closed(socket)
            else:
                self._engine.fail(socket, event)
            self._close_transport()
        elif isinstance(event, Close):
            self._leave(socket, DisconnectReason.TRANSPORT_CLOSE, f"close code {event.code}")
            self._close_transport()

    def _receive_after_close(self, event: Event) -> None:
        if isinstance(event, Close | ProtocolError):
            self._close_transport()

    def _close_transport(self) -> None:
        """End the connection, after the close frame that is on its way."""
        assert self._connection is not None
        data = self._connection.data_to_send()
        if data:
            self._transport.write(data)
        self._transport.close()

    # ---------------------------------------------------------------- what goes

    def send_groups(self, groups: list[PacketGroup]) -> None:
        """Write packets, in order and with one write."""
        if self._socket is None:
            return  # the closing handshake has begun: nothing may follow
        if self._deflates:
            assert self._connection is not None
            data = b"".join([_compress(self._connection, group) for group in groups])
        elif len(groups) == 1:
            group = groups[0]
            data = group.frames or _encode(group)
        else:
            data = b"".join([group.frames or _encode(group) for group in groups])
        self._transport.write(data)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake, behind what was written."""
        self._socket = None
        connection = self._connection
        if connection is None:
            self._transport.abort()
        elif connection.state is State.OPEN:
            short = reason.encode()[:120].decode(errors="ignore")
            self._transport.write(connection.send_close(code, short))
            self._await_close()

    def _await_close(self, unsent: int | None = None) -> None:
        """Give the peer time for its answer, as long as it goes on taking what was written."""
        left = self._transport.get_write_buffer_size()
        if unsent is None or 0 < left < unsent:
            self._application.loop.call_later(CLOSE_TIMEOUT, self._await_close, left)
        else:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Leave further bytes in the kernel."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self.writable = False

    def resume_writing(self) -> None:
        """The transport's buffer is nearly empty."""
        self.writable = True
        if self._socket is not None:
            self._engine.writable(self._socket)

    # ---------------------------------------------------------------- the end

    def shutdown(self) -> None:
        """uvicorn asks its connections to end; ours end by the engine, but for open handshakes."""
        if self._connection is None:
            self._transport.close()

    def hang_up(self) -> None:
        """Wait no longer for the peer to answer the close frame, if one has been sent."""
        if self._transport.is_closing():
            abort_if_written(self._transport)
        elif self._socket is None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def eof_received(self) -> None:
        """The peer sends no more: the connection ends."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._connections.discard(self)
        if self._socket is not None:
            reset = exc is None or isinstance(exc, ConnectionError)
            reason = DisconnectReason.TRANSPORT_CLOSE if reset else DisconnectReason.TRANSPORT_ERROR
            self._leave(self._socket, reason, "" if exc is None else str(exc))

    def _leave(self, socket: EngineSocket, reason: DisconnectReason, detail: str) -> None:
        self._socket = None
        if self._is_probe:
            self._engine.probe_closed(socket)
        else:
            self._engine.websocket_closed(socket, reason, detail)


def _encode(group: PacketGroup) -> bytes:
    """Encode a group's frames, and keep them for the other clients it goes to."""
    frames = [
        encode_text(packet) if isinstance(packet, str) else encode_binary(packet)
        for packet in group.wire
    ]
    group.frames = data = frames[0] if len(frames) == 1 else b"".join(frames)
    return data


def _compress(connection: WebSocketConnection, group: PacketGroup) -> bytes:
    """Encode a group's frames for one connection: compression depends on what went before."""
    return b"".join(
        [
            connection.send_text(packet)
            if isinstance(packet, str)
            else connection.send_binary(packet)
            for packet in group.wire
        ]
    )
