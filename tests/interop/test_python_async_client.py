"""The asyncio client of python-socketio, over each transport."""

from __future__ import annotations

import asyncio
import gc
import signal
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.test_python_client import TRANSPORTS

import socketio  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tests.interop.conftest import StartServer
    from tests.interop.processes import ServerProcess


@pytest.fixture
def server(shared_server: StartServer) -> ServerProcess:
    # A leaving client that loses a race of its own waits for its pending poll: for the next ping.
    return shared_server("--ping-interval", "2", "--ping-timeout", "5")


@pytest.fixture(autouse=True)
def _client_leaves_connections_open() -> Iterator[None]:
    """aiohttp warns of connections that the client left open; that ends in this module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


async def client_of(
    url: str, transports: list[str], **options: Any
) -> AsyncIterator[socketio.AsyncClient]:
    client = socketio.AsyncClient(reconnection=False)
    try:
        await client.connect(url, transports=transports, wait_timeout=8, **options)
        yield client
    finally:
        await client.shutdown()
        # aiohttp closes its connector in a callback of the next turn.
        await asyncio.sleep(0)


def listen(client: socketio.AsyncClient, event: str, namespace: str = "/") -> asyncio.Queue[Any]:
    queue: asyncio.Queue[Any] = asyncio.Queue()

    async def put(*args: Any) -> None:
        queue.put_nowait(args)

    client.on(event, put, namespace=namespace)
    return queue


async def events(client: socketio.AsyncClient) -> None:
    bounced = listen(client, "bounce")
    for args in [(), ("hello",), (1, "two", {"three": [3, None, True]})]:
        await client.emit("bounce", args)
        assert await bounced.get() == args


async def acknowledgements(client: socketio.AsyncClient) -> None:
    assert await client.call("echo", {"a": 1}, timeout=5) == {"a": 1}
    # Over polling this client takes at most 16 packets in one answer.
    answers = await asyncio.gather(*(client.call("echo", n, timeout=8) for n in range(12)))
    assert answers == list(range(12))


async def call_by_the_server(client: socketio.AsyncClient) -> None:
    async def double(number: int) -> int:
        return number * 2

    client.on("question", double)
    assert await client.call("ask with call", 21, timeout=5) == {"answer": 42}


async def binary(client: socketio.AsyncClient) -> None:
    sent = listen(client, "binary")
    await client.emit("send binary")
    expected = {"first": b"\x00\x01\x02\xff", "list": [b"", "text", bytes(range(256))]}
    assert await sent.get() == (expected,)
    assert await client.call("echo", expected, timeout=5) == expected


async def namespaces(client: socketio.AsyncClient) -> None:
    notices = listen(client, "notice", "/chat")
    await client.emit("notify chat", "news")
    assert await notices.get() == ("news",)
    assert await client.call("write", "today", namespace="/diary", timeout=5) == "wrote today"


async def kick(client: socketio.AsyncClient) -> None:
    reasons = listen(client, "disconnect")
    await client.emit("kick")
    assert await reasons.get() == ("server disconnect",)


SCENARIOS = [events, acknowledgements, call_by_the_server, binary, namespaces, kick]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario(
    scenario: Callable[[socketio.AsyncClient], Awaitable[None]],
    transport: str,
    server: ServerProcess,
) -> None:
    async def run() -> None:
        spaces = ["/", "/chat", "/diary"]
        async for client in client_of(server.url, TRANSPORTS[transport], namespaces=spaces):
            async with asyncio.timeout(10):
                await scenario(client)

    asyncio.run(run())


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_refusal_with_data(transport: str, server: ServerProcess) -> None:
    async def run() -> Any:
        client = socketio.AsyncClient(reconnection=False)
        refusals = listen(client, "connect_error", "/auth")
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(
                server.url,
                transports=TRANSPORTS[transport],
                namespaces=["/auth"],
                auth={"token": "wrong"},
                wait_timeout=8,
            )
        await client.shutdown()
        return refusals.get_nowait()

    expected = {"message": "unauthorized", "data": {"hint": "use the secret token"}}
    assert asyncio.run(run()) == (expected,)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_reconnect(transport: str, own_server: StartServer) -> None:
    server = own_server()

    async def run() -> None:
        client = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.2)
        connects, reasons = listen(client, "connect"), listen(client, "disconnect")
        await client.connect(server.url, transports=TRANSPORTS[transport], wait_timeout=8)
        await connects.get()
        first = client.get_sid()
        await asyncio.to_thread(server.stop, signal.SIGKILL)
        assert (await reasons.get())[0] in {"transport close", "transport error"}
        await asyncio.to_thread(server.start)
        await connects.get()
        assert client.get_sid() != first
        assert await client.call("echo", "back", timeout=5) == "back"
        # The farewell of a polling client may wait for its pending poll: the server ends that.
        await asyncio.to_thread(server.stop, signal.SIGKILL)
        await client.shutdown()

    async def run_in_time() -> None:
        async with asyncio.timeout(18):
            await run()

    asyncio.run(run_in_time())
