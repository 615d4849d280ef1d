"""Every reason for a disconnect, as the JavaScript client and as the server's handler are told."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.interop.processes import wait_until
from tests.interop.tcp_relay import TcpRelay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.conftest import StartNode, StartServer
    from tests.interop.processes import ServerProcess

TRANSPORTS = ("upgrade", "websocket", "polling")
QUICK = ("--ping-interval", "1", "--ping-timeout", "1")
#: The first two bytes of a WebSocket frame with all reserved bits set and a reserved opcode.
GARBAGE = b"\xff\xff\xff\xff"


@pytest.fixture
def relay(shared_server: StartServer) -> Iterator[TcpRelay]:
    relay = TcpRelay(shared_server().port)
    yield relay
    relay.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("how", "to_client", "to_server"),
    [
        ("disconnect", "io client disconnect", {"client disconnect"}),
        ("kick", "io server disconnect", {"server disconnect"}),
        ("close the engine", "forced close", {"client disconnect", "transport close"}),
    ],
)
def test_leaving(
    how: str,
    to_client: str,
    to_server: set[str],
    transport: str,
    server: ServerProcess,
    node: StartNode,
) -> None:
    label = f"{how}-{transport}".replace(" ", "-")
    facts = node("leave", server.url, transport, "default", how, label).finish()
    assert facts["reason"] == to_client
    assert set(server.reasons(label)) <= to_server


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_client_that_is_killed(transport: str, server: ServerProcess, node: StartNode) -> None:
    label = f"killed-{transport}"
    client = node("stay", server.url, transport, "default", label)
    client.wait_for("connected")
    if transport == "polling":
        # Between two polls there is no connection whose end the server could see.
        wait_until(lambda: server.ask(f"/polling/{label}"), "the client's next poll is pending")
    client.signal(signal.SIGKILL)
    (reason,) = server.reasons(label)
    assert reason in {"transport close", "transport error"}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_client_that_is_silent(transport: str, shared_server: StartServer, node: StartNode) -> None:
    server = shared_server(*QUICK)
    label = f"silent-{transport}"
    client = node("stay", server.url, transport, "default", label)
    client.wait_for("connected")
    client.signal(signal.SIGSTOP)
    assert server.reasons(label) == ["ping timeout"]
    client.signal(signal.SIGCONT)
    # A client that was stopped finds its connection closed, or its own time-out passed.
    assert client.finish()["disconnected"] in {
        "ping timeout",
        "transport close",
        "transport error",
    }


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_server_that_is_silent(transport: str, own_server: StartServer, node: StartNode) -> None:
    server = own_server(*QUICK)
    client = node("stay", server.url, transport, "default", "waiting")
    client.wait_for("connected")
    server.signal(signal.SIGSTOP)
    assert client.wait_for("disconnected") == "ping timeout"
    server.signal(signal.SIGCONT)
    (reason,) = server.reasons("waiting")
    assert reason in {"ping timeout", "transport close", "transport error", "client disconnect"}


@pytest.mark.parametrize(
    ("transport", "reason"),
    [
        ("upgrade", {"transport close"}),
        ("websocket", {"transport close"}),
        ("polling", {"transport error"}),
    ],
)
def test_server_that_is_killed(
    transport: str, reason: set[str], own_server: StartServer, node: StartNode
) -> None:
    server = own_server()
    client = node("stay", server.url, transport, "default", "killed")
    client.wait_for("connected")
    server.stop(signal.SIGKILL)
    assert client.finish()["disconnected"] in reason


def test_garbage_from_the_server_side(
    relay: TcpRelay, server: ServerProcess, node: StartNode
) -> None:
    client = node("stay", relay.url, "websocket", "default", "garbage-down")
    client.wait_for("connected")
    relay.send_to_clients(GARBAGE)
    assert client.finish()["disconnected"] == "transport error"
    (reason,) = server.reasons("garbage-down")
    assert reason in {"transport close", "transport error"}


def test_garbage_from_the_client_side(
    relay: TcpRelay, server: ServerProcess, node: StartNode
) -> None:
    client = node("stay", relay.url, "websocket", "default", "garbage-up")
    client.wait_for("connected")
    relay.send_to_server(GARBAGE)
    assert client.finish()["disconnected"] == "transport close"
    assert server.reasons("garbage-up") == ["transport error"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_restart_of_the_server(
    number: signal.Signals, transport: str, own_server: StartServer, node: StartNode
) -> None:
    server = own_server()
    client = node("stay", server.url, transport, "default", "faithful", "reconnect")
    client.wait_for("connected")
    server.stop(number)
    # Told "io server disconnect" the client would stay away.
    assert client.wait_for("disconnected") in {"transport close", "transport error"}
    server.start()
    client.wait_for("reconnected")
    assert client.facts["new sid"] is True
    assert client.facts["buffered"] == 5
    assert client.facts["arrived"] == [0, 1, 2, 3, 4]
    client.tell("done")
    client.finish()
