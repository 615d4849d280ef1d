"""The opening handshake, from the server's side and, for tests and tools, the client's (RFC 6455
section 4)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha1
from typing import TYPE_CHECKING, TypeAlias

from ..errors import ProtocolError, UsageError
from .extensions import TOKEN, parse_extensions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .deflate import DeflateSettings, PerMessageDeflate

#: Header fields as they came; the names in lower case.
Headers: TypeAlias = "Sequence[tuple[bytes, bytes]]"
#: The values of each header field, without white space around them.
Fields: TypeAlias = dict[bytes, list[bytes]]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Sixteen bytes in base64 (section 4.1 item 7).
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_TOKEN = re.compile(TOKEN)
_HTTP_VERSION = re.compile(r"(?:HTTP/)?([0-9])(?:\.([0-9]))?")
_LINE_BREAKING = re.compile(rb"[\r\n\0]")
_CLIENT_VERSION = b"13"
_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


class HandshakeError(ProtocolError):
    """A request or response that cannot open a WebSocket.

    :param message: what was wrong.
    :param status: the HTTP status to answer with.
    :param headers: header fields that belong to that answer.
    """

    def __init__(
        self, message: str, *, status: int = 400, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(message, status=status)
        self.headers: tuple[tuple[bytes, bytes], ...] = tuple(headers)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the two ends agreed on.

    :param accept: the value of Sec-WebSocket-Accept.
    :param subprotocol: the chosen subprotocol, or None.
    :param deflate: this end of permessage-deflate, or None.
    :param extensions: the value of Sec-WebSocket-Extensions; empty for no such field.
    """

    accept: bytes
    subprotocol: str | None = None
    deflate: PerMessageDeflate | None = None
    extensions: str = ""

    def response(self, extra_headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
        """Give the whole head of the response 101 (section 4.2.2).

        :param extra_headers: header fields of the application, cookies for example.
        :returns: the bytes to write; frames may follow at once.
        :raises UsageError: if a header field has a line break in it.
        """
        lines = [b"Sec-WebSocket-Accept: " + self.accept]
        if self.subprotocol is not None:
            lines.append(b"Sec-WebSocket-Protocol: " + self.subprotocol.encode("ascii"))
        if self.extensions:
            lines.append(b"Sec-WebSocket-Extensions: " + self.extensions.encode("ascii"))
        return _SWITCHING + _head(lines, extra_headers)


def accept_handshake(
    method: str,
    http_version: str,
    headers: Headers,
    *,
    subprotocols: Sequence[str] = (),
    deflate: DeflateSettings | None = None,
) -> Acceptance:
    """Check a client's request and agree on what it offers, as a server (section 4.2).

    :param method: the HTTP method.
    :param http_version: ``"1.1"`` or ``"HTTP/1.1"``.
    :param headers: the header fields, with names in lower case; repeated ones as they came.
    :param subprotocols: those the application speaks, the preferred one first.
    :param deflate: settings of permessage-deflate; None declines it.
    :returns: what was agreed on, with the response.
    :raises HandshakeError: if the request does not open a WebSocket; with the HTTP answer.
    """
    fields = _by_name(headers)
    _check_request(method, http_version, fields)
    key = _single(fields, b"sec-websocket-key")
    if not _KEY.fullmatch(key):
        raise HandshakeError("Sec-WebSocket-Key is not 16 bytes in base64")
    accepted = None
    if deflate is not None:
        accepted = deflate.accept(parse_extensions(_values(fields, b"sec-websocket-extensions")))
    extension, per_message_deflate = accepted or ("", None)
    return Acceptance(
        accept=accept_value(key),
        subprotocol=_choose_subprotocol(fields, subprotocols),
        deflate=per_message_deflate,
        extensions=str(extension),
    )


def accept_value(key: bytes) -> bytes:
    """Compute Sec-WebSocket-Accept (section 4.2.2 item 5.4).

    :param key: the value of Sec-WebSocket-Key.
    :returns: the value that proves the server read it.
    """
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest())


def request_head(
    host: str,
    target: str,
    key: bytes,
    *,
    subprotocols: Sequence[str] = (),
    deflate: DeflateSettings | None = None,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """Give the head of a client's request (section 4.1).

    :param host: the value of Host, with the port where it is not the default.
    :param target: path and query string.
    :param key: 16 random bytes in base64.
    :param subprotocols: those to offer, the preferred one first.
    :param deflate: settings to offer permessage-deflate with; None offers nothing.
    :param headers: further header fields.
    :returns: the bytes to write.
    :raises UsageError: if a header field has a line break in it.
    """
    lines = [
        b"GET " + target.encode("ascii") + b" HTTP/1.1",
        b"Host: " + host.encode("ascii"),
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: " + key,
        b"Sec-WebSocket-Version: " + _CLIENT_VERSION,
    ]
    if subprotocols:
        lines.append(b"Sec-WebSocket-Protocol: " + ", ".join(subprotocols).encode("ascii"))
    if deflate is not None:
        lines.append(b"Sec-WebSocket-Extensions: " + str(deflate.offer()).encode("ascii"))
    return _head(lines, headers)


def check_response(
    status: int,
    headers: Headers,
    key: bytes,
    *,
    subprotocols: Sequence[str] = (),
    deflate: DeflateSettings | None = None,
) -> Acceptance:
    """Check a server's response, as a client (section 4.1, the second list).

    :param status: the HTTP status.
    :param headers: the header fields, with names in lower case.
    :param key: what the request had.
    :param subprotocols: what the request offered.
    :param deflate: what the request offered.
    :returns: what was agreed on.
    :raises HandshakeError: if the response does not open this WebSocket; its ``status`` is the
        server's.
    """
    if status != 101:
        raise HandshakeError(f"the server answered {status} instead of 101", status=status)
    fields = _by_name(headers)
    _check_upgrade(fields)
    if _single(fields, b"sec-websocket-accept") != accept_value(key):
        raise HandshakeError("Sec-WebSocket-Accept does not fit the key")
    chosen = [value.decode("latin-1") for value in _values(fields, b"sec-websocket-protocol")]
    if len(chosen) > 1 or not set(chosen) <= set(subprotocols):
        raise HandshakeError(f"the server chose the subprotocol {', '.join(chosen)!r}")
    extensions, per_message_deflate = _confirm_extensions(fields, deflate)
    return Acceptance(
        accept=accept_value(key),
        subprotocol=chosen[0] if chosen else None,
        deflate=per_message_deflate,
        extensions=extensions,
    )


def _confirm_extensions(
    fields: Fields, deflate: DeflateSettings | None
) -> tuple[str, PerMessageDeflate | None]:
    values = _values(fields, b"sec-websocket-extensions")
    if not values:
        return "", None
    extensions = list(parse_extensions(values))
    confirmed = deflate.confirm(extensions[0]) if deflate and len(extensions) == 1 else None
    if confirmed is None:
        shown = b", ".join(values).decode("latin-1")
        raise HandshakeError(f"the server accepted {shown!r}, which was not offered")
    return str(extensions[0]), confirmed


def _check_request(method: str, http_version: str, fields: Fields) -> None:
    if method != "GET":
        raise HandshakeError("the method is not GET", status=405, headers=[(b"Allow", b"GET")])
    version = _HTTP_VERSION.fullmatch(http_version)
    if version is None or (int(version[1]), int(version[2] or 0)) < (1, 1):
        raise HandshakeError("the HTTP version is below 1.1")
    _single(fields, b"host")
    _check_upgrade(fields)
    if _single(fields, b"sec-websocket-version") != _CLIENT_VERSION:
        # Section 4.4: tell the client what would do.
        raise HandshakeError(
            "Sec-WebSocket-Version is not 13",
            status=426,
            headers=[(b"Sec-WebSocket-Version", _CLIENT_VERSION)],
        )


def _check_upgrade(fields: Fields) -> None:
    if "websocket" not in _tokens(fields, b"upgrade"):
        raise HandshakeError("the Upgrade header field does not name websocket")
    if "upgrade" not in _tokens(fields, b"connection"):
        raise HandshakeError("the Connection header field does not name Upgrade")


def _choose_subprotocol(fields: Fields, subprotocols: Sequence[str]) -> str | None:
    if not subprotocols:
        return None
    offered = set(_list(fields, b"sec-websocket-protocol"))
    return next((name for name in subprotocols if name in offered), None)


def _by_name(headers: Headers) -> Fields:
    fields: Fields = {}
    for name, value in headers:
        fields.setdefault(name, []).append(value.strip(b" \t"))
    return fields


def _values(fields: Fields, name: bytes) -> list[bytes]:
    return fields.get(name, [])


def _single(fields: Fields, name: bytes) -> bytes:
    values = _values(fields, name)
    if len(values) != 1:
        raise HandshakeError(f"the header field {name.decode()} must be there exactly once")
    return values[0]


def _list(fields: Fields, name: bytes) -> list[str]:
    """Read the elements of a comma-separated list, over all fields of that name."""
    text = b",".join(_values(fields, name)).decode("latin-1")
    return [element.strip(" \t") for element in text.split(",")]


def _tokens(fields: Fields, name: bytes) -> list[str]:
    return [element.lower() for element in _list(fields, name)]


def _head(lines: list[bytes], extra: Iterable[tuple[bytes, bytes]]) -> bytes:
    lines.extend(name + b": " + value for name, value in extra)
    if any(_LINE_BREAKING.search(line) for line in lines):
        raise UsageError("a header field has a line break or a zero byte in it")
    return b"\r\n".join(lines) + b"\r\n\r\n"
