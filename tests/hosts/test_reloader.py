"""Debug mode: the reloader and Werkzeug's debugger."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.hosts.connection import Connection, head_of
from tests.interop.processes import ServerProcess, wait_until

import socketio
from flask_socketio.hosts.reloader import (
    LISTENER_VARIABLE,
    inherited_listener,
    is_reloading_child,
    watch_files,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The application, with {answer} for what changes.
SOURCE = """
import sys
from flask import Flask
from flask_socketio import SocketIO

app = Flask(__name__)
socketio = SocketIO(app)

@app.get("/")
def index():
    return {answer!r}

@app.get("/fails")
def fails():
    secret = "in the frame"
    raise ValueError("expected by the test")

@socketio.on("ask")
def ask():
    return {answer!r}

@socketio.on("work")
def work(seconds):
    socketio.start_background_task(socketio.sleep, seconds)

socketio.run(app, port=int(sys.argv[1]), debug=True,
             reloader_options={{"interval": 0.1, "reloader_type": "stat"}})
print("run() has returned", flush=True)
"""


class DebugServer:
    """A server in debug mode, and the file that it runs."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "app.py"
        self.write(SOURCE.format(answer="one"))
        self.process = ServerProcess(self.file, ["{port}"], "/", folder / "server.log")
        # What is saved within the granularity of the file system's clock is not seen.
        self._saved = time.time()

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def change(self, text: str) -> None:
        """Save the file, with a time that is later than all before."""
        self.write(text)
        self._saved += 10
        os.utime(self.file, (self._saved, self._saved))

    def answer(self) -> str:
        return self.process.get("/")[1].decode()

    def children(self) -> list[int]:
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path) as children:
            return [int(pid) for pid in children.read().split()]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DebugServer]:
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "off")
    server = DebugServer(tmp_path)
    yield server
    server.process.discard()


# --- reloading -----------------------------------------------------------------------------------


def test_a_change_restarts_the_server_and_nobody_is_refused(server: DebugServer) -> None:
    answers: list[str] = []
    stopped = threading.Event()

    def ask_all_the_time() -> None:
        while not stopped.is_set():
            answers.append(server.answer())

    thread = threading.Thread(target=ask_all_the_time)
    thread.start()
    try:
        server.change(SOURCE.format(answer="two"))
        wait_until(lambda: "two" in answers or not thread.is_alive(), "the change is served")
    finally:
        stopped.set()
        thread.join()
    # A refused or a broken connection would have been an exception in the thread.
    assert set(answers) == {"one", "two"}
    assert server.process.stop() == 0


def test_clients_connect_again_after_a_change(server: DebugServer) -> None:
    connected = queue.SimpleQueue[str]()
    client = socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.2)
    client.on("connect", lambda: connected.put("connected"))
    client.connect(server.process.url, transports=["websocket"])
    try:
        connected.get(timeout=5)
        assert client.call("ask", timeout=5) == "one"
        first = client.eio.ws
        server.change(SOURCE.format(answer="two"))
        connected.get(timeout=5)
        # The client forgets a WebSocket that the server closed, without closing its socket.
        first.shutdown()
        assert client.call("ask", timeout=5) == "two"
    finally:
        client.shutdown()


def test_a_syntax_error_waits_for_the_next_change(server: DebugServer) -> None:
    server.change("this is no Python")
    wait_until(lambda: "SyntaxError" in server.process.output(), "the traceback is shown")
    wait_until(lambda: "waiting for a file to change" in server.process.output(), "it waits")
    assert server.process.is_running()
    with Connection(server.process.port) as early:
        early.send(head_of("GET", "/"))
        server.change(SOURCE.format(answer="three"))
        assert early.receive().body == b"three"
    assert server.process.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_waits(number: signal.Signals, server: DebugServer) -> None:
    server.change("this is no Python")
    wait_until(lambda: "waiting for a file to change" in server.process.output(), "it waits")
    assert server.process.stop(number) == 0


def test_a_background_task_does_not_hold_up_a_reload(server: DebugServer) -> None:
    client = socketio.Client()
    client.connect(server.process.url)
    client.emit("work", 60)
    assert client.call("ask", timeout=5) == "one"
    client.disconnect()
    begun = time.monotonic()
    server.change(SOURCE.format(answer="two"))
    wait_until(lambda: server.answer() == "two", "the changed application answers")
    assert time.monotonic() - begun < 5


# --- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_parent_ends_both(number: signal.Signals, server: DebugServer) -> None:
    (child,) = server.children()
    assert server.process.stop(number) == 0
    assert "run() has returned" in server.process.output()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert "Traceback" not in server.process.output()


def test_ctrl_c_reaches_both_and_ends_both_gracefully(tmp_path: Path) -> None:
    # As a terminal does it: one signal to the whole process group.
    file = tmp_path / "app.py"
    file.write_text(SOURCE.format(answer="one"))
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(file), "0"], stdout=output, stderr=output, process_group=0
        )
    try:
        wait_until(lambda: "Running on" in log.read_text(), "the server begins")
        port = int(log.read_text().partition("127.0.0.1:")[2].split()[0])
        with Connection(port) as client:
            assert client.ask("GET", "/").body == b"one"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()


# --- the debugger --------------------------------------------------------------------------------


def test_the_debugger_shows_a_failing_view_and_evaluates(server: DebugServer) -> None:
    status, page = server.process.get("/fails")
    assert status == 500
    secret = re.search(rb'SECRET = "([^"]+)"', page)
    frames = re.findall(rb'id="frame-(\d+)"', page)
    assert secret is not None
    assert frames
    command = quote("secret + '!'")
    query = f"__debugger__=yes&cmd={command}&frm={frames[-1].decode()}&s={secret[1].decode()}"
    status, answer = server.process.get(f"/fails?{query}")
    assert status == 200
    assert b"in the frame!" in answer
    # The debugger's own files come as well.
    assert server.process.get("/?__debugger__=yes&cmd=resource&f=style.css")[0] == 200


# --- parts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "", "1:3", "own:3"])
def test_no_listener_is_inherited_from_a_stranger(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LISTENER_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(LISTENER_VARIABLE, value.replace("own", str(os.getpid())))
    assert not is_reloading_child()
    assert inherited_listener() is None


def test_the_inherited_listener(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv(LISTENER_VARIABLE, f"{os.getppid()}:{listener.fileno()}")
        assert is_reloading_child()
        inherited = inherited_listener()
        assert inherited is not None
        with inherited:
            assert inherited.getsockname() == listener.getsockname()
            assert inherited.fileno() != listener.fileno()


class OneChange:
    """A watcher that sees one change, when it is told."""

    def __init__(self) -> None:
        self.happens = threading.Event()

    def __enter__(self) -> OneChange:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.happens.clear()

    def run(self) -> None:
        self.happens.wait(5)
        raise SystemExit(3)

    def run_step(self) -> None:
        raise AssertionError("not used here")


def test_watching_calls_back_once() -> None:
    watcher, changed = OneChange(), threading.Event()
    watch_files(watcher, changed.set)
    assert not changed.is_set()
    watcher.happens.set()
    assert changed.wait(5)
