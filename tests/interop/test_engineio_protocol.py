"""The Engine.IO protocol 4, as its official test suite checks it: an echo server, raw clients."""

from __future__ import annotations

import json
from socket import create_connection
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.processes import wait_until
from tests.interop.raw_clients import PollingSession, http_request, read_answer
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from tests.interop.processes import ServerProcess

PATH = "/engine.io/"
HANDSHAKE_KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
INVALID_QUERIES = [
    pytest.param("transport={transport}", id="EIO missing"),
    pytest.param("EIO=abc&transport={transport}", id="EIO invalid"),
    pytest.param("EIO=5&transport={transport}", id="EIO of the future"),
    pytest.param("EIO=4", id="transport missing"),
    pytest.param("EIO=4&transport=abc", id="transport invalid"),
]


@pytest.fixture
def port(engineio_server: ServerProcess) -> int:
    return engineio_server.port


@pytest.fixture
def session(port: int) -> PollingSession:
    return PollingSession(port, PATH)


def websocket(port: int, sid: str = "") -> ClientConnection:
    tail = f"&sid={sid}" if sid else ""
    uri = f"ws://127.0.0.1:{port}{PATH}?EIO=4&transport=websocket{tail}"
    return connect(uri, ping_interval=None, proxy=None, close_timeout=2)


def opened(ws: ClientConnection) -> dict[str, Any]:
    packet = ws.recv(timeout=5)
    assert isinstance(packet, str)
    assert packet[0] == "0"
    handshake = json.loads(packet[1:])
    assert isinstance(handshake, dict)
    return handshake


def receive(ws: ClientConnection) -> str | bytes:
    """The next packet that is neither a ping nor a noop."""
    while (packet := ws.recv(timeout=5)) in ("2", "6"):
        if packet == "2":
            ws.send("3")
    return packet


def assert_closes(ws: ClientConnection) -> None:
    with pytest.raises(ConnectionClosed):
        receive_forever(ws)


def receive_forever(ws: ClientConnection) -> None:
    while True:
        ws.recv(timeout=5)


def assert_gone(session: PollingSession) -> None:
    assert session.get().status == 400


# --- handshake -----------------------------------------------------------------------------------


def test_polling_handshake(session: PollingSession) -> None:
    handshake = session.handshake
    assert handshake.keys() == HANDSHAKE_KEYS
    assert isinstance(handshake["sid"], str)
    assert handshake["upgrades"] == ["websocket"]
    assert (handshake["pingInterval"], handshake["pingTimeout"]) == (500, 500)
    assert handshake["maxPayload"] == 1_000_000


def test_websocket_handshake(port: int) -> None:
    with websocket(port) as ws:
        handshake = opened(ws)
        assert handshake.keys() == HANDSHAKE_KEYS
        assert handshake["upgrades"] == []
        assert (handshake["pingInterval"], handshake["pingTimeout"]) == (500, 500)


@pytest.mark.parametrize("query", INVALID_QUERIES)
def test_polling_handshake_with_an_invalid_query(query: str, port: int) -> None:
    answer = http_request(port, "GET", f"{PATH}?{query.format(transport='polling')}")
    assert answer.status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_polling_handshake_with_an_invalid_method(method: str, port: int) -> None:
    answer = http_request(port, method, f"{PATH}?EIO=4&transport=polling", "")
    assert answer.status == 400


@pytest.mark.parametrize("query", INVALID_QUERIES)
def test_websocket_handshake_with_an_invalid_query(query: str, port: int) -> None:
    uri = f"ws://127.0.0.1:{port}{PATH}?{query.format(transport='websocket')}"
    # The reference server opens the WebSocket and closes it at once; a plain 400 is clearer.
    with pytest.raises((InvalidStatus, ConnectionClosed)), connect(uri, proxy=None) as ws:
        ws.recv(timeout=5)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_sid(method: str, port: int) -> None:
    answer = http_request(port, method, f"{PATH}?EIO=4&transport=polling&sid=nobody", None)
    assert answer.status == 400


# --- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("4hello", id="one packet"),
        pytest.param("4test1\x1e4test2\x1e4test3", id="several packets"),
        pytest.param("4hello\x1ebAQIDBA==", id="text and binary"),
        pytest.param("4žluťoučký 🐍", id="unicode"),
    ],
)
def test_polling_messages(payload: str, session: PollingSession) -> None:
    pushed = session.post(payload.encode())
    assert (pushed.status, pushed.text) == (200, "ok")
    echoed = ""
    while len(echoed) < len(payload):
        polled = session.get()
        assert polled.status == 200
        # An answer may carry a part of the echoes; a ping may come between them.
        packets = [packet for packet in polled.text.split("\x1e") if packet != "2"]
        echoed = "\x1e".join(filter(None, [echoed, *packets]))
    assert echoed == payload


@pytest.mark.parametrize("payload", ["abc", "9", "4ok\x1eabc", "b!!!", ""])
def test_invalid_payload_closes_a_polling_session(payload: str, session: PollingSession) -> None:
    assert session.post(payload).status == 400
    assert_gone(session)


def test_second_poll_closes_the_session(session: PollingSession) -> None:
    with session.start_get() as first, session.start_get() as second:
        answers = [read_answer(first), read_answer(second)]
    # Which of them the server sees first is the network's choice.
    assert sorted(answer.status for answer in answers) in ([200, 400], [200, 500])
    (accepted,) = (answer.text for answer in answers if answer.status == 200)
    assert accepted == "1"
    assert_gone(session)


def test_second_post_closes_the_session(session: PollingSession) -> None:
    # The body of the first never ends, so that it is pending when the second comes.
    head = f"POST {session.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n"
    with create_connection(("127.0.0.1", session.port), timeout=5) as first:
        first.sendall(head.encode() + b"4he")
        wait_until(lambda: session.post("4x").status == 400, "the second POST is refused", 5)
        assert_gone(session)


def test_websocket_text(port: int) -> None:
    with websocket(port) as ws:
        opened(ws)
        ws.send("4hello")
        assert receive(ws) == "4hello"


def test_websocket_binary(port: int) -> None:
    with websocket(port) as ws:
        opened(ws)
        ws.send(b"\x01\x02\x03\x04")
        assert receive(ws) == b"\x01\x02\x03\x04"


@pytest.mark.parametrize("packet", ["abc", "", "9", "0{}"])
def test_invalid_packet_closes_a_websocket(packet: str, port: int) -> None:
    with websocket(port) as ws:
        opened(ws)
        ws.send(packet)
        assert_closes(ws)


# --- heartbeat -----------------------------------------------------------------------------------


def test_polling_heartbeat(session: PollingSession) -> None:
    for _round in range(3):
        assert session.get().text == "2"
        pushed = session.post("3")
        assert (pushed.status, pushed.text) == (200, "ok")


def test_polling_ping_timeout(session: PollingSession) -> None:
    # The poll takes the ping; no pong follows, so that the next poll ends with the session.
    assert session.get().text == "2"
    last = session.get()
    assert last.status == 400 or last.text in {"1", "6"}
    assert_gone(session)


def test_websocket_heartbeat(port: int) -> None:
    with websocket(port) as ws:
        opened(ws)
        for _round in range(3):
            assert ws.recv(timeout=5) == "2"
            ws.send("3")


def test_websocket_ping_timeout(port: int) -> None:
    with websocket(port) as ws:
        opened(ws)
        assert_closes(ws)


# --- close ---------------------------------------------------------------------------------------


def test_closing_by_polling(session: PollingSession) -> None:
    with session.start_get() as pending:
        assert session.post("1").status == 200
        answer = read_answer(pending)
    assert answer.status == 200
    assert answer.text in {"6", "1"}
    assert_gone(session)


def test_closing_by_websocket(port: int) -> None:
    with websocket(port) as ws:
        opened(ws)
        ws.send("1")
        assert_closes(ws)


# --- upgrade -------------------------------------------------------------------------------------


def upgrade(ws: ClientConnection, session: PollingSession) -> None:
    ws.send("2probe")
    assert ws.recv(timeout=5) == "3probe"
    polled = session.get()
    # A noop ends the poll, so that the client can go over.
    assert (polled.status, polled.text) == (200, "6")
    ws.send("5")


def test_upgrade(session: PollingSession) -> None:
    with websocket(session.port, session.sid) as ws:
        upgrade(ws, session)
        ws.send("4hello")
        assert receive(ws) == "4hello"


def test_upgrade_ends_a_pending_poll(session: PollingSession) -> None:
    with session.start_get() as pending, websocket(session.port, session.sid) as ws:
        ws.send("2probe")
        assert ws.recv(timeout=5) == "3probe"
        assert read_answer(pending).text == "6"
        ws.send("5")
        ws.send("4hello")
        assert receive(ws) == "4hello"


def test_messages_sent_by_polling_are_answered_after_the_upgrade(session: PollingSession) -> None:
    assert session.post("4before").text == "ok"
    with websocket(session.port, session.sid) as ws:
        ws.send("2probe")
        assert ws.recv(timeout=5) == "3probe"
        polled = [packet for packet in session.get().text.split("\x1e") if packet not in {"6", "2"}]
        ws.send("5")
        ws.send("4after")
        received = polled
        while len(received) < 2:
            received.append(str(receive(ws)))
        assert received == ["4before", "4after"]


def test_http_requests_after_the_upgrade_are_refused(session: PollingSession) -> None:
    with websocket(session.port, session.sid) as ws:
        upgrade(ws, session)
        ws.send("4hello")
        assert receive(ws) == "4hello"
        assert session.get().status == 400
        assert session.post("4x").status == 400
        ws.send("4again")
        assert receive(ws) == "4again"


def test_second_websocket_after_the_upgrade_is_refused(session: PollingSession) -> None:
    with websocket(session.port, session.sid) as ws:
        upgrade(ws, session)
        ws.send("4hello")
        assert receive(ws) == "4hello"
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            assert_second_is_closed(session)
        ws.send("4again")
        assert receive(ws) == "4again"


def assert_second_is_closed(session: PollingSession) -> None:
    with websocket(session.port, session.sid) as second:
        second.recv(timeout=5)


def test_websocket_that_does_not_probe_leaves_the_session_alone(session: PollingSession) -> None:
    with websocket(session.port, session.sid) as ws:
        ws.send("4no probe")
        assert_closes(ws)
    assert session.post("4still polling").text == "ok"
    assert session.get().text.removeprefix("2\x1e") == "4still polling"
