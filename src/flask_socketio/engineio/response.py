"""The answers to HTTP requests: payloads, acknowledged posts, errors, preflights, the cookie."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..errors import UsageError
from .request import EngineRequestError, ErrorCode, error_body

if TYPE_CHECKING:
    from ..errors import ProtocolError
    from ..types import EioSid

Header: TypeAlias = tuple[str, str]

CookieValue: TypeAlias = str | bool | Callable[[], str | bool]

#: What the option ``cookie`` takes.
Cookie: TypeAlias = str | Mapping[str, CookieValue] | None

#: For zlib: the format of gzip (RFC 1952) and of zlib (RFC 1950), which HTTP calls "deflate".
_WINDOW_BITS = {"gzip": 31, "deflate": 15}

_TEXT = "text/plain; charset=UTF-8"
_BINARY = "application/octet-stream"

# Payloads are compressed where they are sent from, so that speed counts for more than the last
# percent of size.
_COMPRESSION_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, complete with its Content-Length.

    :param status: its status code.
    :param headers: its headers, in the order of sending.
    :param body: its body.
    """

    status: int
    headers: tuple[Header, ...]
    body: bytes


def payload_response(
    payload: bytes,
    accept_encoding: str | None = None,
    http_compression: bool = True,
    compression_threshold: int = 1024,
    headers: Iterable[Header] = (),
) -> Response:
    """Answer a poll.

    :param payload: what to say.
    :param accept_encoding: the request's Accept-Encoding header.
    :param http_compression: whether answers may be compressed.
    :param compression_threshold: bytes from which on it is worth it.
    :param headers: further headers: CORS, the cookie.
    """
    body = payload
    encoding_headers: list[Header] = []
    if http_compression and len(payload) >= compression_threshold:
        encoding_headers.append(("Vary", "Accept-Encoding"))
        encoding = choose_encoding(accept_encoding)
        if encoding is not None:
            encoding_headers.append(("Content-Encoding", encoding))
            body = zlib.compress(payload, _COMPRESSION_LEVEL, wbits=_WINDOW_BITS[encoding])
    # Payloads begin with a printable character, but for the binary ones of Engine.IO 3.
    content_type = _BINARY if payload[:1] < b" " else _TEXT
    return _response(200, content_type, body, [*encoding_headers, *headers])


def ok_response(headers: Iterable[Header] = ()) -> Response:
    """Answer a POST that was taken.

    :param headers: further headers.
    """
    return _response(200, _TEXT, b"ok", headers)


def error_response(error: ProtocolError, headers: Iterable[Header] = ()) -> Response:
    """Answer a request that was refused, or that ended its session, as the reference server does.

    :param error: why.
    :param headers: further headers; with those of CORS a browser shows the error.
    """
    if isinstance(error, EngineRequestError):
        body = error.body
    else:
        body = error_body(ErrorCode.BAD_REQUEST, str(error))
    return _response(error.status, "application/json", body, headers)


def preflight_response(headers: Iterable[Header] = ()) -> Response:
    """Answer an OPTIONS request.

    :param headers: the CORS headers.
    """
    return Response(204, tuple(headers), b"")


def choose_encoding(accept_encoding: str | None) -> str | None:
    """Choose how to compress an answer (RFC 9110 section 12.5.3).

    :param accept_encoding: the request's Accept-Encoding header.
    :returns: gzip or deflate, whichever the client prefers; None to send it as it is.
    """
    if not accept_encoding:
        return None
    qualities = dict(map(_parse_coding, accept_encoding.lower().split(",")))
    anything = qualities.get("*", 0.0)
    best, best_quality = None, max(qualities.get("identity", 0.0), 0.0)
    for encoding in _WINDOW_BITS:
        quality = qualities.get(encoding, anything)
        if quality > 0 and (quality > best_quality or (best is None and quality == best_quality)):
            best, best_quality = encoding, quality
    return best


def cookie_header(cookie: Cookie, sid: EioSid) -> Header | None:
    """Make the Set-Cookie header of a handshake by polling.

    :param cookie: the cookie's name; or its attributes, with the name as ``name``, where True
        means an attribute without a value, False none at all, and functions are called for theirs;
        None for no cookie.
    :param sid: the session's id, the cookie's value.
    :raises UsageError: when what the option gives cannot stand in a header.
    """
    if cookie is None:
        return None
    if isinstance(cookie, str):
        cookie = {"name": cookie, "path": "/", "SameSite": "Lax"}
    parts = [f"{_cookie_text('name', cookie.get('name', 'io'))}={sid}"]
    for attribute, setting in cookie.items():
        value = setting() if callable(setting) else setting
        if attribute == "name" or value is False:
            continue
        parts.append(
            attribute if value is True else f"{attribute}={_cookie_text(attribute, value)}"
        )
    return ("Set-Cookie", "; ".join(parts))


def _cookie_text(attribute: str, value: object) -> str:
    if isinstance(value, str) and value.isprintable() and ";" not in value:
        return value
    raise UsageError(f"the option cookie has {value!r} for {attribute!r}: not a text for a header")


def _parse_coding(item: str) -> tuple[str, float]:
    coding, _, parameter = item.partition(";")
    name, _, weight = parameter.partition("=")
    if name.strip() != "q":
        return coding.strip(), 1.0
    try:
        return coding.strip(), float(weight)
    except ValueError:
        return coding.strip(), 0.0


def _response(status: int, content_type: str, body: bytes, headers: Iterable[Header]) -> Response:
    return Response(
        status,
        (
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            # A poll must never be answered from a cache.
            ("Cache-Control", "no-store"),
            *headers,
        ),
        body,
    )
