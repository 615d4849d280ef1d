"""Uploads and downloads of a gigabyte go through the server without staying in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.hosts.connection import Connection, head_of

if TYPE_CHECKING:
    from tests.hosts.conftest import StartServer
    from tests.interop.processes import ServerProcess

GIGABYTE = 1024 * 1024 * 1024
PIECE = bytes(1024 * 1024)
#: Bytes that the server may grow by.
GROWTH = 20 * 1024 * 1024


def peak(server: ServerProcess) -> int:
    """The most memory that the server has ever used, in bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


@pytest.fixture
def server(own_server: StartServer, stack: dict[str, Any]) -> ServerProcess:
    """A server that has served a little of each: what it needs for good, it has."""
    server = own_server("wsgi_server", **stack)
    with Connection(server.port) as client:
        assert client.ask("POST", "/upload", body=5 * PIECE).body == b"5242880"
        assert len(client.ask("GET", "/download?5").body) == 5 * len(PIECE)
    return server


# A gigabyte takes a second or two each way, but not on a machine that is busy otherwise.
@pytest.mark.timeout(90)
def test_upload(server: ServerProcess) -> None:
    before = peak(server)
    with Connection(server.port) as client:
        client.sock.settimeout(60)
        client.send(head_of("POST", "/upload", f"Content-Length: {GIGABYTE}"))
        for _ in range(GIGABYTE // len(PIECE)):
            client.send(PIECE)
        assert client.receive().body == str(GIGABYTE).encode()
    assert peak(server) - before < GROWTH


@pytest.mark.timeout(90)
def test_download(server: ServerProcess) -> None:
    before = peak(server)
    buffer = bytearray(4 * len(PIECE))
    with Connection(server.port) as client:
        client.sock.settimeout(60)
        client.send(head_of("GET", f"/download?{GIGABYTE // len(PIECE)}"))
        assert client.receive_head().startswith(b"HTTP/1.1 200 ")
        left = GIGABYTE
        while left:
            count = client.file.readinto(memoryview(buffer)[: min(left, len(buffer))])
            assert count, f"broken off with {left} bytes to come"
            left -= count
    assert peak(server) - before < GROWTH


def test_download_to_a_client_that_does_not_read(server: ServerProcess) -> None:
    before = peak(server)
    with Connection(server.port) as client, Connection(server.port) as other:
        client.send(head_of("GET", "/download?100"))
        assert client.receive_head().startswith(b"HTTP/1.1 200 ")
        for _ in range(20):
            assert other.ask("GET", "/ready").body == b"ok"
    assert peak(server) - before < GROWTH
