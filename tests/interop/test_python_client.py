"""The Python client of python-socketio, blocking, over each transport."""

from __future__ import annotations

import signal
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import socketio  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.interop.conftest import StartServer
    from tests.interop.processes import ServerProcess

    Connect = Callable[..., socketio.Client]

TRANSPORTS = {
    "upgrade": ["polling", "websocket"],
    "websocket": ["websocket"],
    "polling": ["polling"],
}


@pytest.fixture(params=TRANSPORTS)
def transports(request: pytest.FixtureRequest) -> list[str]:
    return TRANSPORTS[request.param]


@pytest.fixture
def server(shared_server: StartServer) -> ServerProcess:
    # A leaving client that loses a race of its own waits for its pending poll: for the next ping,
    # or, if it did not answer the last one any more, for the time-out.
    return shared_server("--ping-interval", "2", "--ping-timeout", "5")


@pytest.fixture
def connect(transports: list[str], server: ServerProcess) -> Iterator[Connect]:
    """``connect(...)``: a client, connected to the shared server unless told otherwise."""
    clients: list[socketio.Client] = []

    def connect(
        client: socketio.Client | None = None, url: str | None = None, **options: Any
    ) -> socketio.Client:
        client = client or socketio.Client(reconnection=False)
        clients.append(client)
        client.connect(url or server.url, transports=transports, wait_timeout=8, **options)
        return client

    yield connect
    for client in clients:
        client.shutdown()


def listen(client: socketio.Client, event: str, namespace: str = "/") -> SimpleQueue[Any]:
    """A queue of the arguments of the events of that name."""
    queue: SimpleQueue[Any] = SimpleQueue()
    client.on(event, lambda *args: queue.put(args), namespace=namespace)
    return queue


def test_events(connect: Connect) -> None:
    client = connect()
    bounced = listen(client, "bounce")
    for args in [(), ("hello",), (1, "two", {"three": [3, None, True]}), ("žluťoučký 🐍",)]:
        client.emit("bounce", args)
        assert bounced.get(timeout=5) == args


def test_messages(connect: Connect) -> None:
    client = connect()
    messages = listen(client, "message")
    client.send("unnamed")
    assert messages.get(timeout=5) == ("unnamed",)


def test_acknowledgements(connect: Connect) -> None:
    client = connect()
    answers: SimpleQueue[Any] = SimpleQueue()
    client.emit("echo", (1, "two"), callback=lambda *args: answers.put(args))
    assert answers.get(timeout=5) == (1, "two")
    assert client.call("echo", {"a": 1}, timeout=5) == {"a": 1}
    assert client.call("silent", timeout=5) is None


def test_call_without_an_answer(connect: Connect) -> None:
    client = connect()
    with pytest.raises(socketio.exceptions.TimeoutError):
        client.call("nobody handles this", timeout=0.3)


def test_call_by_the_server(connect: Connect) -> None:
    client = connect()
    client.on("question", lambda number: number * 2)
    assert client.call("ask with call", 21, timeout=5) == {"answer": 42}
    answered = listen(client, "answered")
    client.emit("ask with callback", 4)
    assert answered.get(timeout=5) == ({"args": [8]},)


def test_binary(connect: Connect) -> None:
    client = connect()
    sent = listen(client, "binary")
    client.emit("send binary")
    expected = {"first": b"\x00\x01\x02\xff", "list": [b"", "text", bytes(range(256))]}
    assert sent.get(timeout=5) == (expected,)
    assert client.call("echo", expected, timeout=5) == expected
    blob = bytes(range(256)) * 2500
    assert client.call("echo", blob, timeout=5) == blob


def test_namespaces(connect: Connect) -> None:
    client = connect(namespaces=["/", "/chat", "/diary"])
    notices = listen(client, "notice", "/chat")
    client.emit("notify chat", "news")
    assert notices.get(timeout=5) == ("news",)
    assert client.call("write", "today", namespace="/diary", timeout=5) == "wrote today"
    sids = {client.get_sid(namespace) for namespace in ("/", "/chat", "/diary")}
    assert len(sids) == 3


def test_auth_and_query(connect: Connect, server: ServerProcess) -> None:
    client = connect(
        url=f"{server.url}?room=blue", auth={"user": "ann"}, headers={"X-Interop": "yes"}
    )
    handshake = client.call("handshake", timeout=5)
    assert handshake["auth"] == {"user": "ann"}
    assert handshake["args"]["room"] == "blue"
    assert handshake["header"] == "yes"


def test_refusal_with_data(connect: Connect) -> None:
    client = socketio.Client(reconnection=False)
    refusals = listen(client, "connect_error", "/auth")
    with pytest.raises(socketio.exceptions.ConnectionError):
        connect(client, namespaces=["/auth"], auth={"token": "wrong"})
    expected = {"message": "unauthorized", "data": {"hint": "use the secret token"}}
    assert refusals.get(timeout=5) == (expected,)


def test_unknown_namespace(connect: Connect) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        connect(namespaces=["/nowhere"])


def test_client_that_leaves(connect: Connect, server: ServerProcess, transports: list[str]) -> None:
    label = f"python-{'-'.join(transports)}"
    client = connect(auth={"label": label})
    reasons = listen(client, "disconnect")
    client.disconnect()
    assert reasons.get(timeout=5) == ("client disconnect",)
    # Over polling alone this client leaves without a word; its first packet may be overtaken by
    # the end of the connection.
    if "websocket" in transports:
        assert set(server.reasons(label)) <= {"client disconnect", "transport close"}


def test_client_that_is_kicked(connect: Connect) -> None:
    client = connect()
    reasons = listen(client, "disconnect")
    client.emit("kick")
    assert reasons.get(timeout=5) == ("server disconnect",)


def test_reconnect(connect: Connect, own_server: StartServer) -> None:
    server = own_server()
    client = socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.2)
    reasons, connects = listen(client, "disconnect"), listen(client, "connect")
    connect(client, url=server.url)
    connects.get(timeout=5)
    first = client.get_sid()
    server.stop(signal.SIGKILL)
    assert reasons.get(timeout=5)[0] in {"transport close", "transport error"}
    server.start()
    connects.get(timeout=10)
    assert client.get_sid() != first
    assert client.call("echo", "back", timeout=5) == "back"
