"""Old JavaScript clients, each with what it can do, and the first of the current protocol."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.raw_clients import http_request
from tests.interop.test_javascript_client import (
    BINARY,
    EVENTS,
    ROOMS,
    SCENARIOS,
    TRANSPORTS,
    assert_facts,
)

if TYPE_CHECKING:
    from tests.interop.conftest import StartNode, StartServer
    from tests.interop.processes import ServerProcess

OLD = ("socket.io-client-1.7", "socket.io-client-2")
#: The first ones that speak the current protocol.
EARLY = ("socket.io-client-3", "socket.io-client-4.0")
ACKS = {
    "no argument": [],
    "many arguments": [1, "žluťoučký 🐍", None, {"a": [1]}],
    "fifty at once": True,
    "server callback": ["answer", {"to": "life"}, [1, 2]],
    "server call": {"answer": 42},
}
NAMESPACES = {
    "sids": [True, True],
    "the client's sids": [True, ""],
    "main": ["/", "of the manager", None],
    "chat": ["/chat", "of the namespace", "1", "é"],
    "notice in /chat": ["from /"],
    "after leaving /chat": ["still here"],
    "after coming back": ["back"],
}
REFUSALS = {
    "return False": None,
    "ConnectionRefusedError": ["unauthorized", {"hint": "use the secret token"}],
    "unknown namespace": "Invalid namespace",
    "exception": "Internal server error",
    "accepted": True,
}
#: Old clients do not take views for binary.
OLD_BINARY = {**BINARY, "view": [[dict.fromkeys(map(str, range(10)), "int")]]}
SHARED: dict[str, dict[str, Any]] = {
    "events": EVENTS,
    "binary": OLD_BINARY,
    "bursts": SCENARIOS["bursts"],
    "session": SCENARIOS["session"],
    "old_acks": ACKS,
    "old_namespaces": NAMESPACES,
}
QUICK = ("--ping-interval", "1", "--ping-timeout", "1")
HANDSHAKE = "/socket.io/?EIO=3&transport=polling"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scenario", SHARED)
@pytest.mark.parametrize("client", OLD)
def test_scenario(
    client: str, scenario: str, transport: str, server: ServerProcess, node: StartNode
) -> None:
    facts = node(scenario, server.url, transport, client).finish()
    if client == "socket.io-client-1.7" and scenario == "old_namespaces":
        # 1.x takes the session's id for its own in every namespace.
        assert facts["the client's sids"] == [True, "/chat#"]
        facts["the client's sids"][1] = ""
    assert_facts(facts, SHARED[scenario])


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scenario", ["events", "acks", "binary"])
@pytest.mark.parametrize("client", EARLY)
def test_first_clients_of_the_current_protocol(
    client: str, scenario: str, transport: str, server: ServerProcess, node: StartNode
) -> None:
    if scenario == "acks":
        facts = node("old_acks", server.url, transport, client).finish()
        assert_facts(facts, ACKS)
    else:
        facts = node(scenario, server.url, transport, client).finish()
        assert_facts(facts, SCENARIOS[scenario])


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("client", OLD)
def test_refusals(client: str, transport: str, server: ServerProcess, node: StartNode) -> None:
    server.traceback_expected = True
    facts = node("old_refusals", server.url, transport, client).finish()
    assert_facts(facts, REFUSALS)


@pytest.mark.parametrize("client", OLD)
def test_rooms(client: str, own_server: StartServer, node: StartNode) -> None:
    facts = node("rooms", own_server().url, "upgrade", client).finish()
    assert_facts(facts, ROOMS)


def test_old_and_current_clients_in_one_room(own_server: StartServer, node: StartNode) -> None:
    facts = node("mixed_room", own_server().url).finish()
    words = [word for number in range(6) for word in (f"{number} říká 🐍", [number, 255])]
    assert len(facts) == 6
    assert_facts(facts, dict.fromkeys(facts, words))


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("client", OLD)
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
    client: str,
    transport: str,
    server: ServerProcess,
    node: StartNode,
) -> None:
    label = f"{how}-{transport}-{client}".replace(" ", "-")
    facts = node("leave", server.url, transport, client, how, label).finish()
    assert facts["reason"] == to_client
    assert set(server.reasons(label)) <= to_server


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("client", OLD)
def test_client_that_is_silent(
    client: str, transport: str, shared_server: StartServer, node: StartNode
) -> None:
    server = shared_server(*QUICK)
    label = f"silent-{transport}-{client}"
    process = node("stay", server.url, transport, client, label)
    process.wait_for("connected")
    process.signal(signal.SIGSTOP)
    assert server.reasons(label) == ["ping timeout"]
    process.signal(signal.SIGCONT)
    reasons = {"ping timeout", "transport close", "transport error"}
    assert process.finish()["disconnected"] in reasons


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("client", OLD)
def test_restart_of_the_server(
    client: str, transport: str, own_server: StartServer, node: StartNode
) -> None:
    server = own_server()
    process = node("stay", server.url, transport, client, "faithful", "reconnect")
    process.wait_for("connected")
    server.stop(signal.SIGTERM)
    assert process.wait_for("disconnected") in {"transport close", "transport error"}
    server.start()
    process.wait_for("reconnected")
    assert process.facts["new sid"] is True
    assert process.facts["arrived"] == [0, 1, 2, 3, 4]
    process.tell("done")
    process.finish()


def test_refused_by_the_option(shared_server: StartServer) -> None:
    server = shared_server("--refuse-old-clients")
    answer = http_request(server.port, "GET", HANDSHAKE)
    assert (answer.status, answer.body) == (
        400,
        b'{"code":5,"message":"Unsupported protocol version"}',
    )
    line = next(line for line in server.output().splitlines() if "protocol" in line)
    assert line.startswith("WARNING")
    assert "JavaScript client 3.x or 4.x" in line


def test_content_types(server: ServerProcess) -> None:
    binary = http_request(server.port, "GET", HANDSHAKE)
    assert binary.headers["content-type"] == "application/octet-stream"
    assert binary.body[0] == 0
    text = http_request(server.port, "GET", HANDSHAKE + "&b64=1")
    assert text.headers["content-type"] == "text/plain; charset=UTF-8"
    length, _, rest = text.text.partition(":")
    assert rest[0] == "0"
    assert len(rest) == int(length)


def test_jsonp_is_not_offered(server: ServerProcess) -> None:
    answer = http_request(server.port, "GET", HANDSHAKE + "&j=0")
    assert (answer.status, answer.json["code"]) == (400, 3)
