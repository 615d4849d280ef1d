"""Does a server implement the tiny app?

python check.py PORT [TEST...]    prints the outcome of each test, exit status 0 when all is well
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from wire import HttpConnection, WebSocketClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

TEXT = "h\u00e4\u00df \u2713 and \U0001f680"
DATA: tuple[object, ...] = (
    {"text": f'{TEXT} "quoted"', "list": [1, 2.5, None, True]},
    "x" * 64,
    7,
    None,
    "y" * 300,
)
POLLING = "/socket.io/?EIO=4&transport=polling"


def expect(wanted: object, got: object) -> None:
    """Raises AssertionError when the two differ."""
    if wanted != got:
        raise AssertionError(f"wanted {wanted!r}, got {got!r}")


def expect_event(client: WebSocketClient, name: str, data: object) -> None:
    """Receives one event. None may come as no argument at all, as python-socketio emits it."""
    got = client.receive()
    allowed = ([name, data], [name]) if data is None else ([name, data],)
    if not got.startswith("42") or json.loads(got[2:]) not in allowed:
        raise AssertionError(f"wanted {name} with {data!r}, got {got!r}")


def test_http(port: int) -> None:
    response = HttpConnection(port).request("GET", "/")
    expect((200, "hello"), (response.status, response.text))


def test_echo(port: int) -> None:
    client = WebSocketClient(port)
    for ack_id, data in enumerate(DATA, start=10):
        client.emit("echo", data, ack_id)
        header, bracket, arguments = client.receive().partition("[")
        expect(f"43{ack_id}", header)
        back = json.loads(bracket + arguments)
        # Flask-SocketIO 5 acknowledges None with no argument.
        expect([data], back or [None])


def test_bounce(port: int) -> None:
    client = WebSocketClient(port)
    for data in DATA:
        client.emit("bounce", data)
        expect_event(client, "bounced", data)


def test_shout(port: int) -> None:
    clients = [WebSocketClient(port) for _ in range(3)]
    for data in DATA:
        clients[1].emit("shout", data)
        for client in clients:
            expect_event(client, "shouted", data)


def test_room(port: int) -> None:
    first, second, outside = (WebSocketClient(port) for _ in range(3))
    for client in first, second:
        client.emit("join", "kitchen")
        # Handlers of one client may run concurrently: the answer shows that the join is done.
        client.emit("echo", 1, ack_id=1)
        client.receive()
    outside.emit("room", ["kitchen", {"dinner": "ready"}])
    expect_event(first, "roomed", {"dinner": "ready"})
    expect_event(second, "roomed", {"dinner": "ready"})
    outside.emit("bounce", "nothing before this")
    expect_event(outside, "bounced", "nothing before this")


def test_polling(port: int) -> None:
    http = HttpConnection(port)
    response = http.request("GET", POLLING)
    expect((200, "0"), (response.status, response.text[:1]))
    opened = json.loads(response.text[1:])
    expect(["websocket"], opened["upgrades"])
    url = f"{POLLING}&sid={opened['sid']}"
    expect(200, http.request("POST", url, "40").status)
    connected = poll(http, url)
    expect(["40{"], [packet[:3] for packet in connected])
    packets = '421["echo","hi"]\x1e42["bounce","there"]'
    expect(200, http.request("POST", url, packets).status)
    got: list[str] = []
    while len(got) < 2:
        got += poll(http, url)
    expect(['42["bounced","there"]', '431["hi"]'], sorted(got))


def poll(http: HttpConnection, url: str) -> list[str]:
    """Receives the next packets of a polling session; answers pings, which may come at any time."""
    packets: list[str] = []
    while not packets:
        response = http.request("GET", url)
        expect(200, response.status)
        received = response.text.split("\x1e")
        packets = [packet for packet in received if packet != "2"]
        if len(packets) < len(received):
            expect(200, http.request("POST", url, "3").status)
    return packets


TESTS: dict[str, Callable[[int], None]] = {
    "http": test_http,
    "echo": test_echo,
    "bounce": test_bounce,
    "shout": test_shout,
    "room": test_room,
    "polling": test_polling,
}


def failures(port: int, names: Iterable[str] = TESTS) -> dict[str, str]:
    """Runs the tests; returns what went wrong in each that failed."""
    found = {}
    for name in names:
        try:
            TESTS[name](port)
        except (AssertionError, OSError, ValueError, LookupError) as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


def main(arguments: Sequence[str]) -> int:
    names = arguments[1:] or list(TESTS)
    found = failures(int(arguments[0]), names)
    for name in names:
        print(f"{name:10} {found.get(name, 'ok')}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
