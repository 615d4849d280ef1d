"""One engine at one path: what hosts know of a server."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..engineio import EngineRequestError, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engineio import Cookie, OriginPolicy
    from ..errors import ProtocolError
    from ..hub.engine import Engine
    from ..hub.engine_socket import EngineSocket
    from ..websocket import DeflateSettings

#: The kind of refusal that is not this server's trouble, but the client's.
OLD_CLIENT = ErrorCode.UNSUPPORTED_PROTOCOL_VERSION.name

logger: logging.Logger = logging.getLogger("flask_socketio.engineio")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An engine, the path it is served at, and how its HTTP answers look.

    :param path: with a slash before and none behind, such as ``/socket.io``.
    :param engine: the sessions.
    :param origins: which origins may connect.
    :param http_compression: whether answers to polls may be compressed.
    :param compression_threshold: bytes from which on they are.
    :param cookie: the cookie with the session's id; None for none.
    :param deflate: how WebSocket messages may be compressed; None for not at all.
    """

    path: str
    engine: Engine
    origins: OriginPolicy
    http_compression: bool = True
    compression_threshold: int = 1024
    cookie: Cookie = None
    deflate: DeflateSettings | None = None

    def log_refusal(self, client: tuple[str, int] | None, error: ProtocolError) -> None:
        """Log a request that is refused.

        :param client: its address and port.
        """
        kind = error.code.name if isinstance(error, EngineRequestError) else type(error).__name__
        address = client[0] if client else "?"
        level = logging.WARNING if kind == OLD_CLIENT else logging.ERROR
        self.engine.errors.log(kind, f"refused a request from {address}: {error}", level)

    def check_handshake_origin(self, environ: dict[str, Any]) -> None:
        """Check who opens a session, by what WSGI middleware made of the request.

        :raises EngineRequestError: the origin is not allowed.
        """
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            return
        self._check_origin(
            origin,
            environ["wsgi.url_scheme"],
            environ.get("HTTP_HOST"),
            environ.get("HTTP_X_FORWARDED_PROTO"),
            environ.get("HTTP_X_FORWARDED_HOST"),
            environ,
        )

    def check_session_origin(self, socket: EngineSocket, scheme: str, headers: Headers) -> None:
        """Check who sends a later request of a session; the origin that opened it may.

        :raises EngineRequestError: the origin is not allowed.
        """
        origin = headers.get("origin")
        if origin is None or origin == socket.environ.get("HTTP_ORIGIN"):
            return
        self._check_origin(
            origin,
            scheme,
            headers.get("host"),
            headers.get("x-forwarded-proto"),
            headers.get("x-forwarded-host"),
            socket.environ,
        )

    def _check_origin(
        self,
        origin: str,
        scheme: str,
        host: str | None,
        forwarded_proto: str | None,
        forwarded_host: str | None,
        environ: dict[str, Any],
    ) -> None:
        try:
            allowed = self.origins.allows(
                origin, scheme, host, forwarded_proto, forwarded_host, environ
            )
        except Exception:  # the option may be a function of the application
            logger.exception("the function in cors_allowed_origins failed; %r is refused", origin)
            allowed = False
        if not allowed:
            raise self.origins.refusal(origin)


class Headers:
    """The headers of a request by name; of a name that occurs twice, the values joined.

    :param raw: names in lower case, and values.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def get(self, name: str) -> str | None:
        """Return the value of a header; None if there is none."""
        wanted = name.encode("latin-1")
        values = [value for header, value in self._raw if header == wanted]
        return b", ".join(values).decode("latin-1") if values else None
