"""Thousands of clients that come and go leave nothing behind."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.processes import wait_until
from tests.interop.raw_clients import UPGRADE_HEADERS, frame_of

from flask_socketio.hub.deadlines import SPARE_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.interop.conftest import StartServer
    from tests.interop.processes import ServerProcess

HALF = 5_000
BATCH = 50
RSS_GROWTH = 2 * 1024 * 1024
POLLING = "/socket.io/?EIO=4&transport=polling"
TEXT = 1
WATCH = "flask_socketio.hub.deadlines.Watch"


class Connections:
    """A batch of sockets that do each step together, so that none waits for another's answer."""

    def __init__(self, port: int) -> None:
        self._socks = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(BATCH)]

    def send(self, request: Callable[[int], bytes]) -> None:
        for index, sock in enumerate(self._socks):
            sock.sendall(request(index))

    def read_until(self, is_complete: Callable[[bytes], bool]) -> list[bytes]:
        """What came on each socket, until it was complete."""
        return [self._read(sock, is_complete) for sock in self._socks]

    @staticmethod
    def _read(sock: socket.socket, is_complete: Callable[[bytes], bool]) -> bytes:
        received = b""
        while not is_complete(received):
            data = sock.recv(65_536)
            assert data, f"closed by the server after {received!r}"
            received += data
        return received

    def close(self) -> None:
        for sock in self._socks:
            sock.close()


def is_http_answer(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    raise AssertionError(f"no length in {head!r}")


def websocket_clients(port: int) -> None:
    """Connect, enter the main namespace, exchange an event, and leave in one of three ways."""
    upgrade = f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n{UPGRADE_HEADERS}\r\n"
    connections = Connections(port)
    connections.send(lambda _index: upgrade.format(port=port).encode())
    connections.read_until(lambda received: b'"pingTimeout"' in received)
    connections.send(lambda _index: frame_of(b"40", TEXT))
    connections.read_until(lambda received: b'40{"sid"' in received)
    connections.send(lambda _index: frame_of(b'421["echo",1]', TEXT))
    connections.read_until(lambda received: b"431[1]" in received)
    farewells = [frame_of(b"41", TEXT), frame_of(b"\x03\xe8", 8), b""]
    connections.send(lambda index: farewells[index % 3])
    connections.close()


def polling_clients(port: int) -> None:
    """The same with HTTP long-polling on connections that are kept alive."""
    end = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    connections = Connections(port)
    connections.send(lambda _index: f"GET {POLLING}{end}\r\n".encode())
    answers = connections.read_until(is_http_answer)
    sids = [answer.partition(b'"sid":"')[2].partition(b'"')[0].decode() for answer in answers]

    def post(index: int, body: str) -> bytes:
        head = f"POST {POLLING}&sid={sids[index]}{end}Content-Length: {len(body)}\r\n\r\n"
        return (head + body).encode()

    def step(request: Callable[[int], bytes], expected: bytes) -> None:
        connections.send(request)
        for answer in connections.read_until(is_http_answer):
            assert expected in answer

    step(lambda index: post(index, "40"), b" 200 ")
    step(lambda index: f"GET {POLLING}&sid={sids[index]}{end}\r\n".encode(), b'40{"sid"')
    step(lambda index: post(index, '421["echo",1]'), b" 200 ")
    step(lambda index: f"GET {POLLING}&sid={sids[index]}{end}\r\n".encode(), b"431[1]")
    step(lambda index: post(index, "1"), b" 200 ")
    connections.close()


def come_and_go(server: ServerProcess, count: int) -> None:
    for _round in range(count // (2 * BATCH)):
        websocket_clients(server.port)
        polling_clients(server.port)


def settled_costs(server: ServerProcess) -> dict[str, Any]:
    """The costs when the number of objects has not fallen for three seconds."""
    best = server.ask("/costs")
    since = time.monotonic()
    while time.monotonic() < since + 3:
        time.sleep(0.2)
        costs = server.ask("/costs")
        if sum(costs["objects"].values()) < sum(best["objects"].values()):
            best, since = costs, time.monotonic()
    assert isinstance(best, dict)
    return best


def costs_at_rest(server: ServerProcess, start: dict[str, Any]) -> dict[str, Any]:
    """The costs when every client is gone, and the timers that still knew it have run out."""
    wait_until(lambda: server.ask("/clients") == 0, "every disconnect handler ran", 15)
    limit = time.monotonic() + 15
    while True:
        costs = server.ask("/costs")
        if not left_behind(costs, start) or time.monotonic() > limit:
            assert isinstance(costs, dict)
            return costs
        time.sleep(0.2)


def left_behind(costs: dict[str, Any], before: dict[str, Any]) -> dict[str, int]:
    """The types of which there are more objects than before, and how many more.

    Each thread that the pool of workers has grown by is an object, and may hold on to the last
    one that it worked for.
    """
    spare = max(0, costs["threads"] - before["threads"])
    # The heap of deadlines keeps up to SPARE_ENTRIES void entries on purpose, now more, now fewer.
    allowed = {WATCH: spare + SPARE_ENTRIES}
    known = before["objects"]
    more = {name: count - known.get(name, 0) for name, count in costs["objects"].items()}
    return {name: count for name, count in more.items() if count > allowed.get(name, spare)}


# Ten thousand clients take longer than other tests may: about 15 s, and with HTTP parsed in pure
# Python (INTEROP_ENGINE=asyncio) or on a busy machine about a minute.
@pytest.mark.timeout(180)
def test_clients_leave_nothing_behind(own_server: StartServer) -> None:
    # Short intervals, so that no timer holds a client for longer than the test waits.
    server = own_server("--ping-interval", "2", "--ping-timeout", "20", "--connect-timeout", "2")
    # The first clients make what is made once: threads, caches, the allocator's high water.
    come_and_go(server, HALF)
    start = settled_costs(server)
    come_and_go(server, HALF)
    first = costs_at_rest(server, start)
    come_and_go(server, HALF)
    second = costs_at_rest(server, start)

    assert left_behind(second, start) == {}
    assert second["descriptors"] <= first["descriptors"]
    growth = second["rss"] - first["rss"]
    assert growth <= RSS_GROWTH, f"the server grew by {growth} bytes"
