"""Engine.IO by HTTP: one request and its answer, whoever parsed it.

An adapter makes an exchange from a request's head, feeds it the body if one is wanted, and is
given the response through a callback: at once, or when a poll has something to say.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..engineio import (
    EngineRequestError,
    Transport,
    answer_packet_limit,
    check_handshake,
    check_session_request,
    choose_wire,
    cookie_header,
    error_response,
    ok_response,
    parse_query,
    payload_response,
    preflight_response,
)
from ..errors import MessageTooBigError, ProtocolError
from .endpoint import Headers
from .http_answer import going_away

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..engineio import Cookie, Response, Wire
    from ..hub.engine_socket import EngineSocket
    from .application import Application
    from .endpoint import Endpoint
    from .handshake import Handshake

logger: logging.Logger = logging.getLogger("flask_socketio.engineio")


class PollingExchange:
    """One HTTP request to an engine. Touched by the loop's thread only.

    :param application: the host, which has the workers and the WSGI stack.
    :param endpoint: the engine.
    :param scope: the request's ASGI scope.
    :param respond: called once, with the answer.
    """

    __slots__ = (
        "_application",
        "_body",
        "_endpoint",
        "_headers",
        "_is_first",
        "_respond",
        "_scope",
        "_size",
        "_socket",
        "wants_body",
    )

    def __init__(
        self,
        application: Application,
        endpoint: Endpoint,
        scope: Mapping[str, Any],
        respond: Callable[[Response], None],
    ) -> None:
        self._application = application
        self._endpoint = endpoint
        self._scope = scope
        self._respond: Callable[[Response], None] | None = respond
        self._headers = Headers(scope["headers"])
        self._socket: EngineSocket | None = None
        self._body: list[bytes] = []
        self._size = 0
        #: Whether the answer opens a session.
        self._is_first = False
        #: Whether the request's body is to be read, by `receive_body` and `finish_body`.
        self.wants_body: bool = False

    def start(self) -> None:
        """Act on the request's head."""
        try:
            self._start()
        except ProtocolError as error:
            self._refuse(error)

    def _start(self) -> None:
        method = self._scope["method"]
        if method == "OPTIONS":
            self._answer(preflight_response(self._preflight()))
            return
        query = parse_query(self._scope["query_string"])
        engine = self._endpoint.engine
        if query.sid is None:
            check_handshake(method, query, False, engine.settings)
            wire = choose_wire(query)
            self._application.handshake(self._scope, lambda done: self._open(done, wire))
            return
        socket = engine.find(query.sid)
        current = socket.session.transport if socket is not None else None
        check_session_request(method, query, False, engine.settings, current)
        assert socket is not None
        self._endpoint.check_session_origin(socket, self._scope["scheme"], self._headers)
        self._socket = socket
        if method == "GET":
            engine.open_poll(socket, self)
        else:
            self._start_post(socket)

    # ---------------------------------------------------------------- a session opens

    def _open(self, handshake: Handshake, wire: Wire) -> None:
        """The handshake has come back from the WSGI stack."""
        if self._respond is None:
            return
        environ = handshake.environ
        if environ is None or self._endpoint.engine.closing:
            self._answer(handshake.response() if environ is None else going_away())
            return
        try:
            self._endpoint.check_handshake_origin(environ)
        except EngineRequestError as error:
            self._refuse(error)
            return
        engine = self._endpoint.engine
        self._socket = socket = engine.open(Transport.POLLING, environ, wire)
        self._is_first = True
        user_agent = environ.get("HTTP_USER_AGENT")
        socket.session.max_answer_packets = answer_packet_limit(user_agent)
        engine.open_poll(socket, self)

    # ---------------------------------------------------------------- a poll

    def answer(self, payload: bytes) -> None:
        """Answer the GET."""
        endpoint = self._endpoint
        headers = self._cors()
        if endpoint.cookie is not None and self._is_first:
            headers += self._cookie(endpoint.cookie)
        self._answer(
            payload_response(
                payload,
                self._headers.get("accept-encoding"),
                endpoint.http_compression,
                endpoint.compression_threshold,
                headers,
            )
        )

    def _cookie(self, cookie: Cookie) -> list[tuple[str, str]]:
        assert self._socket is not None, "a session has been opened"
        try:
            header = cookie_header(cookie, self._socket.session.sid)
        except Exception:  # parts of the option may be functions of the application
            logger.exception("the option cookie failed; the session gets none")
            return []
        return [] if header is None else [header]

    def refuse(self, error: ProtocolError) -> None:
        """Answer the GET with the error that ended its session."""
        self._refuse(error)

    # ---------------------------------------------------------------- a post

    def _start_post(self, socket: EngineSocket) -> None:
        engine = self._endpoint.engine
        try:
            socket.session.begin_post(engine.now())
        except ProtocolError as error:
            engine.fail(socket, error)
            raise
        length = self._headers.get("content-length")
        limit = engine.settings.max_payload
        if length is not None and length.isdecimal() and int(length) > limit:
            self._fail_post(socket, MessageTooBigError(int(length), limit))
            return
        self.wants_body = True

    def receive_body(self, chunk: bytes) -> None:
        """Take a part of the body."""
        if not self.wants_body or self._socket is None:
            return
        self._size += len(chunk)
        limit = self._endpoint.engine.settings.max_payload
        if self._size > limit:
            self._fail_post(self._socket, MessageTooBigError(self._size, limit))
        else:
            self._body.append(chunk)

    def finish_body(self) -> None:
        """The body is complete."""
        if not self.wants_body or self._socket is None:
            return
        self.wants_body = False
        socket = self._socket
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        try:
            self._endpoint.engine.receive_payload(socket, body)
        except ProtocolError as error:
            self._refuse(error)
        else:
            self._endpoint.engine.answer_post(socket, self)

    def accept(self) -> None:
        """Answer the POST: its messages were taken, and the client may send more."""
        self._answer(ok_response(self._cors()))

    def _fail_post(self, socket: EngineSocket, error: ProtocolError) -> None:
        self.wants_body = False
        socket.session.end_post()
        self._endpoint.engine.fail_payload(socket, error)
        self._refuse(error)

    # ---------------------------------------------------------------- the end

    def abort(self) -> None:
        """The client has gone away before it was answered."""
        if self._respond is None:
            return
        self._respond = None
        if self._socket is not None and self.wants_body:
            self._fail_post(self._socket, ProtocolError("the client broke off a POST"))
        elif self._socket is not None:
            self._endpoint.engine.cancel_poll(self._socket, self)
        self._socket = None

    def _cors(self) -> list[tuple[str, str]]:
        return self._endpoint.origins.headers(self._headers.get("origin"))

    def _preflight(self) -> list[tuple[str, str]]:
        return self._endpoint.origins.preflight_headers(
            self._headers.get("origin"), self._headers.get("access-control-request-headers")
        )

    def _refuse(self, error: ProtocolError) -> None:
        if isinstance(error, EngineRequestError):
            self._endpoint.log_refusal(self._scope["client"], error)
        self._answer(error_response(error, self._cors()))

    def _answer(self, response: Response) -> None:
        respond, self._respond = self._respond, None
        self._socket = None
        if respond is not None:
            respond(response)
