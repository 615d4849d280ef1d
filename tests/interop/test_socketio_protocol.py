"""The Socket.IO protocol 5, as its official test suite checks it: raw WebSockets and requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.interop.raw_clients import (
    Closed,
    PollingSession,
    RawSocketIO,
    RawWebSocket,
    http_request,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.conftest import StartServer
    from tests.interop.processes import ServerProcess

PATH = "/socket.io/?EIO=4&transport=websocket"
PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'


@pytest.fixture
def engine(server: ServerProcess) -> Iterator[RawWebSocket]:
    """A WebSocket with an Engine.IO session and no namespace yet."""
    with RawWebSocket(server.port, PATH).open() as ws:
        opening = ws.receive()
        assert isinstance(opening, str)
        assert opening.startswith("0{")
        yield ws


@pytest.fixture
def main(server: ServerProcess) -> Iterator[RawSocketIO]:
    """A client in the main namespace."""
    with RawSocketIO(server.port) as ws:
        yield ws


# --- the engine below ----------------------------------------------------------------------------


def test_handshake_of_the_engine(server: ServerProcess) -> None:
    handshake = PollingSession(server.port).handshake
    assert handshake.keys() == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
    assert handshake["upgrades"] == ["websocket"]
    assert (handshake["pingInterval"], handshake["pingTimeout"]) == (25_000, 20_000)
    assert handshake["maxPayload"] == 1_000_000


@pytest.mark.parametrize(
    "path",
    [
        "/socket.io/?transport=polling",
        "/socket.io/?EIO=abc&transport=polling",
        "/socket.io/?EIO=4",
        "/socket.io/?EIO=4&transport=abc",
        "/socket.io/?EIO=4&transport=polling&sid=nobody",
    ],
)
def test_invalid_requests_to_the_engine(path: str, server: ServerProcess) -> None:
    answer = http_request(server.port, "GET", path)
    assert answer.status == 400
    assert answer.json.keys() == {"code", "message"}


def test_connecting_by_polling(server: ServerProcess) -> None:
    session = PollingSession(server.port)
    assert session.post('40{"token":"123"}').text == "ok"
    answer = session.get().text
    assert answer.startswith('40{"sid":"')
    assert session.post('421["echo",1]').text == "ok"
    assert session.get().text == "431[1]"
    assert session.post("1").text == "ok"


# --- connect -------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", ["", '{"token":"123"}'])
@pytest.mark.parametrize("namespace", ["/custom"])
def test_connect_to_a_custom_namespace(namespace: str, payload: str, engine: RawWebSocket) -> None:
    engine.send(f"40{namespace},{payload}")
    answer = engine.receive()
    assert isinstance(answer, str)
    assert answer.startswith(f"40{namespace},")
    assert json.loads(answer.removeprefix(f"40{namespace},")).keys() == {"sid"}
    # What the connect handler emitted follows, in order.
    assert engine.receive() == f'42{namespace},["auth",{payload or "{}"}]'


@pytest.mark.parametrize("payload", ["", '{"token":"123"}'])
def test_connect_to_the_main_namespace(payload: str, engine: RawWebSocket) -> None:
    engine.send(f"40{payload}")
    answer = engine.receive()
    assert isinstance(answer, str)
    sid = json.loads(answer[2:])["sid"]
    engine.send('421["handshake"]')
    told = engine.receive()
    assert isinstance(told, str)
    (handshake,) = json.loads(told[3:])
    assert handshake["auth"] == (json.loads(payload) if payload else None)
    assert handshake["sid"] == sid


@pytest.mark.parametrize("packet", ["40/random", "40/random,", '40/random,{"a":1}'])
def test_unknown_namespace(packet: str, engine: RawWebSocket) -> None:
    engine.send(packet)
    answer = engine.receive()
    assert isinstance(answer, str)
    assert answer.startswith("44/random,{")
    refusal = json.loads(answer.removeprefix("44/random,"))
    assert refusal["message"] in {"Invalid namespace", "Unable to connect"}
    # The connection itself is as good as before.
    engine.send("40")
    assert str(engine.receive()).startswith('40{"sid":')


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        pytest.param(
            '40/auth,{"token":"wrong"}',
            {"message": "unauthorized", "data": {"hint": "use the secret token"}},
            id="error with data",
        ),
    ],
)
def test_refusal(packet: str, answer: object, engine: RawWebSocket) -> None:
    engine.send(packet)
    text = engine.receive()
    assert isinstance(text, str)
    assert json.loads(text.removeprefix("44/auth,")) == answer


@pytest.mark.parametrize("packet", ["4abc", "49", "4", '42["echo"]', "431[]"])
def test_invalid_handshake(packet: str, engine: RawWebSocket) -> None:
    engine.send(packet)
    assert isinstance(engine.receive(), Closed)


def test_no_connect_packet_closes_the_connection(shared_server: StartServer) -> None:
    server = shared_server("--connect-timeout", "0.5")
    with RawWebSocket(server.port, PATH).open() as ws:
        assert isinstance(ws.receive_until_closed(), Closed)


# --- disconnect ----------------------------------------------------------------------------------


def test_disconnect_from_the_main_namespace(shared_server: StartServer) -> None:
    server = shared_server("--ping-interval", "1", "--ping-timeout", "1")
    with RawSocketIO(server.port) as main:
        main.send("41")
        # The engine stays open: what comes next is its ping.
        assert main.receive() == "2"


def test_disconnect_from_a_custom_namespace(main: RawSocketIO) -> None:
    main.send("40/custom,")
    assert str(main.receive_packet()).startswith('40/custom,{"sid":')
    assert main.receive_packet() == '42/custom,["auth",{}]'
    main.send("41/custom,")
    main.send('42["bounce","to the main namespace"]')
    assert main.receive_packet() == '42["bounce","to the main namespace"]'


def test_disconnect_by_the_server(main: RawSocketIO) -> None:
    main.send('42["kick"]')
    assert main.receive_packet() == "41"


# --- messages ------------------------------------------------------------------------------------


def test_event(main: RawSocketIO) -> None:
    main.send('42["bounce",1,"2",{"3":[true]}]')
    assert main.receive_packet() == '42["bounce",1,"2",{"3":[true]}]'


def test_binary_event(main: RawSocketIO) -> None:
    main.send(f'452-["bounce",{PLACEHOLDERS}]')
    main.send(b"\x01\x02\x03")
    main.send(b"\x04\x05\x06")
    assert main.receive_packet() == f'452-["bounce",{PLACEHOLDERS}]'
    assert main.receive_packet() == b"\x01\x02\x03"
    assert main.receive_packet() == b"\x04\x05\x06"


def test_event_with_an_acknowledgement(main: RawSocketIO) -> None:
    main.send('42456["echo",1,"2",{"3":[false]}]')
    assert main.receive_packet() == '43456[1,"2",{"3":[false]}]'


def test_binary_event_with_an_acknowledgement(main: RawSocketIO) -> None:
    main.send(f'452-789["echo",{PLACEHOLDERS}]')
    main.send(b"\x01\x02\x03")
    main.send(b"\x04\x05\x06")
    assert main.receive_packet() == f"462-789[{PLACEHOLDERS}]"
    assert main.receive_packet() == b"\x01\x02\x03"
    assert main.receive_packet() == b"\x04\x05\x06"


def test_acknowledgement_of_the_client(main: RawSocketIO) -> None:
    main.send('42["ask with callback","x"]')
    question = main.receive_packet()
    assert isinstance(question, str)
    ack_id = question.removeprefix("42").partition("[")[0]
    assert question == f'42{ack_id}["question","x"]'
    main.send(f'43{ack_id}["yes",2]')
    assert main.receive_packet() == '42["answered",{"args":["yes",2]}]'


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param("4abc", id="unknown packet type"),
        pytest.param("42{}", id="payload that is no list"),
        pytest.param("42[]", id="event without a name"),
        pytest.param('42[1,"x"]', id="name that is no text"),
        pytest.param('42abc["echo",1]', id="invalid ack id"),
        pytest.param('42["echo"', id="invalid JSON"),
        pytest.param('44{"message":"x"}', id="packet that only servers send"),
        pytest.param(f'452-["echo",{PLACEHOLDERS}', id="invalid JSON in a binary event"),
    ],
)
def test_invalid_packet_closes_the_connection(packet: str, main: RawSocketIO) -> None:
    main.send(packet)
    if packet.startswith("452-"):
        main.send(b"1")
        main.send(b"2")
    assert isinstance(main.receive_packet(), Closed)


def test_text_in_place_of_an_attachment_closes_the_connection(main: RawSocketIO) -> None:
    main.send('451-["echo",{"_placeholder":true,"num":0}]')
    main.send('42["echo"]')
    assert isinstance(main.receive_packet(), Closed)


def test_attachment_that_nobody_announced_closes_the_connection(main: RawSocketIO) -> None:
    main.send(b"\x01")
    assert isinstance(main.receive_packet(), Closed)
