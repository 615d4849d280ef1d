"""From an HTTP request, as uvicorn parsed it, to a WSGI environment (PEP 3333)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Headers whose names WSGI writes without ``HTTP_``.
_PLAIN_NAMES = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}

#: The environment's names of headers seen so far: as many strings as there are names, not as there
#: are requests. Names come from clients, so their number is limited.
_names: dict[bytes, str] = {}
_MAX_NAMES = 1000


def origin_form(target: bytes) -> bytes:
    """Return a request's target as path and query.

    :param target: as it came; a proxy may have written a whole URL (RFC 9112 section 3.2.2).
    """
    if target[:1] == b"/" or b"://" not in target:
        return target
    return b"/" + target.partition(b"://")[2].partition(b"/")[2]


def build_environ(scope: Mapping[str, Any], body: object) -> dict[str, Any]:
    """Build the environment of a request.

    :param scope: its ASGI scope; the path is taken from ``raw_path``, since ``path`` has been
        decoded as UTF-8 with replacement.
    :param body: what becomes ``wsgi.input``.
    """
    server = scope["server"] or ("127.0.0.1", None)
    client = scope["client"]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REQUEST_URI": request_uri(scope),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": "HTTP/1.1" if scope["http_version"] == "1.1" else "HTTP/1.0",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    if client is not None:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    _add_headers(environ, scope["headers"])
    return environ


def request_uri(scope: Mapping[str, Any]) -> str:
    """Return a request's path and query as they came."""
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _add_headers(environ: dict[str, Any], headers: Iterable[tuple[bytes, bytes]]) -> None:
    for header, raw_value in headers:
        name = _names.get(header) or _environ_name(header)
        if not name:
            continue
        value = raw_value.decode("latin-1")
        before = environ.get(name)
        if before is not None:
            # RFC 9110 section 5.3; cookies are joined as RFC 6265 section 5.4 writes them.
            value = f"{before}; {value}" if name == "HTTP_COOKIE" else f"{before},{value}"
        environ[name] = value


def _environ_name(header: bytes) -> str:
    if b"_" in header:
        return ""  # would be the same name as the header with a dash, which a proxy may have set
    name = _PLAIN_NAMES.get(header)
    if name is None:
        name = "HTTP_" + header.decode("latin-1").upper().replace("-", "_")
    if len(_names) < _MAX_NAMES:
        _names[header] = name
    return name
