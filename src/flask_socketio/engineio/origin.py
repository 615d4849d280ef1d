"""Which origins may connect, and the CORS headers that let browsers read the answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from .request import EngineRequestError, ErrorCode

#: A function of the application that decides about an origin.
OriginCheck: TypeAlias = Callable[..., object]

#: What the option ``cors_allowed_origins`` takes.
AllowedOrigins: TypeAlias = str | Iterable[str] | OriginCheck | None

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_WEB_SCHEMES = {"ws": "http", "wss": "https"}


class OriginPolicy:
    """Which origins may connect.

    :param allowed: None for the server's own origin only, ``'*'`` for all, one origin, several,
        a function that is given the origin (and, if it takes a second argument, the WSGI environ),
        or an empty list to neither check nor send CORS headers.
    :param credentials: whether cross-origin requests may carry cookies.
    """

    __slots__ = ("_allowed", "_check", "_enabled", "_same_origin", "_with_environ", "credentials")

    def __init__(self, allowed: AllowedOrigins = None, credentials: bool = True) -> None:
        self.credentials: bool = credentials
        self._same_origin = allowed is None
        self._check: OriginCheck | None = None
        self._with_environ: str | bool = False
        self._allowed: frozenset[str] = frozenset()
        self._enabled = True
        if callable(allowed):
            self._check = allowed
            self._with_environ = _environ_parameter(allowed)
        elif allowed is not None:
            origins = [allowed] if isinstance(allowed, str) else list(allowed)
            self._allowed = frozenset(map(_normal_origin, origins))
            self._enabled = bool(origins)

    def allows(
        self,
        origin: str | None,
        scheme: str,
        host: str | None,
        forwarded_proto: str | None = None,
        forwarded_host: str | None = None,
        environ: Mapping[str, object] | None = None,
    ) -> bool:
        """Decide about a request. One without an Origin header does not come from a web page.

        :param origin: its Origin header.
        :param scheme: the scheme it came by: http, https, ws or wss.
        :param host: its Host header.
        :param forwarded_proto: its X-Forwarded-Proto header; the first of a list counts.
        :param forwarded_host: its X-Forwarded-Host header; the first of a list counts.
        :param environ: its WSGI environ, for a function that wants it.
        """
        if not origin or not self._enabled:
            return True
        if self._check is not None:
            return self._ask(self._check, origin, environ or {})
        origin = _normal_origin(origin)
        if not self._same_origin:
            return "*" in self._allowed or origin in self._allowed
        if host and origin == _own_origin(scheme, host):
            return True
        # A browser cannot set these across origins without a preflight: this lets nobody in.
        if not forwarded_proto and not forwarded_host:
            return False
        outer_host = _first(forwarded_host) or host
        outer_scheme = _first(forwarded_proto) or scheme
        return bool(outer_host) and origin == _own_origin(outer_scheme, outer_host or "")

    def refusal(self, origin: str) -> EngineRequestError:
        """Return the error that answers an origin which is not allowed.

        :param origin: the Origin header that was refused.
        """
        return EngineRequestError(
            ErrorCode.BAD_REQUEST,
            f"to let it in, add {origin!r:.200} to the option cors_allowed_origins",
            f"{origin!r:.200} is not an accepted origin; see the option cors_allowed_origins",
        )

    def headers(self, origin: str | None) -> list[tuple[str, str]]:
        """Return the CORS headers of an answer, also of an error, which the browser hides else.

        :param origin: the request's Origin header.
        """
        if not origin or not self._enabled or not _is_header_text(origin):
            return []
        headers = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        if self.credentials:
            headers.append(("Access-Control-Allow-Credentials", "true"))
        return headers

    def preflight_headers(
        self, origin: str | None, requested_headers: str | None = None
    ) -> list[tuple[str, str]]:
        """Return the CORS headers that answer an OPTIONS request of an origin that is allowed.

        :param origin: the request's Origin header.
        :param requested_headers: its Access-Control-Request-Headers header, which is granted.
        """
        headers = self.headers(origin)
        if headers:
            headers.append(("Access-Control-Allow-Methods", "OPTIONS, GET, POST"))
            headers.append(("Access-Control-Max-Age", "600"))
            if requested_headers and _is_header_text(requested_headers):
                headers.append(("Access-Control-Allow-Headers", requested_headers))
        return headers

    def _ask(self, check: OriginCheck, origin: str, environ: Mapping[str, object]) -> bool:
        if isinstance(self._with_environ, str):
            return bool(check(origin, **{self._with_environ: environ}))
        return bool(check(origin, environ) if self._with_environ else check(origin))


def _environ_parameter(check: OriginCheck) -> str | bool:
    """Tell how a function wants the environ: by which name, by position (True), or not at all."""
    try:
        parameters = list(inspect.signature(check).parameters.values())
    except (TypeError, ValueError):  # a function of an extension module that does not tell
        return False
    for parameter in parameters:
        by_name = parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if parameter.name == "environ" and by_name:
            return "environ"
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 and positional[1].default is inspect.Parameter.empty


def _normal_origin(origin: str) -> str:
    origin = origin.strip().rstrip("/").lower()
    scheme, separator, _ = origin.partition("://")
    return origin.removesuffix(_DEFAULT_PORTS.get(scheme, "")) if separator else origin


def _own_origin(scheme: str, host: str) -> str:
    scheme = scheme.lower()
    return _normal_origin(f"{_WEB_SCHEMES.get(scheme, scheme)}://{host}")


def _first(header: str | None) -> str:
    return header.split(",", 1)[0].strip() if header else ""


def _is_header_text(value: str) -> bool:
    return value.isascii() and value.isprintable()
