"""What hosts know of an engine: origins and headers."""

from __future__ import annotations

from typing import Any

import pytest

from flask_socketio.engineio import EngineRequestError, OriginPolicy, Session, SessionSettings
from flask_socketio.engineio import Transport as TransportName
from flask_socketio.hosts.endpoint import Endpoint, Headers
from flask_socketio.hub.engine_socket import EngineSocket
from flask_socketio.types import EioSid


def endpoint_of(allowed: Any = None) -> Endpoint:
    engine: Any = None
    return Endpoint("/socket.io", engine, OriginPolicy(allowed))


def environ_of(origin: str | None = None, **more: str) -> dict[str, Any]:
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "example.com", **more}
    if origin is not None:
        environ["HTTP_ORIGIN"] = origin
    return environ


def socket_of(environ: dict[str, Any]) -> EngineSocket:
    session = Session(EioSid("sid"), SessionSettings(25), TransportName.POLLING, 0.0)
    return EngineSocket(session, environ)


@pytest.mark.parametrize(
    "environ",
    [
        environ_of(),
        environ_of("http://example.com"),
        environ_of(
            "https://outside.example",
            HTTP_X_FORWARDED_HOST="outside.example",
            HTTP_X_FORWARDED_PROTO="https",
        ),
    ],
    ids=["none", "own", "forwarded"],
)
def test_origins_that_may_open_a_session(environ: dict[str, Any]) -> None:
    endpoint_of().check_handshake_origin(environ)


@pytest.mark.parametrize("origin", ["http://evil.example", "https://example.com", "null"])
def test_origins_that_may_not(origin: str) -> None:
    with pytest.raises(EngineRequestError, match="not an accepted origin"):
        endpoint_of().check_handshake_origin(environ_of(origin))


def test_a_function_that_fails_refuses(caplog: pytest.LogCaptureFixture) -> None:
    def check(origin: str) -> bool:
        raise RuntimeError("expected by the test")

    with pytest.raises(EngineRequestError):
        endpoint_of(check).check_handshake_origin(environ_of("http://example.com"))
    assert "the function in cors_allowed_origins failed" in caplog.text


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ([], True),
        ([(b"origin", b"http://first.example")], True),
        ([(b"origin", b"http://example.com"), (b"host", b"example.com")], True),
        ([(b"origin", b"http://evil.example"), (b"host", b"example.com")], False),
    ],
    ids=["none", "the one that opened it", "own", "another"],
)
def test_later_requests_of_a_session(headers: list[tuple[bytes, bytes]], allowed: bool) -> None:
    socket = socket_of(environ_of("http://first.example"))
    if allowed:
        endpoint_of().check_session_origin(socket, "http", Headers(headers))
    else:
        with pytest.raises(EngineRequestError):
            endpoint_of().check_session_origin(socket, "http", Headers(headers))


def test_headers() -> None:
    headers = Headers([(b"a", b"1"), (b"b", b"\xe4"), (b"a", b"2")])
    assert [headers.get(name) for name in ("a", "b", "c")] == ["1, 2", "\xe4", None]
