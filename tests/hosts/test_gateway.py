"""A WSGI application behind the embedded server (PEP 3333), on real connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.hosts.connection import Connection, head_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.processes import ServerProcess


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Connection]:
    with Connection(server.port) as connection:
        connection.ask("GET", "/forget")
        yield connection


@pytest.fixture
def other(server: ServerProcess) -> Iterator[Connection]:
    with Connection(server.port) as connection:
        yield connection


def noted(client: Connection, note: str) -> bool:
    """Whether that happens within 5 s."""
    return client.ask("GET", f"/wait_for?{note}").status == 200


# --- answers -------------------------------------------------------------------------------------


def test_the_first_chunk_comes_before_the_second_is_made(
    client: Connection, other: Connection
) -> None:
    client.send(head_of("GET", "/two_chunks"))
    assert b"transfer-encoding: chunked" in client.receive_head().lower()
    assert client.receive_exactly(10) == b"5\r\nfirst\r\n"
    assert other.ask("GET", "/open_gate").body == b"ok"
    assert client.receive_exactly(16) == b"6\r\nsecond\r\n0\r\n\r\n"


def test_several_requests_on_one_connection(client: Connection) -> None:
    for path in ("/ready", "/sized_chunks", "/write", "/cookies", "/nothing", "/ready"):
        assert client.ask("GET", path).status in (200, 204), path


def test_an_answer_of_known_length_in_pieces(client: Connection) -> None:
    answer = client.ask("GET", "/sized_chunks")
    assert (answer.headers["content-length"], answer.body) == ("11", b"hello world")


def test_one_piece_without_a_length_gets_one(client: Connection) -> None:
    answer = client.ask("POST", "/echo", body=b"abc")
    assert (answer.headers["content-length"], answer.body) == ("3", b"abc")


def test_no_length_where_there_is_no_body(client: Connection) -> None:
    answer = client.ask("GET", "/nothing")
    assert answer.status == 204
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("path", ["/ready", "/sized_chunks", "/echo", "/two_chunks", "/write"])
def test_head_has_no_body(path: str, client: Connection) -> None:
    answer = client.ask("HEAD", path)
    assert (answer.status, answer.body) == (200, b"")
    assert client.ask("GET", "/ready").body == b"ok"


def test_set_cookie_twice(client: Connection) -> None:
    assert client.ask("GET", "/cookies").headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_only_empty_pieces(client: Connection) -> None:
    answer = client.ask("GET", "/empty_pieces")
    assert (answer.status, answer.body) == (200, b"")
    assert client.ask("GET", "/ready").body == b"ok"


@pytest.mark.parametrize(
    ("path", "body"), [("/write", b"one two three"), ("/write_only", b"all")], ids=str
)
def test_write_of_start_response(path: str, body: bytes, client: Connection) -> None:
    assert client.ask("GET", path).body == body


def test_exc_info_replaces_a_head_that_has_not_been_sent(client: Connection) -> None:
    answer = client.ask("GET", "/change_of_mind")
    assert (answer.status, answer.body) == (503, b"sorry")


# --- HTTP/1.0 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ready", b"ok"),
        ("/write", b"one two three"),
        ("/sized_chunks", b"hello world"),
        ("/cookies", b""),
        ("/empty_pieces", b""),
    ],
    ids=str,
)
def test_http_1_0_ends_with_the_connection(path: str, body: bytes, client: Connection) -> None:
    client.send(head_of("GET", path, version="1.0"))
    head = client.receive_head().lower()
    assert b"transfer-encoding" not in head
    assert client.file.read() == body


def test_http_1_0_head(client: Connection) -> None:
    client.send(head_of("HEAD", "/write", version="1.0"))
    assert client.receive_head().startswith(b"HTTP/1.1 200")
    assert client.is_closed()


def test_server_protocol_of_http_1_0(client: Connection) -> None:
    client.send(head_of("GET", "/environ", version="1.0"))
    assert client.receive().json["SERVER_PROTOCOL"] == "HTTP/1.0"


# --- failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/fails", "/exits", "/silent", "/twice"])
def test_an_application_that_fails(path: str, client: Connection, server: ServerProcess) -> None:
    answer = client.ask("GET", path)
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert "the WSGI application failed" in server.output()
    server.traceback_expected = True
    assert client.ask("GET", "/ready").body == b"ok"


@pytest.mark.parametrize("path", ["/fails_later", "/too_late", "/too_short", "/too_long"])
def test_an_answer_that_breaks_off_does_not_look_whole(
    path: str, client: Connection, server: ServerProcess
) -> None:
    answer = client.ask("GET", path)
    assert answer.is_cut or (path == "/too_long" and answer.body == b"long")
    assert client.is_closed()
    server.traceback_expected = True


# --- request bodies ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 1_000_000])
def test_a_body_is_read(size: int, client: Connection) -> None:
    assert client.ask("POST", "/upload", body=bytes(size)).body == str(size).encode()


def test_a_body_in_chunks(client: Connection) -> None:
    client.send(head_of("POST", "/echo", "Transfer-Encoding: chunked"))
    for chunk in (b"3\r\nabc\r\n", b"a;extension=1\r\n0123456789\r\n", b"0\r\n\r\n"):
        client.send(chunk)
    assert client.receive().body == b"abc0123456789"
    assert client.ask("GET", "/ready").body == b"ok"


def test_trailers_are_no_headers(client: Connection) -> None:
    client.send(
        head_of("POST", "/environ", "Transfer-Encoding: chunked")
        + b"3\r\nabc\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    )
    assert "HTTP_X_FORWARDED_FOR" not in client.receive().json


@pytest.mark.parametrize("size", [3, 100_000])
def test_expect_continue_and_a_view_that_reads(size: int, client: Connection) -> None:
    client.send(head_of("POST", "/upload", "Expect: 100-continue", f"Content-Length: {size}"))
    assert client.receive_head().startswith(b"HTTP/1.1 100 ")
    client.send(bytes(size))
    assert client.receive().body == str(size).encode()
    assert client.ask("GET", "/ready").body == b"ok"


def test_expect_continue_and_a_view_that_does_not_read(client: Connection) -> None:
    client.send(head_of("POST", "/ignore_body", "Expect: 100-continue", "Content-Length: 100000"))
    answer = client.receive()
    assert (answer.status, answer.body) == (403, b"not wanted")
    # Whether a body follows now is unknown: the connection must not be used again.
    assert answer.headers["connection"] == "close"
    assert client.is_closed()


def test_a_body_that_nobody_reads(client: Connection) -> None:
    answer = client.ask("POST", "/ignore_body", body=bytes(1_000_000))
    assert answer.status == 403
    assert client.ask("GET", "/ready").body == b"ok"


# --- clients that leave --------------------------------------------------------------------------


def test_a_download_that_is_broken_off_closes_the_iterable(
    server: ServerProcess, client: Connection
) -> None:
    with Connection(server.port) as leaving:
        leaving.send(head_of("GET", "/download?100"))
        assert leaving.receive_head().startswith(b"HTTP/1.1 200")
        leaving.receive_exactly(100_000)
    assert noted(client, "closed")


def test_an_upload_that_is_broken_off_is_told_to_the_view(
    server: ServerProcess, client: Connection
) -> None:
    server.traceback_expected = True
    with Connection(server.port) as leaving:
        leaving.send(head_of("POST", "/upload", "Content-Length: 1000000") + bytes(100_000))
        assert noted(client, "reading")
    assert noted(client, "broken-off")
    assert "the client went away before it had sent the whole request body" in server.output()


def test_a_small_upload_that_is_broken_off_calls_nobody(server: ServerProcess) -> None:
    with Connection(server.port) as leaving:
        leaving.send(head_of("POST", "/upload", "Content-Length: 1000") + b"x")
    with Connection(server.port) as client:
        assert client.ask("GET", "/ready").body == b"ok"


def test_an_invalid_chunk_ends_the_upload(server: ServerProcess, client: Connection) -> None:
    server.traceback_expected = True
    with Connection(server.port) as breaking:
        breaking.send(head_of("POST", "/upload", "Transfer-Encoding: chunked") + b"zzz\r\nabc\r\n")
        assert breaking.file.read()[:12] in (b"HTTP/1.1 400", b"")
    assert client.ask("GET", "/ready").body == b"ok"


def test_a_client_that_does_not_wait_for_its_answer(
    server: ServerProcess, client: Connection, other: Connection
) -> None:
    with Connection(server.port) as leaving:
        leaving.send(head_of("GET", "/blocked"))
        assert noted(client, "blocked")
    assert other.ask("GET", "/open_gate").body == b"ok"
    assert other.ask("GET", "/ready").body == b"ok"


def test_a_view_that_blocks_holds_up_nobody(
    server: ServerProcess, client: Connection, other: Connection
) -> None:
    client.send(head_of("GET", "/blocked"))
    assert noted(other, "blocked")
    for _ in range(20):
        with Connection(server.port) as another:
            assert another.ask("GET", "/ready").body == b"ok"
    assert other.ask("GET", "/open_gate").body == b"ok"
    assert client.receive().body == b"ok"


# --- the environment -----------------------------------------------------------------------------


def test_the_environment_of_a_connection(client: Connection, server: ServerProcess) -> None:
    address, port = client.sock.getsockname()
    told = client.ask("GET", "/environ/a%20b%2Fc?x=%41&y", "X-Under: 1", "X_Under: 2").json
    expected = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/environ/a b/c",
        "QUERY_STRING": "x=%41&y",
        "REQUEST_URI": "/environ/a%20b%2Fc?x=%41&y",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(server.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "REMOTE_PORT": str(port),
        "HTTP_HOST": "127.0.0.1",
        "HTTP_X_UNDER": "1",
        "wsgi.url_scheme": "http",
    }
    assert {name: told.get(name) for name in expected} == expected


def test_headers_that_come_twice(client: Connection) -> None:
    told = client.ask("GET", "/environ", "Cookie: a=1", "Cookie: b=2", "X-A: 1", "X-A: 2").json
    assert (told["HTTP_COOKIE"], told["HTTP_X_A"]) == ("a=1; b=2", "1,2")


def test_a_path_that_is_no_utf_8(client: Connection) -> None:
    told = client.ask("GET", "/environ/%FF%C3%A4").json
    assert told["PATH_INFO"].encode("latin-1") == b"/environ/\xff\xc3\xa4"


# --- handshakes go through middleware ------------------------------------------------------------


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_middleware_refuses_a_handshake(transport: str, client: Connection) -> None:
    upgrade = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    headers = upgrade if transport == "websocket" else ()
    answer = client.ask(
        "GET", f"/engine.io/?EIO=4&transport={transport}", "X-Refuse: politely", *headers
    )
    assert (answer.status, answer.body) == (401, b"who are you?")
    assert answer.headers["www-authenticate"] == "Basic"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_middleware_fails_for_a_handshake(
    transport: str, client: Connection, server: ServerProcess
) -> None:
    server.traceback_expected = True
    upgrade = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    headers = upgrade if transport == "websocket" else ()
    answer = client.ask(
        "GET", f"/engine.io/?EIO=4&transport={transport}", "X-Refuse: by failing", *headers
    )
    assert answer.status == 500
