"""What uvicorn leaves open in its HTTP protocols, closed here: on each parser, on each loop."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.hosts.connection import ENGINE, Connection, head_of, upgrade_of
from tests.interop.raw_clients import frame_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hosts.conftest import StartServer
    from tests.interop.processes import ServerProcess

#: Seconds that a head may take at the servers of this module.
HEAD_TIMEOUT = 0.6


@pytest.fixture
def server(shared_server: StartServer, every_stack: dict[str, Any]) -> ServerProcess:
    return shared_server(
        "wsgi_server",
        head_timeout=HEAD_TIMEOUT,
        body_timeout=HEAD_TIMEOUT,
        keep_alive_timeout=1,
        **every_stack,
    )


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Connection]:
    with Connection(server.port) as connection:
        yield connection


def receive_frame(client: Connection) -> bytes:
    """The payload of the next frame, whose length fits into 16 bits."""
    size = client.receive_exactly(2)[1]
    if size == 126:
        size = int.from_bytes(client.receive_exactly(2), "big")
    return client.receive_exactly(size)


def receive_opening(client: Connection) -> None:
    assert client.receive_head().startswith(b"HTTP/1.1 101 ")
    assert receive_frame(client).startswith(b'0{"sid"')


# --- upgrades ------------------------------------------------------------------------------------


def test_bytes_in_the_segment_of_the_handshake_are_not_lost(client: Connection) -> None:
    client.send(upgrade_of() + frame_of(b"4early", 1) + frame_of(b"4bird", 1))
    receive_opening(client)
    assert receive_frame(client) == b"4early"
    assert receive_frame(client) == b"4bird"


def test_bytes_behind_a_handshake_that_is_not_answered_yet(
    client: Connection, server: ServerProcess
) -> None:
    client.send(upgrade_of().replace(b"Host", b"X-Refuse: by waiting\r\nHost"))
    with Connection(server.port) as other:
        assert other.ask("GET", "/wait_for?waiting").status == 200
        client.send(frame_of(b"4early", 1))
        assert other.ask("GET", "/open_gate").status == 200
    receive_opening(client)
    assert receive_frame(client) == b"4early"


def test_too_many_bytes_before_the_handshake_is_answered(
    client: Connection, server: ServerProcess
) -> None:
    client.send(upgrade_of().replace(b"Host", b"X-Refuse: by waiting\r\nHost"))
    with Connection(server.port) as other:
        assert other.ask("GET", "/wait_for?waiting").status == 200
        client.send(frame_of(bytes(100_000), 2))
        assert client.is_closed()
        assert other.ask("GET", "/open_gate").status == 200


@pytest.mark.parametrize("first", ["/ready", "/blocked"])
def test_a_request_and_an_upgrade_behind_it(
    first: str, client: Connection, server: ServerProcess
) -> None:
    client.send(head_of("GET", first) + upgrade_of() + frame_of(b"4early", 1))
    if first == "/blocked":
        with Connection(server.port) as other:
            assert other.ask("GET", "/wait_for?blocked").status == 200
            assert other.ask("GET", "/open_gate").status == 200
    assert client.receive().body == b"ok"
    receive_opening(client)
    assert receive_frame(client) == b"4early"
    # Neither the time for the next head nor that of the idle connection goes on to count.
    client.sock.settimeout(1.5)
    with pytest.raises(TimeoutError):
        client.sock.recv(1)
    client.sock.settimeout(5)
    client.send(frame_of(b"4later", 1))
    assert receive_frame_of(client) == b"4later"


def test_bytes_behind_an_upgrade_that_waits_for_a_request_that_reads(
    client: Connection, server: ServerProcess
) -> None:
    client.send(
        head_of("POST", "/slow_upload", "Transfer-Encoding: chunked")
        + b"3\r\nabc\r\n0\r\n\r\n"
        + upgrade_of()
    )
    with Connection(server.port) as other:
        assert other.ask("GET", "/wait_for?read").status == 200
        client.send(frame_of(b"4early", 1))
        assert other.ask("GET", "/open_gate").status == 200
    assert client.receive().body == b"3"
    receive_opening(client)
    assert receive_frame(client) == b"4early"


def receive_frame_of(client: Connection) -> bytes:
    """The payload of a short frame, after the buffered file has met a time-out."""
    size = client.sock.recv(2)[1]
    return client.sock.recv(size)


def test_an_upgrade_behind_a_poll_that_waits(client: Connection, server: ServerProcess) -> None:
    with Connection(server.port) as other:
        sid = json.loads(other.ask("GET", ENGINE + "polling").body[1:])["sid"]
        client.send(head_of("GET", f"{ENGINE}polling&sid={sid}") + upgrade_of())
        client.send(frame_of(b"4early", 1))
        body = b"4wake up"
        answer = other.ask("POST", f"{ENGINE}polling&sid={sid}", body=body)
        assert answer.body == b"ok"
    assert client.receive().body == b"4wake up"
    receive_opening(client)
    assert receive_frame(client) == b"4early"


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "websocket, h2c"])
def test_an_upgrade_that_is_not_offered_is_ignored(protocol: str, client: Connection) -> None:
    answer = client.ask("GET", "/ready", f"Upgrade: {protocol}", "Connection: Upgrade")
    assert (answer.status, answer.body) == (200, b"ok")


def test_an_upgrade_that_is_not_offered_with_a_body(client: Connection) -> None:
    headers = ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk")
    answer = client.ask("POST", "/echo", *headers, body=b"abc")
    assert (answer.status, answer.body) == (200, b"abc")
    assert client.ask("GET", "/environ", *headers).json["HTTP_CONNECTION"]
    assert client.ask("GET", "/ready").body == b"ok"


@pytest.mark.parametrize(("path", "status"), [("/ready", 200), ("/nowhere", 404)])
def test_the_application_answers_an_upgrade_at_its_own_path(
    path: str, status: int, client: Connection
) -> None:
    client.send(upgrade_of(path))
    assert client.receive().status == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8"), 426),
        ((b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b""), 400),
        ((b"EIO=4", b"EIO=2"), 400),
        ((b"GET", b"POST"), 400),
        ((b"HTTP/1.1", b"HTTP/1.0"), 400),
        ((b"Host:", b"Origin: http://evil.example\r\nHost:"), 400),
    ],
    ids=["version", "key", "EIO", "method", "HTTP", "origin"],
)
def test_a_handshake_that_is_refused(
    change: tuple[bytes, bytes], status: int, client: Connection
) -> None:
    client.send(upgrade_of().replace(*change))
    answer = client.receive()
    assert answer.status == status
    assert answer.json.keys() == {"code", "message"}
    assert client.is_closed()


# --- the size of heads ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [70_000, 300_000])
@pytest.mark.parametrize(
    "whole",
    [pytest.param(True, id="whole"), pytest.param(False, id="endless")],
)
def test_headers_that_are_too_large(size: int, whole: bool, client: Connection) -> None:
    head = head_of("GET", "/ready", "X-Large: " + size * "x")
    try:
        client.send(head if whole else head[:-4])
        answer = client.receive()
    except ConnectionError:
        # The rest came after the answer, and the system threw both away.
        assert size == 300_000
    else:
        assert answer.status == 431
        assert client.is_closed()


def test_many_small_headers_that_are_too_large(client: Connection) -> None:
    client.send(head_of("GET", "/ready", *(f"X-{number}: small" for number in range(6_000))))
    assert client.receive().status == 431


def test_a_path_that_is_too_large(client: Connection) -> None:
    client.send(head_of("GET", "/" + 70_000 * "x"))
    assert client.receive().status == 431


def test_headers_just_below_the_limit(client: Connection) -> None:
    assert client.ask("GET", "/ready", "X-Large: " + 65_000 * "x").body == b"ok"


def test_a_large_body_is_no_large_head(client: Connection) -> None:
    answer = client.ask("POST", "/upload", body=bytes(300_000))
    assert answer.body == b"300000"


def test_large_heads_one_after_the_other(client: Connection) -> None:
    head = head_of("GET", "/ready", "X-Large: " + 40_000 * "x")
    client.send(head + head)
    assert client.receive().body == b"ok"
    assert client.receive().body == b"ok"


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(b"0\r\nX-Large: " + 150_000 * b"x", id="one trailer"),
        pytest.param(b"0\r\n" + 20_000 * b"X: small\r\n", id="many trailers"),
        pytest.param(b"3;" + 150_000 * b"x", id="chunk extension"),
    ],
)
def test_what_surrounds_chunks_is_limited(
    tail: bytes, client: Connection, server: ServerProcess
) -> None:
    server.traceback_expected = True
    client.send(head_of("POST", "/upload", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
    ended = b""
    try:
        for start in range(0, len(tail), 30_000):
            client.send(tail[start : start + 30_000])
            time.sleep(0.01)
        ended = client.file.read(12)
    except ConnectionError:
        pass
    assert ended in (b"", b"HTTP/1.1 400", b"HTTP/1.1 431")


# --- the time for heads --------------------------------------------------------------------------


def test_a_connection_that_says_nothing_is_closed(client: Connection) -> None:
    assert client.is_closed(timeout=HEAD_TIMEOUT + 2)


def test_a_head_that_takes_too_long(client: Connection) -> None:
    client.send(b"GET /ready HTTP/1.1\r\nHost: 1")
    assert client.receive().status == 408
    assert client.is_closed()


def test_the_second_head_of_a_connection_takes_too_long(client: Connection) -> None:
    assert client.ask("GET", "/ready").body == b"ok"
    client.send(b"GET /ready HTTP/1.1\r\nHost: 1")
    assert client.receive().status == 408
    assert client.is_closed()


def test_a_head_that_trickles(client: Connection) -> None:
    limit = time.monotonic() + 3
    client.sock.settimeout(0.1)
    answer = b""
    client.send(b"GET /ready HTTP/1.1\r\nX-Slow: ")
    while not answer and time.monotonic() < limit:
        client.send(b"x")
        try:
            answer = client.sock.recv(12)
        except TimeoutError:
            continue
    assert answer == b"HTTP/1.1 408"


@pytest.mark.parametrize("path", ["/upload", f"{ENGINE}polling&sid="])
def test_a_body_of_which_no_more_comes(
    path: str, client: Connection, server: ServerProcess
) -> None:
    if path.endswith("="):
        with Connection(server.port) as other:
            path += json.loads(other.ask("GET", ENGINE + "polling").body[1:])["sid"]
    client.send(head_of("POST", path, "Content-Length: 10") + b"4hi")
    assert client.receive().status == 408
    assert client.is_closed()


def test_a_body_that_the_application_does_not_read_yet(
    client: Connection, server: ServerProcess
) -> None:
    client.send(head_of("POST", "/blocked", "Content-Length: 1000000") + bytes(150_000))
    with Connection(server.port) as other:
        assert other.ask("GET", "/wait_for?blocked").status == 200
        client.sock.settimeout(2 * HEAD_TIMEOUT)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
    client.sock.settimeout(5)
    with Connection(server.port) as other:
        assert other.ask("GET", "/open_gate").status == 200
    assert client.sock.recv(12) == b"HTTP/1.1 200"


def test_an_answer_may_take_longer_than_a_head(client: Connection, server: ServerProcess) -> None:
    client.send(head_of("GET", "/blocked"))
    with Connection(server.port) as other:
        assert other.ask("GET", "/wait_for?blocked").status == 200
    client.sock.settimeout(2 * HEAD_TIMEOUT)
    with pytest.raises(TimeoutError):
        client.sock.recv(1)
    with Connection(server.port) as other:
        assert other.ask("GET", "/open_gate").status == 200
    client.sock.settimeout(5)
    assert client.sock.recv(12) == b"HTTP/1.1 200"


def test_an_idle_connection_is_closed_after_its_time(client: Connection) -> None:
    assert client.ask("GET", "/ready").body == b"ok"
    assert client.is_closed(timeout=3)


# --- pipelining, and what is no HTTP -------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(client: Connection) -> None:
    client.send(
        head_of("GET", "/write")
        + head_of("POST", "/echo", "Content-Length: 3")
        + b"abc"
        + head_of("GET", "/nowhere")
        + head_of("GET", "/ready")
    )
    assert [client.receive().body for _ in range(4)] == [
        b"one two three",
        b"abc",
        b"no such page",
        b"ok",
    ]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["TLS", "no version", "header", "path", "length", "CONNECT"],
)
def test_what_is_no_http_is_answered_400(rubbish: bytes, client: Connection) -> None:
    client.send(rubbish)
    # h11 leaves it to the application that nobody offers a tunnel.
    assert client.receive().status in ((400, 404) if rubbish.startswith(b"CONNECT") else (400,))


def test_rubbish_behind_a_request_does_not_disturb_its_answer(
    client: Connection, server: ServerProcess
) -> None:
    client.send(head_of("GET", "/blocked") + b"rubbish\r\n\r\n")
    with Connection(server.port) as other:
        assert other.ask("GET", "/wait_for?blocked").status == 200
        assert other.ask("GET", "/open_gate").status == 200
    answer = client.receive()
    assert (answer.status, answer.body) == (200, b"ok")
    rest = client.file.read()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 400 ")


def test_bytes_behind_a_refused_request_are_ignored(client: Connection) -> None:
    client.send(b"rubbish\r\n\r\n" + head_of("GET", "/ready"))
    assert client.receive().status == 400
    assert client.is_closed()


@pytest.mark.parametrize("authority", ["http://example.com", "HTTP://127.0.0.1:80"])
def test_a_whole_url_for_a_target(authority: str, client: Connection) -> None:
    assert client.ask("GET", f"{authority}/environ?x").json["PATH_INFO"] == "/environ"
    client.send(upgrade_of(authority + ENGINE + "websocket"))
    receive_opening(client)
