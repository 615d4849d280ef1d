"""TLS for HTTP, polling and WebSocket alike, however it is configured."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from flask import Flask
from tests.hosts.connection import Connection, head_of, upgrade_of
from tests.interop.processes import ServerProcess, free_port

from flask_socketio.errors import UsageError
from flask_socketio.run_options import RunOptions, RunSettings, check_run_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOCKET_IO = "/socket.io/?EIO=4&transport="
#: Serves by TLS; how it is configured is filled in.
SOURCE = """
import ssl, sys
from flask import Flask, request
from flask_socketio import SocketIO, emit

app = Flask(__name__)
socketio = SocketIO(app)

@app.get("/")
def index():
    return request.scheme

{context}
socketio.run(app, port=int(sys.argv[1]), {options})
"""


class TLSServer(ServerProcess):
    """A server whose readiness is asked for by TLS."""

    context: ssl.SSLContext

    def get(self, path: str, timeout: float = 15.0) -> tuple[int, bytes]:
        with Connection(self.port, self.context) as client:
            answer = client.ask("GET", path)
            return answer.status, answer.body


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    certificate = authority.issue_cert("tests")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return folder


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    """What the clients trust."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


CONFIGURATIONS = {
    "certfile and keyfile": ("", "certfile={f}/cert.pem', keyfile={f}/key.pem', loop='uvloop'"),
    "pair": ("", "ssl_context=({f}/cert.pem', {f}/key.pem'), loop='asyncio', http='h11'"),
    "context": (
        "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
        "context.load_cert_chain({f}/both.pem')",
        "ssl_context=context, http='h11', loop='uvloop'",
    ),
}


@pytest.fixture(scope="module", params=CONFIGURATIONS, ids=str)
def server(
    request: pytest.FixtureRequest,
    files: Path,
    context: ssl.SSLContext,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TLSServer]:
    setup, options = (text.format(f=f"'{files}") for text in CONFIGURATIONS[request.param])
    folder = tmp_path_factory.mktemp("tls-server")
    script = folder / "app.py"
    script.write_text(SOURCE.format(context=setup, options=options))
    TLSServer.context = context
    server = TLSServer(script, ["{port}"], "/", folder / "log")
    yield server
    server.discard()
    assert "Traceback" not in server.output()


def test_pages(server: TLSServer) -> None:
    assert server.get("/") == (200, b"https")
    assert f"Running on https://127.0.0.1:{server.port}" in server.output()


def test_polling(server: TLSServer, context: ssl.SSLContext) -> None:
    with Connection(server.port, context) as client:
        opening = client.ask("GET", f"{SOCKET_IO}polling", "Origin: https://127.0.0.1")
        assert (opening.status, opening.body[:7]) == (200, b'0{"sid"')


def test_websocket(server: TLSServer, context: ssl.SSLContext) -> None:
    with Connection(server.port, context) as client:
        client.send(upgrade_of(f"{SOCKET_IO}websocket"))
        assert client.receive_head().startswith(b"HTTP/1.1 101 ")
        assert client.receive_exactly(11)[-9:].startswith(b'0{"sid"')


def test_plain_http_does_not_disturb_others(server: TLSServer, context: ssl.SSLContext) -> None:
    with Connection(server.port, context) as other:
        with Connection(server.port) as client:
            client.send(head_of("GET", "/"))
            assert not client.file.read().startswith(b"HTTP/1.1 200")
        assert other.ask("GET", "/").body == b"https"
    assert server.get("/") == (200, b"https")


def test_a_handshake_that_is_broken_off(server: TLSServer) -> None:
    with Connection(server.port) as client:
        client.send(b"\x16\x03\x01")
    assert server.get("/") == (200, b"https")


def test_the_server_ends_quickly_with_tls_clients(
    files: Path, context: ssl.SSLContext, tmp_path: Path
) -> None:
    script = tmp_path / "app.py"
    options = f"certfile='{files}/both.pem'"
    script.write_text(SOURCE.format(context="", options=options))
    TLSServer.context = context
    server = TLSServer(script, ["{port}"], "/", tmp_path / "log")
    try:
        with Connection(server.port, context) as page, Connection(server.port) as half:
            half.send(b"\x16\x03\x01")
            assert page.ask("GET", "/").body == b"https"
            # Neither takes part in the end of TLS.
            begun = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begun < 3
    finally:
        server.discard()


# --- the settings --------------------------------------------------------------------------------


def settings_of(options: RunOptions) -> RunSettings:
    return check_run_options(Flask(__name__), None, free_port(), options)


def test_adhoc() -> None:
    assert isinstance(settings_of({"ssl_context": "adhoc"}).make_ssl_context(), ssl.SSLContext)


def test_without_tls() -> None:
    assert settings_of({}).make_ssl_context() is None


def test_client_certificates_and_ciphers(files: Path) -> None:
    context = settings_of(
        {
            "certfile": f"{files}/both.pem",
            "ca_certs": f"{files}/ca.pem",
            "cert_reqs": ssl.CERT_REQUIRED,
            "ciphers": "ECDHE+AESGCM",
        }
    ).make_ssl_context()
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert [authority["subject"] for authority in context.get_ca_certs()]
    assert all(
        "GCM" in cipher["name"] or "TLS_" in cipher["name"] for cipher in context.get_ciphers()
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keyfile": "key.pem"}, "keyfile= needs certfile="),
        ({"ssl_context": "nonsense"}, "ssl_context='nonsense'"),
    ],
)
def test_settings_that_cannot_be(options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        settings_of(options).make_ssl_context()
