"""Flask and Socket.IO on one port: what an application sees of its host."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from tests.hosts.connection import Connection, head_of
from tests.interop.raw_clients import RawSocketIO, http_request
from websockets.sync.client import connect

if TYPE_CHECKING:
    from tests.hosts.conftest import StartServer
    from tests.interop.processes import ServerProcess

POLLING = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
def server(shared_server: StartServer, stack: dict[str, Any]) -> ServerProcess:
    return shared_server("flask_server", **stack)


def test_a_view_that_fails(server: ServerProcess) -> None:
    status, page = server.get("/fails")
    assert status == 500
    assert b"Internal Server Error" in page
    assert b"expected by the test" not in page, "debug is off: no details for strangers"
    assert "ValueError: expected by the test: view" in server.output()
    server.traceback_expected = True


def test_a_view_that_blocks_holds_up_no_client(server: ServerProcess) -> None:
    with Connection(server.port) as blocked, RawSocketIO(server.port) as client:
        blocked.send(head_of("GET", "/blocks"))
        assert server.get("/is-blocked") == (200, b"yes")
        for number in range(20):
            assert client.ask("echo", number) == [number]
        assert server.get("/")[1] == b"hello"
        server.get("/open")
        assert blocked.receive().body == b"opened"


def welcome_of(server: ServerProcess, headers: dict[str, str]) -> Any:
    """What the connect handler of a polling client saw."""
    opening = http_request(server.port, "GET", POLLING, headers=headers)
    assert opening.status == 200, opening.text
    path = f"{POLLING}&sid={json.loads(opening.text[1:])['sid']}"
    assert http_request(server.port, "POST", path, "40").text == "ok"
    packets = ""
    while "42[" not in packets:
        packets += http_request(server.port, "GET", path).text + "\x1e"
    event = next(packet for packet in packets.split("\x1e") if packet.startswith("42"))
    assert http_request(server.port, "POST", path, "1").text == "ok"
    return json.loads(event[2:])[1]


def test_a_proxy_is_seen_by_handlers(server: ServerProcess) -> None:
    assert welcome_of(server, {}) == {"remote_addr": "127.0.0.1", "scheme": "http"}
    headers = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    assert welcome_of(server, headers) == {"remote_addr": "1.2.3.4", "scheme": "https"}


@pytest.mark.parametrize(
    ("origin", "proto", "status"),
    [
        ("https://127.0.0.1:{port}", "https", 200),
        ("https://127.0.0.1:{port}", "http", 400),
        ("http://evil.example", "https", 400),
    ],
)
def test_the_origin_is_checked_behind_the_proxy(
    origin: str, proto: str, status: int, server: ServerProcess
) -> None:
    headers = {"Origin": origin.format(port=server.port), "X-Forwarded-Proto": proto}
    answer = http_request(server.port, "GET", POLLING, headers=headers)
    assert answer.status == status, answer.text
    if status == 400:
        assert "cors_allowed_origins" in answer.json["message"]
        assert answer.headers["access-control-allow-origin"] == headers["Origin"]


# --- compression ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_answers_to_polls_are_compressed(encoding: str, server: ServerProcess) -> None:
    text = "compressible " * 1000
    opening = http_request(server.port, "GET", POLLING)
    path = f"{POLLING}&sid={json.loads(opening.text[1:])['sid']}"
    assert http_request(server.port, "POST", path, f'40\x1e420["echo","{text}"]').text == "ok"
    packets = b""
    sizes = []
    while b"430[" not in packets:
        answer = http_request(server.port, "GET", path, headers={"Accept-Encoding": encoding})
        coding = answer.headers.get("content-encoding")
        sizes.append((coding, len(answer.body)))
        decode = {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(coding or "", bytes)
        packets += decode(answer.body)
    assert text.encode() in packets
    coding, size = sizes[-1]
    assert coding == (None if encoding == "identity" else encoding)
    assert (size < 1000) is (coding is not None)
    assert http_request(server.port, "POST", path, "1").text == "ok"


@pytest.mark.parametrize("offered", [True, False])
def test_permessage_deflate(
    offered: bool, shared_server: StartServer, stack: dict[str, Any]
) -> None:
    server = shared_server("flask_server", socketio={"per_message_deflate": offered}, **stack)
    with connect(f"ws://127.0.0.1:{server.port}{WEBSOCKET}", compression="deflate") as client:
        extensions = [extension.name for extension in client.protocol.extensions]
        assert extensions == (["permessage-deflate"] if offered else [])
        assert str(client.recv(5)).startswith('0{"sid"')
        client.send("40")
        assert str(client.recv(5)).startswith('40{"sid"')
        assert str(client.recv(5)).startswith('42["welcome"')
        for number, text in enumerate(["short", "compressible " * 5000, "\u00e4" * 70_000]):
            client.send(f"42{number}" + json.dumps(["echo", text], ensure_ascii=False))
            answer = str(client.recv(5))
            assert json.loads(answer.removeprefix(f"43{number}")) == [text]


# --- a cookie ------------------------------------------------------------------------------------


def test_the_cookie_of_a_session(shared_server: StartServer, stack: dict[str, Any]) -> None:
    server = shared_server("flask_server", socketio={"cookie": "io"}, **stack)
    opening = http_request(server.port, "GET", POLLING)
    sid = json.loads(opening.text[1:])["sid"]
    assert opening.headers["set-cookie"] == f"io={sid}; path=/; SameSite=Lax"


def test_a_cookie_that_cannot_be_sent(shared_server: StartServer, stack: dict[str, Any]) -> None:
    server = shared_server(
        "flask_server", socketio={"cookie": {"name": "io", "path": "/;"}}, **stack
    )
    opening = http_request(server.port, "GET", POLLING)
    assert opening.status == 200
    assert "set-cookie" not in opening.headers
    assert "the option cookie failed" in server.output()
    server.traceback_expected = True
