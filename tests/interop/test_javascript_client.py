"""The official JavaScript client, one script of ``js/`` for each scenario, over each transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.interop.conftest import StartNode, StartServer

TRANSPORTS = ("upgrade", "websocket", "polling")

BINARY_SHAPE = {"deep": [{"raw": ["bytes", 1, 2768625435]}, "int", ["bytes", 2, 1838777637]]}

EVENTS = {
    "no argument": True,
    "one argument": True,
    "many arguments": True,
    "empty values": True,
    "unicode": True,
    "looks like the protocol": True,
    "big number": True,
    "several": [1, "two", {"three": [3, None, True, 3.5]}, None, "žluťoučký 🐍"],
    "message": ["unnamed"],
    "json": [{"unnamed": True}],
    "background": [0, 1, 2],
}
ACKS = {
    "no argument": [],
    "one argument": [{"a": [1]}],
    "many arguments": [1, "two", None],
    "emitWithAck": "promised",
    "unhandled": "operation has timed out",
    "fifty at once": True,
    "server callback": ["answer", {"to": "life"}, [1, 2]],
    "server call": {"answer": 42},
    "server call without answer": "timeout",
}
BINARY = {
    "Buffer": [[["bytes", 3, 891568578]]],
    "ArrayBuffer": [[["bytes", 256, 688229491]]],
    "view": [[["bytes", 10, 1231571865]]],
    "empty": [[["bytes", 0, 0]]],
    "nested": [[{"text": "str", **BINARY_SHAPE}, ["bytes", 1, 2724731650]]],
    "nested back": ["t", [1], 2, [3, 4]],
    "order": [[7], "between", [8]],
    "from the server": [[0, 1, 2, 255], 0, "text", 256, 255],
}
NAMESPACES = {
    "one engine": True,
    "own sids": 4,
    "sid is the server's": True,
    "main": ["/", "handshake", "of the manager", "yes", None],
    "chat": ["/chat", "handshake", "of the manager", {"user": "ann"}],
    "notice in /chat": ["from /"],
    "class": ["wrote today"],
    "class emits": [{"text": "again"}],
    "after leaving /chat": ["still here"],
    "after coming back": ["back"],
}
ROOMS = {
    "joined": [["own", "red"]],
    "two rooms": [["blue", "own", "red"]],
    "left": [["blue", "own"]],
    "closed": [["own"]],
    "ann": ["to red", "to both", "to one sid", "to all"],
    "bob": [
        *("to red", "to red, not me", "to both", "after ann left"),
        *("to all", "to the others"),
    ],
    "cid": ["to both", "to all", "to the others"],
    "eve": ["red in /chat"],
}
AUTH = {
    "auth": {"label": "ann", "deep": {"list": [1, None]}},
    "query": "a b&c=d",
    "computed auth": {"computed": True},
    "no auth": None,
    "return False": False,
    "ConnectionRefusedError": ["unauthorized", {"hint": "use the secret token"}, False, False],
    "accepted": ["in"],
}
SCENARIOS: dict[str, dict[str, Any]] = {
    "events": EVENTS,
    "acks": ACKS,
    "binary": BINARY,
    "namespaces": NAMESPACES,
    "session": {"own": "ann", "other namespace": "ann", "other client": None},
    "big": {"text up": True, "binary up": True, "text down": True, "binary down": True},
    "bursts": {"up": True, "down": True, "acknowledgements": True},
    "crowd": {"connected": 200, "echoed": 200, "heard": 200},
    "volatile": {"arrived": ["buffered", "in time"]},
}

#: The client's msgpack encoder sends the whole buffer that a view is a part of.
MSGPACK_SCENARIOS = {**SCENARIOS, "binary": {**BINARY, "view": BINARY["ArrayBuffer"]}}


def assert_facts(facts: dict[str, Any], expected: dict[str, Any]) -> None:
    """One fact after the other, so that a failure names the first that is wrong."""
    for name, value in expected.items():
        assert facts.get(name, "(nothing)") == value, f"fact {name!r}"
    assert facts.keys() == expected.keys()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(
    scenario: str, transport: str, shared_server: StartServer, node: StartNode
) -> None:
    facts = node(scenario, shared_server().url, transport).finish()
    assert_facts(facts, SCENARIOS[scenario])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_rooms(transport: str, own_server: StartServer, node: StartNode) -> None:
    # A server of its own: what is broadcast by other tests would be heard.
    facts = node("rooms", own_server().url, transport).finish()
    assert_facts(facts, ROOMS)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_auth(transport: str, shared_server: StartServer, node: StartNode) -> None:
    facts = node("auth", shared_server().url, transport).finish()
    message, data, is_connected, is_active = facts.pop("unknown namespace")
    assert message in {"Invalid namespace", "Unable to connect"}
    assert (data, is_connected, is_active) == (None, False, False)
    assert_facts(facts, AUTH)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_exceptions_in_handlers(
    transport: str, shared_server: StartServer, node: StartNode
) -> None:
    server = shared_server()
    server.traceback_expected = True
    facts = node("crash", server.url, transport).finish()
    expected = {
        "connect handler": ["Internal server error", False],
        "event handler": "operation has timed out",
        "goes on": [1],
    }
    assert_facts(facts, expected)
    assert "expected by the test: connect handler" in server.output()


@pytest.mark.parametrize(
    ("transport", "reason", "code"),
    [("websocket", "transport close", 1009), ("polling", "transport error", 413)],
)
def test_message_over_the_limit(
    transport: str, reason: str, code: int, own_server: StartServer, node: StartNode
) -> None:
    server = own_server()
    facts = node("too_big", server.url, transport).finish()
    assert_facts(facts, {"reason": reason, "code": code, "another client": ["fine"]})
    assert server.reasons("too-big") == ["transport error"]


@pytest.mark.parametrize(
    ("transport", "first", "last"),
    [
        ("upgrade", "polling", "websocket"),
        ("websocket", "websocket", "websocket"),
        ("polling", "polling", "polling"),
    ],
)
def test_transports(
    transport: str, first: str, last: str, shared_server: StartServer, node: StartNode
) -> None:
    facts = node("transports", shared_server().url, transport).finish()
    expected = {"first": first, "last": last, "same session": True, "echo": ["after"]}
    assert_facts(facts, expected)


@pytest.mark.parametrize(
    ("transport", "message", "response"),
    [
        ("polling", "xhr poll error", "404"),
        ("websocket", "websocket error", "Unexpected server response: 404"),
    ],
)
def test_wrong_path(
    transport: str, message: str, response: str, shared_server: StartServer, node: StartNode
) -> None:
    server = shared_server()
    facts = node("wrong_path", server.url, transport).finish()
    assert_facts(facts, {"message": message, "response": response})
    status, body = server.get("/elsewhere/?EIO=4&transport=polling")
    assert (status, body) == (404, b"no such page in the application")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scenario", ["events", "acks", "binary", "namespaces"])
def test_msgpack_parser(
    scenario: str, transport: str, shared_server: StartServer, node: StartNode
) -> None:
    server = shared_server("--serializer", "msgpack")
    facts = node(scenario, server.url, transport, "msgpack").finish()
    assert_facts(facts, MSGPACK_SCENARIOS[scenario])


def test_big_messages_with_the_msgpack_parser(shared_server: StartServer, node: StartNode) -> None:
    # Over WebSocket only: base64 makes a binary packet of 900 kB too large for a POST.
    server = shared_server("--serializer", "msgpack")
    facts = node("big", server.url, "websocket", "msgpack").finish()
    assert_facts(facts, SCENARIOS["big"])


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("options", [("--always-connect",), ("--serial-handlers",)])
def test_other_options(
    options: tuple[str], transport: str, shared_server: StartServer, node: StartNode
) -> None:
    facts = node("events", shared_server(*options).url, transport).finish()
    assert_facts(facts, EVENTS)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_always_connect_refuses_by_disconnecting(
    transport: str, shared_server: StartServer, node: StartNode
) -> None:
    server = shared_server("--always-connect")
    facts = node("refused_later", server.url, transport).finish()
    assert_facts(facts, {"connected": True, "reason": "io server disconnect"})
