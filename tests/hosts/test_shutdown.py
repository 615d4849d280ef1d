"""How the server ends: gracefully, quickly, with status 0; and what happens when that fails."""

from __future__ import annotations

import json
import signal
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tests.hosts.connection import ENGINE, Connection, head_of, upgrade_of
from tests.interop.processes import wait_until
from tests.interop.raw_clients import Closed, PollingSession, RawSocketIO

if TYPE_CHECKING:
    from tests.hosts.conftest import StartServer
    from tests.interop.processes import ServerProcess

SIGNALS = [signal.SIGTERM, signal.SIGINT]


def stop_in_time(
    server: ServerProcess, seconds: float, number: signal.Signals | None = None
) -> None:
    begun = time.monotonic()
    assert server.stop(number) == 0
    assert time.monotonic() - begun < seconds
    assert "run() has returned" in server.output()


@pytest.fixture
def plain(own_server: StartServer, every_stack: dict[str, Any]) -> ServerProcess:
    """Plain WSGI and Engine.IO, on one stack, to be stopped."""
    return own_server("wsgi_server", **every_stack)


@pytest.fixture
def flask(own_server: StartServer, stack: dict[str, Any]) -> ServerProcess:
    """Flask and Socket.IO, on one stack, to be stopped."""
    return own_server("flask_server", **stack)


# --- signals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_server_without_clients(
    number: signal.Signals, flask: ServerProcess
) -> None:
    stop_in_time(flask, 1.5, number)


def test_every_kind_of_connection_ends_quickly(plain: ServerProcess) -> None:
    with ExitStack() as stack:

        def connect() -> Connection:
            return stack.enter_context(Connection(plain.port))

        silent, keep_alive, half_head, poll, websocket, half_handshake, half_body = (
            connect() for _ in range(7)
        )
        assert keep_alive.ask("GET", "/ready").body == b"ok"
        half_head.send(b"GET /ready HTTP/1.1\r\nHost")
        sid = json.loads(keep_alive.ask("GET", ENGINE + "polling").body[1:])["sid"]
        poll.send(head_of("GET", f"{ENGINE}polling&sid={sid}"))
        websocket.send(upgrade_of())
        assert websocket.receive_head().startswith(b"HTTP/1.1 101 ")
        half_handshake.send(upgrade_of()[:-20])
        half_body.send(head_of("POST", "/ready", "Content-Length: 10") + b"half")
        between_polls = json.loads(keep_alive.ask("GET", ENGINE + "polling").body[1:])["sid"]
        assert between_polls
        begun = time.monotonic()
        plain.signal(signal.SIGTERM)
        assert poll.receive().body == b"1"
        while (head := websocket.receive_exactly(2))[0] != 0x88:
            websocket.receive_exactly(head[1])
        close = websocket.receive_exactly(head[1])
        assert close[:2] == (1001).to_bytes(2, "big")
        websocket.send(b"\x88\x82\0\0\0\0" + close[:2])
        assert websocket.is_closed()
        for connection in (silent, keep_alive, half_head, half_handshake):
            assert connection.is_closed()
        half_body.send(b"-whole")
        half_body.file.read()
        wait_until(lambda: not plain.is_running(), "the server ends", 5)
        assert time.monotonic() - begun < 3
    assert plain.stop() == 0
    assert "run() has returned" in plain.output()


def test_a_request_that_is_being_answered_is_finished(plain: ServerProcess) -> None:
    with Connection(plain.port) as client, Connection(plain.port) as other:
        client.send(head_of("GET", "/two_chunks"))
        assert client.receive_head().startswith(b"HTTP/1.1 200 ")
        assert other.ask("GET", "/open_gate_later").body == b"ok"
        plain.signal(signal.SIGTERM)
        assert b"second" in client.file.read()
    assert plain.stop(None) == 0


def test_a_client_that_does_not_take_a_broken_answer(
    own_server: StartServer, every_stack: dict[str, Any]
) -> None:
    server = own_server("wsgi_server", shutdown_grace=0.5, **every_stack)
    server.traceback_expected = True
    with Connection(server.port) as client:
        client.send(head_of("GET", "/cut_short"))
        assert client.receive_head().startswith(b"HTTP/1.1 200 ")
        wait_until(lambda: "Content-Length" in server.output(), "the answer is found too short")
        stop_in_time(server, 3, signal.SIGTERM)


def test_nobody_connects_any_more(flask: ServerProcess) -> None:
    with RawSocketIO(flask.port) as client:
        client.emit("block", 1)
        assert flask.get("/is-blocked")[1] == b"yes"
        flask.signal(signal.SIGTERM)
        assert client.receive_until_closed().code == 1001
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", flask.port), timeout=5)
    assert flask.stop() == 0
    assert "the handler has ended" in flask.output()


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_handshake_that_comes_back_too_late(transport: str, plain: ServerProcess) -> None:
    with Connection(plain.port) as client, Connection(plain.port) as other:
        request = upgrade_of() if transport == "websocket" else head_of("GET", ENGINE + "polling")
        client.send(request.replace(b"Host", b"X-Refuse: by waiting\r\nHost"))
        assert other.ask("GET", "/wait_for?waiting").status == 200
        assert other.ask("GET", "/open_gate_later").status == 200
        plain.signal(signal.SIGTERM)
        assert client.file.read()[:12] == (b"HTTP/1.1 503" if transport == "polling" else b"")
        stop_in_time(plain, 1.5)


# --- clients are told ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_clients_are_told_and_their_handlers_run(
    number: signal.Signals, flask: ServerProcess
) -> None:
    polling = PollingSession(flask.port)
    assert polling.post("40").text == "ok"
    assert polling.get().text.startswith("40")
    with RawSocketIO(flask.port) as websocket, polling.start_get() as poll:
        assert str(websocket.receive_packet()).startswith('42["welcome"')
        flask.signal(number)
        closed = websocket.receive_until_closed()
        assert closed.code == 1001
        websocket.sock.sendall(b"\x88\x82\0\0\0\0\x03\xe9")
        assert b"1" in poll.recv(4096)
    stop_in_time(flask, 3)
    assert flask.output().count("disconnected: server disconnect") == 2


@pytest.mark.parametrize("way", ["stop", "stop from a thread"])
def test_stop_from_a_handler(way: str, flask: ServerProcess) -> None:
    with RawSocketIO(flask.port) as client:
        client.emit(way)
        assert client.receive_until_closed().code == 1001
        client.sock.sendall(b"\x88\x82\0\0\0\0\x03\xe9")
        wait_until(lambda: not flask.is_running(), "the server ends", 5)
    stop_in_time(flask, 1)


def test_stop_from_a_view_flushes_what_was_emitted(flask: ServerProcess) -> None:
    with RawSocketIO(flask.port) as client:
        assert str(client.receive_packet()).startswith('42["welcome"')
        assert flask.get("/stop") == (200, b"stopping")
        assert client.receive_packet() == '42["last words","from a view"]'
        assert client.receive_until_closed().code == 1001
        client.sock.sendall(b"\x88\x82\0\0\0\0\x03\xe9")
        wait_until(lambda: not flask.is_running(), "the server ends", 5)
    stop_in_time(flask, 1)


def test_a_client_that_does_not_answer_the_close_frame(flask: ServerProcess) -> None:
    with RawSocketIO(flask.port) as client:
        flask.signal(signal.SIGTERM)
        assert isinstance(client.receive_until_closed(), Closed)
        stop_in_time(flask, 3)


# --- what still runs -----------------------------------------------------------------------------


def test_background_tasks_are_awaited(flask: ServerProcess) -> None:
    with RawSocketIO(flask.port) as client:
        client.emit("work", 1)
        assert flask.get("/is-blocked")[1] == b"yes"
    assert flask.stop() == 0
    assert "the task has ended" in flask.output()


@pytest.mark.parametrize("event", ["work", "block"])
def test_after_the_grace_time_the_server_ends_hard(
    event: str, own_server: StartServer, stack: dict[str, Any]
) -> None:
    server = own_server("flask_server", socketio={"shutdown_grace": 0.5}, **stack)
    with RawSocketIO(server.port) as client:
        client.emit(event, 9)
        assert server.get("/is-blocked")[1] == b"yes"
        stop_in_time(server, 3, signal.SIGTERM)
    assert "has ended" not in server.output()


@pytest.mark.parametrize("path", ["/blocks", "/stream"])
def test_a_view_that_does_not_end_in_time(
    path: str, own_server: StartServer, stack: dict[str, Any]
) -> None:
    server = own_server("flask_server", socketio={"shutdown_grace": 0.5}, **stack)
    with Connection(server.port) as client:
        client.send(head_of("GET", path))
        if path == "/stream":
            assert client.receive_head()
        else:
            assert server.get("/is-blocked")[1] == b"yes"
        stop_in_time(server, 3, signal.SIGTERM)
        assert client.is_closed() or path == "/stream"
    assert "cut: they did not end in time" in server.output()


@pytest.mark.parametrize("event", ["work", "block"])
def test_a_second_ctrl_c_ends_the_server_at_once(event: str, flask: ServerProcess) -> None:
    with RawSocketIO(flask.port) as client:
        client.emit(event, 9)
        assert flask.get("/is-blocked")[1] == b"yes"
        flask.signal(signal.SIGINT)
        assert client.receive_until_closed().code == 1001
        assert flask.is_running()
        stop_in_time(flask, 2, signal.SIGINT)
