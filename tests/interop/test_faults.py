"""Broken and hostile clients: each ends in a clear error for itself, and for nobody else."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest
from tests.interop.raw_clients import (
    BINARY,
    TEXT,
    UPGRADE_HEADERS,
    Answer,
    Closed,
    PollingSession,
    RawSocketIO,
    RawWebSocket,
    frame_of,
    http_request,
    read_answer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.conftest import StartServer
    from tests.interop.processes import ServerProcess

WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
POLLING = "/socket.io/?EIO=4&transport=polling"
LIMIT = 1_000_000


@pytest.fixture(autouse=True)
def bystander(server: ServerProcess) -> Iterator[RawSocketIO]:
    """A healthy client of the same server, which must still be served after each fault."""
    with RawSocketIO(server.port) as client:
        yield client
        assert client.ask("echo", "still served") == ["still served"]


def tcp(server: ServerProcess, data: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=15)
    sock.sendall(data)
    return sock


def assert_ended(sock: socket.socket) -> None:
    """The server closes the connection, whatever it says before."""
    try:
        while sock.recv(65_536):
            pass
    except ConnectionError:
        pass


# --- connections that break or stall -------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 3, 10, 500])
def test_client_killed_in_the_middle_of_a_message(cut: int, server: ServerProcess) -> None:
    label = f"cut-after-{cut}"
    with RawSocketIO(server.port, {"label": label}) as client:
        frame = frame_of(b'42["echo","' + b"x" * 1000 + b'"]', TEXT)
        client.sock.sendall(frame[:cut])
    (reason,) = server.reasons(label)
    assert reason in {"transport close", "transport error"}


def test_client_that_resets_the_connection(server: ServerProcess) -> None:
    with RawSocketIO(server.port, {"label": "reset"}) as client:
        # A lingering time of zero makes the kernel send RST in place of FIN.
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    (reason,) = server.reasons("reset")
    assert reason in {"transport close", "transport error"}


def test_half_open_connection(shared_server: StartServer) -> None:
    server = shared_server("--ping-interval", "1", "--ping-timeout", "1")
    with RawSocketIO(server.port, {"label": "half-open"}):
        assert server.reasons("half-open") == ["ping timeout"]


def test_byte_by_byte(server: ServerProcess) -> None:
    with tcp(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"GET {WEBSOCKET} HTTP/1.1\r\n{UPGRADE_HEADERS.format(port=server.port)}\r\n"
        frames = frame_of(b"40", TEXT) + frame_of(b'421["echo","slow"]', TEXT)
        for byte in head.encode():
            sock.sendall(bytes([byte]))
        received = sock.recv(65_536)
        for byte in frames:
            sock.sendall(bytes([byte]))
        while b'431["slow"]' not in received:
            received += sock.recv(65_536)


def test_message_in_many_fragments(server: ServerProcess) -> None:
    with RawSocketIO(server.port) as client:
        text = b'421["measure","' + b"x" * 3000 + b'"]'
        client.sock.sendall(frame_of(text[:1], TEXT, final=False))
        for byte in text[1:-1]:
            client.sock.sendall(frame_of(bytes([byte]), 0, final=False))
        client.sock.sendall(frame_of(text[-1:], 0))
        answer = client.receive_packet()
        assert str(answer).startswith('431["str",3000,') or str(answer).startswith(
            '431[["str",3000,'
        )


def test_slow_headers(server: ServerProcess) -> None:
    with tcp(server, b"GET /ready HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") as sock:
        assert_ended(sock)


def test_client_that_never_reads(own_server: StartServer) -> None:
    server = own_server("--max-buffered-bytes", "1000000")
    with (
        RawSocketIO(server.port, {"label": "slow"}, receive_buffer=4096),
        RawSocketIO(server.port) as reader,
        RawSocketIO(server.port) as other,
    ):
        before = server.ask("/costs")["rss"]
        numbers: list[int] = []
        others: list[int] = []
        # In portions, so that the two that do read are never behind by more than a portion.
        for _portion in range(50):
            reader.emit("flood", 20, 10_000)
            numbers += [flooded(reader) for _ in range(20)]
            others += [flooded(other) for _ in range(20)]
        growth = server.ask("/costs")["rss"] - before
        assert numbers == others == list(range(20)) * 50
        (reason,) = server.reasons("slow")
        assert reason == "transport error"
        assert growth < 16 * 1024 * 1024, f"the server grew by {growth} bytes"


def flooded(client: RawSocketIO) -> int:
    packet = client.receive_packet()
    assert isinstance(packet, str)
    name, number, filling = json.loads(packet.removeprefix("42"))
    assert (name, len(filling)) == ("flood", 10_000)
    return int(number)


def test_ten_thousand_half_open_handshakes(own_server: StartServer) -> None:
    # A server of its own, because its memory is measured; the bystander here is another client.
    server = own_server()
    start = f"GET {WEBSOCKET} HTTP/1.1\r\nHost: localhost\r\nUpgrade: web".encode()
    before = server.ask("/costs")
    socks: list[socket.socket] = []
    try:
        with RawSocketIO(server.port) as client:
            for number in range(10_000):
                socks.append(tcp(server, start))
                if number % 1000 == 0:
                    assert client.ask("echo", number) == [number]
            assert client.ask("echo", "in time") == ["in time"]
            growth = server.ask("/costs")["rss"] - before["rss"]
            assert growth < 100 * 1024 * 1024, f"the server grew by {growth} bytes"
    finally:
        for sock in socks:
            sock.close()
    limit = time.monotonic() + 5
    while server.ask("/costs")["descriptors"] > before["descriptors"] + 5:
        assert time.monotonic() < limit, "the server keeps the descriptors"


# --- HTTP ----------------------------------------------------------------------------------------


def test_headers_of_more_than_64_kib(server: ServerProcess) -> None:
    with tcp(server, b"GET /ready HTTP/1.1\r\nHost: localhost\r\n") as sock:
        line = b"X-Long: " + b"x" * 8000 + b"\r\n"
        try:
            for _line in range(10):
                sock.sendall(line)
            sock.sendall(b"\r\n")
        except ConnectionError:
            pass  # It may be answered before it is all sent.
        assert read_answer(sock).status == 431


def test_headers_that_never_end(server: ServerProcess) -> None:
    with tcp(server, b"GET /ready HTTP/1.1\r\nHost: localhost\r\nX-Long: ") as sock:
        sent = 0
        try:
            while sent < 8_000_000:
                sent += sock.send(b"x" * 16_384)
        except ConnectionError:
            pass
        assert sent < 8_000_000, "8 MB of headers were taken"


@pytest.fixture
def session(server: ServerProcess) -> PollingSession:
    session = PollingSession(server.port)
    assert session.post("40").status == 200
    assert session.get().text.startswith("40{")
    return session


def assert_session_is_gone(session: PollingSession) -> None:
    answer = session.get()
    assert (answer.status, answer.json) == (400, {"code": 1, "message": "Session ID unknown"})


def test_post_that_is_too_large(session: PollingSession) -> None:
    try:
        answer = session.post(b"4" + b"x" * (LIMIT + 10))
    except ConnectionError:
        pytest.fail("no answer before the connection was closed")
    assert answer.status == 413


def chunked(session: PollingSession, chunks: list[bytes]) -> Answer:
    with socket.create_connection(("127.0.0.1", session.port), timeout=10) as sock:
        head = f"POST {session.path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        sock.sendall(head.encode() + b"\r\n")
        try:
            for chunk in [*chunks, b""]:
                sock.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        except ConnectionError:
            pass  # It may be answered before it is all sent.
        return read_answer(sock, "POST")


def test_chunked_post(session: PollingSession) -> None:
    answer = chunked(session, [b'421["ec', b'ho","in ', b'chunks"]'])
    assert (answer.status, answer.text) == (200, "ok")
    assert session.get().text == '431["in chunks"]'


def test_chunked_post_that_is_too_large(session: PollingSession) -> None:
    assert chunked(session, [b"4" * 100_000] * 12).status == 413


def test_content_length_that_promises_too_much(session: PollingSession) -> None:
    head = f"POST {session.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n4"
    with socket.create_connection(("127.0.0.1", session.port), timeout=10) as sock:
        sock.sendall(head.encode())
        sock.shutdown(socket.SHUT_WR)
        assert_ended(sock)
    # The message was not delivered in part.
    assert session.get().status == 400


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999999", "5, 6", "abc"])
def test_content_length_that_is_no_number(length: str, session: PollingSession) -> None:
    head = f"POST {session.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", session.port), timeout=10) as sock:
        sock.sendall(head.encode() + b"40")
        assert read_answer(sock, "POST").status in {400, 413}


# --- requests to the engine ----------------------------------------------------------------------


@pytest.mark.parametrize("version", ["EIO=5&", "EIO=0&", "EIO=four&", ""])
def test_unsupported_protocol_version(version: str, server: ServerProcess) -> None:
    answer = http_request(server.port, "GET", f"/socket.io/?{version}transport=polling")
    assert answer.status == 400
    assert answer.json == {"code": 5, "message": "Unsupported protocol version"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_sid(method: str, server: ServerProcess) -> None:
    answer = http_request(server.port, method, f"{POLLING}&sid=nobody", None)
    assert answer.status == 400
    assert answer.json == {"code": 1, "message": "Session ID unknown"}


def test_unknown_sid_of_a_websocket(server: ServerProcess) -> None:
    with RawWebSocket(server.port, f"{WEBSOCKET}&sid=nobody") as ws:
        assert ws.finish_handshake().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refused_origin(method: str, session: PollingSession) -> None:
    origin = {"Origin": "http://evil.example"}
    opening = http_request(session.port, "GET", POLLING, headers=origin)
    assert opening.status == 400
    assert "http://evil.example" in opening.json["message"]
    # An open session is no way around it.
    later = http_request(session.port, method, session.path, '42["echo"]', headers=origin)
    assert later.status == 400


@pytest.mark.parametrize("on_open_session", [False, True])
def test_refused_origin_of_a_websocket(on_open_session: bool, session: PollingSession) -> None:
    path = f"{WEBSOCKET}&sid={session.sid}" if on_open_session else WEBSOCKET
    with RawWebSocket(session.port, path, headers="Origin: http://evil.example\r\n") as ws:
        assert ws.finish_handshake().startswith(b"HTTP/1.1 400 ")


# --- Socket.IO packets ---------------------------------------------------------------------------


def assert_closes(server: ServerProcess, *messages: str | bytes) -> Closed:
    """A client that sends this is closed; of its handlers only that of disconnect runs, once."""
    label = f"fault-{time.monotonic_ns()}"
    with RawSocketIO(server.port, {"label": label}) as client:
        try:
            for message in messages:
                client.send(message)
        except ConnectionError:
            pass  # It may be closed before it has said all.
        try:
            closed = client.receive_until_closed()
        except TimeoutError:
            pytest.fail(f"not closed after {str(messages)[:100]}")
    assert server.reasons(label) == ["transport error"]
    assert server.ask(f"/connected/{label}") == 1
    return closed


@pytest.mark.parametrize(
    "event",
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"],
)
def test_forged_reserved_event(event: str, server: ServerProcess) -> None:
    assert_closes(server, f'42["{event}","forged reason"]')


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param(['459999999-["echo"]'], id="ten million attachments"),
        pytest.param(['4511-["echo"]'], id="more than the limit"),
        pytest.param(['45-["echo"]'], id="no count"),
        pytest.param(['45["echo"]'], id="no count and no dash"),
        pytest.param(['451-["echo",{"_placeholder":true,"num":1}]', b"x"], id="number too high"),
        pytest.param(['451-["echo",{"_placeholder":true,"num":-1}]', b"x"], id="negative number"),
        pytest.param(['451-["echo",{"_placeholder":true,"num":"0"}]', b"x"], id="number as text"),
        pytest.param(['451-["echo"]', '42["echo"]'], id="attachment missing"),
        pytest.param([b"x"], id="attachment not announced"),
    ],
)
def test_lying_attachments(messages: list[str | bytes], server: ServerProcess) -> None:
    assert_closes(server, *messages)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param('42["echo",' + "[" * 400_000 + "]" * 400_000 + "]", id="nested lists"),
        pytest.param(
            '42["echo",' + '{"a":' * 160_000 + "1" + "}" * 160_000 + "]", id="nested objects"
        ),
        pytest.param("42" + "[" * 400_000, id="unclosed lists"),
        pytest.param('42["echo",' + "9" * 10_000 + "]", id="an integer of 10,000 digits"),
        pytest.param("42" + "9" * 10_000 + '["echo"]', id="an ack id of 10,000 digits"),
        pytest.param('42["echo",NaN]', id="not a number"),
        pytest.param('43{"a":1}', id="acknowledgement that is no list"),
    ],
)
def test_hostile_json(message: str, server: ServerProcess) -> None:
    assert_closes(server, message)


def test_acknowledgement_that_nobody_asked_for(server: ServerProcess) -> None:
    with RawSocketIO(server.port) as client:
        client.send('4312345["forged"]')
        assert client.ask("echo", 1) == [1]


def test_flood_of_connects_to_unknown_namespaces(server: ServerProcess) -> None:
    with RawSocketIO(server.port) as client:
        before = server.ask("/costs")["rss"]
        try:
            for number in range(20_000):
                client.send(f"40/unknown{number},")
        except ConnectionError:
            pass
        # Each is refused, until there have been too many and the connection is closed.
        assert isinstance(client.receive_until_closed(), Closed)
        growth = server.ask("/costs")["rss"] - before
        assert growth < 16 * 1024 * 1024, f"the server grew by {growth} bytes"


# --- WebSocket frames ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(frame_of(b"\xff\xfe", TEXT), 1007, id="invalid UTF-8"),
        pytest.param(frame_of(b"x", 3), 1002, id="reserved opcode"),
        pytest.param(b"\xf1\x81\0\0\0\0x", 1002, id="reserved bits"),
        pytest.param(b"\x81\x01x", 1002, id="unmasked"),
        pytest.param(frame_of(b"x" * 126, 9), 1002, id="ping that is too long"),
        pytest.param(frame_of(b"x", 0), 1002, id="continuation of nothing"),
        pytest.param(b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 1009, id="8 EiB announced"),
        pytest.param(frame_of(b"x" * (LIMIT + 1), BINARY)[:1000], 1009, id="too big"),
    ],
)
def test_hostile_frame(data: bytes, code: int, server: ServerProcess) -> None:
    label = f"frame-{time.monotonic_ns()}"
    with RawSocketIO(server.port, {"label": label}) as client:
        client.sock.sendall(data)
        assert client.receive_until_closed().code == code
    assert server.reasons(label) == ["transport error"]


def test_fragments_that_add_up_to_too_much(server: ServerProcess) -> None:
    with RawSocketIO(server.port) as client:
        client.sock.sendall(frame_of(b"4", TEXT, final=False))
        try:
            for _fragment in range(20):
                client.sock.sendall(frame_of(b"x" * 100_000, 0, final=False))
        except ConnectionError:
            pass
        assert client.receive_until_closed().code in {1009, None}
