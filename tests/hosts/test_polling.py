"""Engine.IO by HTTP: each request and its answer, on each way to the engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.hosts.connection import ENGINE, Connection, head_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.processes import ServerProcess

POLLING = ENGINE + "polling"


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Connection]:
    with Connection(server.port) as connection:
        yield connection


@pytest.fixture
def path(client: Connection) -> str:
    """The path of a session that was just opened."""
    opening = client.ask("GET", POLLING)
    assert opening.headers["cache-control"] == "no-store"
    sid = json.loads(opening.body[1:])["sid"]
    return f"{POLLING}&sid={sid}"


def let_it_arrive(server: ServerProcess) -> None:
    """Return when what was sent before, on other connections, has reached the server."""
    with Connection(server.port) as later:
        assert later.ask("GET", "/ready").body == b"ok"


def test_messages_come_back(client: Connection, path: str) -> None:
    assert client.ask("POST", path, body=b"4one\x1e4two").body == b"ok"
    answer = client.ask("GET", path)
    assert answer.body == b"4one\x1e4two"
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"


def test_a_body_in_pieces(client: Connection, path: str) -> None:
    client.send(head_of("POST", path, "Content-Length: 8") + b"4one")
    client.send(b"4two"[:1])
    client.send(b"4two"[1:])
    assert client.receive().body == b"ok"
    assert client.ask("GET", path).body == b"4one4two"


def test_a_body_in_chunks(client: Connection, path: str) -> None:
    client.send(
        head_of("POST", path, "Transfer-Encoding: chunked") + b"2\r\n4o\r\n2\r\nne\r\n0\r\n\r\n"
    )
    assert client.receive().body == b"ok"
    assert client.ask("GET", path).body == b"4one"


def test_expect_continue(client: Connection, path: str) -> None:
    client.send(head_of("POST", path, "Expect: 100-continue", "Content-Length: 4"))
    assert client.receive_head().startswith(b"HTTP/1.1 100 ")
    client.send(b"4one")
    assert client.receive().body == b"ok"
    assert client.ask("GET", path).body == b"4one"


def test_expect_continue_and_a_session_that_nobody_knows(client: Connection) -> None:
    path = f"{POLLING}&sid=nobody"
    client.send(head_of("POST", path, "Expect: 100-continue", "Content-Length: 4"))
    answer = client.receive()
    assert (answer.status, answer.json["code"]) == (400, 1)
    assert answer.headers["connection"] == "close"


def test_a_poll_waits_and_is_answered(client: Connection, path: str, server: ServerProcess) -> None:
    with Connection(server.port) as poll:
        poll.send(head_of("GET", path))
        let_it_arrive(server)
        assert client.ask("POST", path, body=b"4late").body == b"ok"
        assert poll.receive().body == b"4late"


def test_the_client_of_a_waiting_poll_leaves(
    client: Connection, path: str, server: ServerProcess
) -> None:
    with Connection(server.port) as poll:
        poll.send(head_of("GET", path))
        let_it_arrive(server)
    for _ in range(100):
        answer = client.ask("POST", path, body=b"3")
        if answer.status == 400:
            break
    assert answer.json["code"] == 1, "the session has ended with its poll"


def test_a_second_poll_ends_the_session(
    client: Connection, path: str, server: ServerProcess
) -> None:
    with Connection(server.port) as poll:
        poll.send(head_of("GET", path))
        let_it_arrive(server)
        assert client.ask("GET", path).status == 400
        assert poll.receive().body == b"1"


def test_a_second_post_ends_the_session(
    client: Connection, path: str, server: ServerProcess
) -> None:
    with Connection(server.port) as post:
        post.send(head_of("POST", path, "Content-Length: 10") + b"4")
        let_it_arrive(server)
        assert client.ask("POST", path, body=b"4x").status == 400
        post.send(b"123456789")
        assert post.receive().status in (200, 400)
        assert client.ask("GET", path).status == 400


def test_a_post_that_is_broken_off_ends_the_session(
    client: Connection, path: str, server: ServerProcess
) -> None:
    with Connection(server.port) as post:
        post.send(head_of("POST", path, "Content-Length: 10") + b"4")
        let_it_arrive(server)
    for _ in range(100):
        answer = client.ask("POST", path, body=b"3")
        if answer.status == 400 and answer.json["code"] == 1:
            break
    assert answer.json["code"] == 1


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large(announced: bool, client: Connection, path: str) -> None:
    if announced:
        client.send(head_of("POST", path, "Content-Length: 1000001"))
    else:
        client.send(head_of("POST", path, "Transfer-Encoding: chunked"))
        client.send(b"f4241\r\n" + 1_000_001 * b"4")
    answer = client.receive()
    assert (answer.status, answer.json["code"]) == (413, 3)
    assert "max_http_buffer_size=1000000" in answer.json["message"]


@pytest.mark.parametrize("body", [b"x", b"", b"4a\x1e"])
def test_a_payload_that_is_none(body: bytes, client: Connection, path: str) -> None:
    client.send(head_of("POST", path, f"Content-Length: {len(body)}") + body)
    assert client.receive().status == 400


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/engine.io/?EIO=4&transport=pigeon", 0),
        ("GET", POLLING + "&sid=nobody", 1),
        ("POST", POLLING, 2),
        ("GET", "/engine.io/?EIO=4", 0),
        ("GET", "/engine.io/?EIO=9&transport=polling", 5),
        ("GET", ENGINE + "websocket", 3),
    ],
)
def test_requests_that_are_refused(method: str, path: str, code: int, client: Connection) -> None:
    answer = client.ask(method, path)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert client.ask("GET", "/ready").body == b"ok"


def test_preflight(client: Connection) -> None:
    answer = client.ask("OPTIONS", POLLING, "Origin: http://x.example")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "http://x.example"


def test_http_1_0(client: Connection) -> None:
    client.send(head_of("GET", POLLING, version="1.0"))
    assert client.receive().body.startswith(b'0{"sid"')
    assert client.is_closed()


def test_the_client_leaves_before_its_handshake_is_answered(
    client: Connection, server: ServerProcess
) -> None:
    with Connection(server.port) as leaving:
        leaving.send(head_of("GET", POLLING, "X-Refuse: by waiting"))
        assert client.ask("GET", "/wait_for?waiting").status == 200
    assert client.ask("GET", "/open_gate").status == 200
    assert client.ask("GET", POLLING).status == 200
