"""One WebSocket on the raw transport, from its handshake to its end."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from typing import TYPE_CHECKING

import pytest
from tests.hosts.connection import ENGINE, Connection, upgrade_of
from tests.interop.processes import wait_until
from tests.interop.raw_clients import BINARY, CLOSE, PING, TEXT, Closed, RawWebSocket, frame_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.processes import ServerProcess

WEBSOCKET = ENGINE + "websocket"


@pytest.fixture
def client(server: ServerProcess) -> Iterator[RawWebSocket]:
    with RawWebSocket(server.port, WEBSOCKET).open() as client:
        assert str(client.receive()).startswith('0{"sid"')
        yield client


@pytest.fixture
def sid(server: ServerProcess) -> str:
    """A session on polling."""
    with Connection(server.port) as polling:
        opening = polling.ask("GET", ENGINE + "polling")
        return str(json.loads(opening.body[1:])["sid"])


def test_messages_come_back(client: RawWebSocket) -> None:
    client.send("4text")
    client.send(b"\x00binary")
    assert client.receive() == "4text"
    assert client.receive() == b"\x00binary"


def test_messages_byte_by_byte(client: RawWebSocket) -> None:
    for byte in frame_of(b"4slow", TEXT) + frame_of(b"4" + bytes(70_000), TEXT)[:3]:
        client.sock.sendall(bytes([byte]))
    assert client.receive() == "4slow"


def test_many_messages_in_one_segment(client: RawWebSocket) -> None:
    client.sock.sendall(b"".join(frame_of(b"4%d" % number, TEXT) for number in range(500)))
    assert [client.receive() for _ in range(500)] == [f"4{number}" for number in range(500)]


def test_a_ping_is_answered(client: RawWebSocket) -> None:
    client.sock.sendall(frame_of(b"are you there", PING))
    assert client.receive() == b"are you there"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (frame_of(b"\xff", TEXT), 1007),
        (frame_of(b"", 3), 1002),
        (b"\x81\x01x", 1002),
        (frame_of(bytes(1_000_001), BINARY)[:14], 1009),
        (frame_of(b"9", TEXT), 1002),
    ],
    ids=["not UTF-8", "opcode", "not masked", "too large", "packet type"],
)
def test_a_broken_rule_ends_the_connection(frame: bytes, code: int, client: RawWebSocket) -> None:
    client.sock.sendall(frame)
    assert client.receive_until_closed().code == code
    with contextlib.suppress(ConnectionError):  # after some errors the server waits for no answer
        client.sock.sendall(frame_of(struct.pack("!H", code), CLOSE))
    assert client.receive() == Closed(None)


def test_the_client_closes(client: RawWebSocket, server: ServerProcess) -> None:
    client.sock.sendall(frame_of(struct.pack("!H", 1000) + b"bye", CLOSE))
    assert client.receive() == Closed(1000)
    assert client.receive() == Closed(None)
    assert "closed: transport close" in server.output()


def test_the_client_says_goodbye_to_the_engine(client: RawWebSocket) -> None:
    client.send("1")
    assert client.receive_until_closed().code == 1000
    client.sock.sendall(frame_of(struct.pack("!H", 1000), CLOSE))
    assert client.receive() == Closed(None)


def test_frames_behind_the_end_are_ignored(client: RawWebSocket) -> None:
    client.sock.sendall(frame_of(b"1", TEXT) + frame_of(b"4late", TEXT) + frame_of(b"x", PING))
    assert client.receive_until_closed().code == 1000
    client.sock.sendall(b"\xff\xff\xff")
    assert client.receive() == Closed(None)


@pytest.mark.parametrize("reset", [True, False])
def test_the_connection_breaks_off(reset: bool, server: ServerProcess) -> None:
    before = server.output().count("closed: transport close")
    with RawWebSocket(server.port, WEBSOCKET).open() as client:
        assert str(client.receive()).startswith('0{"sid"')
        if reset:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(
        lambda: server.output().count("closed: transport close") > before, "the session ends"
    )


# --- from polling to a WebSocket -----------------------------------------------------------------


def test_an_upgrade(sid: str, server: ServerProcess) -> None:
    with RawWebSocket(server.port, f"{WEBSOCKET}&sid={sid}").open() as probe:
        probe.send("2probe")
        assert probe.receive() == "3probe"
        probe.send("5")
        probe.send("4upgraded")
        assert probe.receive() == "4upgraded"


@pytest.mark.parametrize("words", [["4early"], ["2probe", "4early"]], ids=["first", "second"])
def test_a_probe_that_says_something_else(
    words: list[str], sid: str, server: ServerProcess
) -> None:
    with RawWebSocket(server.port, f"{WEBSOCKET}&sid={sid}").open() as probe:
        for word in words:
            probe.send(word)
        assert probe.receive_until_closed().code == 1002
        probe.sock.sendall(frame_of(struct.pack("!H", 1002), CLOSE))
    still_polls(server, sid)


@pytest.mark.parametrize(
    "end",
    [b"", b"\xff\xff", frame_of(struct.pack("!H", 1000), CLOSE)],
    ids=["broken off", "rubbish", "closed"],
)
def test_a_probe_that_ends(end: bytes, sid: str, server: ServerProcess) -> None:
    with RawWebSocket(server.port, f"{WEBSOCKET}&sid={sid}").open() as probe:
        probe.sock.sendall(end)
        if end:
            assert isinstance(probe.receive_until_closed(), Closed)
    still_polls(server, sid)


def still_polls(server: ServerProcess, sid: str) -> None:
    path = f"{ENGINE}polling&sid={sid}"
    with Connection(server.port) as polling:
        assert polling.ask("POST", path, body=b"4still here").body == b"ok"
        assert polling.ask("GET", path).body == b"4still here"


def test_a_second_probe_is_refused(sid: str, server: ServerProcess) -> None:
    with RawWebSocket(server.port, f"{WEBSOCKET}&sid={sid}").open() as first:
        with RawWebSocket(server.port, f"{WEBSOCKET}&sid={sid}") as second:
            assert second.finish_handshake().startswith(b"HTTP/1.1 400 ")
        first.send("2probe")
        assert first.receive() == "3probe"


def test_an_upgrade_of_a_session_that_nobody_knows(server: ServerProcess) -> None:
    with Connection(server.port) as client:
        client.send(upgrade_of(f"{WEBSOCKET}&sid=nobody"))
        answer = client.receive()
        assert (answer.status, answer.json["code"]) == (400, 1)


def test_the_client_leaves_before_its_handshake_is_answered(server: ServerProcess) -> None:
    with Connection(server.port) as other:
        with Connection(server.port) as leaving:
            leaving.send(upgrade_of().replace(b"Host", b"X-Refuse: by waiting\r\nHost"))
            assert other.ask("GET", "/wait_for?waiting").status == 200
        assert other.ask("GET", "/open_gate").status == 200
        assert other.ask("GET", "/ready").body == b"ok"


def test_a_client_that_does_not_read_is_cut(server: ServerProcess) -> None:
    with RawWebSocket(server.port, WEBSOCKET, receive_buffer=4096).open() as slow:
        slow.sock.settimeout(5)
        message = frame_of(b"4" + bytes(range(97, 123)) * 30_000, TEXT)
        with pytest.raises(ConnectionError):
            slow.sock.sendall(200 * message)
