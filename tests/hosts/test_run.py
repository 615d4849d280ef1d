"""``socketio.run()``: its options, where it listens, what it prints."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from tests.hosts.connection import Connection, head_of, upgrade_of
from tests.interop.processes import free_port, wait_until

from flask_socketio import SocketIO
from flask_socketio.errors import UnknownOptionError, UsageError
from flask_socketio.run_options import check_run_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hosts.conftest import StartServer

FLASK_SERVER = Path(__file__).with_name("flask_server.py")


@pytest.fixture
def app() -> Flask:
    return Flask(__name__)


def run_to_the_end(
    port: int, options: str = "{}", **settings: Any
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FLASK_SERVER), str(port), options]
    return subprocess.run(command, capture_output=True, text=True, timeout=15, **settings)


# --- where it listens ----------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["{}", '{"debug": true}'], ids=["plain", "debug"])
def test_a_port_that_is_taken(options: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run_to_the_end(port, options)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"flask-socketio: port {port} is in use by another program: stop it, or choose another "
        f"port with socketio.run(app, port={port + 1})\n"
    )


def test_a_port_that_needs_more_rights() -> None:
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as limit:
        if int(limit.read()) <= 80 or os.getuid() != 0:
            pytest.skip("every user may listen there, or this user cannot become another one")
    script = (
        "import os; from flask import Flask; from flask_socketio import SocketIO;"
        "app = Flask('tests'); socketio = SocketIO(app); import flask_socketio.serving;"
        "os.setuid(65534); socketio.run(app, port=80)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=15
    )
    assert ended.returncode == 1
    assert ended.stderr == "flask-socketio: port 80 needs more rights: choose one above 1023\n"


def test_an_address_that_is_not_here() -> None:
    ended = run_to_the_end(free_port(), '{"host": "192.0.2.1"}')
    assert ended.returncode == 1
    assert ended.stderr.startswith("flask-socketio: cannot listen on 192.0.2.1:")
    assert ended.stderr.count("\n") == 1


class InThread:
    """``run()`` in a thread, which nothing but ``stop()`` ends."""

    def __init__(self, app: Flask, capsys: pytest.CaptureFixture[str], **options: Any) -> None:
        self.socketio = SocketIO(app)
        self._thread = threading.Thread(target=self.socketio.run, args=(app,), kwargs=options)
        self._thread.start()
        self.announced = ""

        def is_announced() -> bool:
            self.announced += capsys.readouterr().err
            return "Running on" in self.announced

        wait_until(is_announced, "the server says where it is")

    @property
    def port(self) -> int:
        return int(self.announced.partition("Running on ")[2].split()[0].rpartition(":")[2])

    def stop(self) -> None:
        self.socketio.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def in_thread(app: Flask, capsys: pytest.CaptureFixture[str]) -> Any:
    app.add_url_rule("/", view_func=lambda: "hello")
    started: list[InThread] = []

    def start(**options: Any) -> InThread:
        started.append(InThread(app, capsys, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def test_port_0_lets_the_system_choose(in_thread: Callable[..., InThread]) -> None:
    server = in_thread(port=0)
    assert server.port > 0
    with Connection(server.port) as client:
        assert client.ask("GET", "/").body == b"hello"


def test_a_second_run_after_the_first(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    app.add_url_rule("/", view_func=lambda: "hello")
    for log_output in (False, True):
        server = InThread(app, capsys, port=0, log_output=log_output)
        try:
            with Connection(server.port) as client:
                assert client.ask("GET", "/").body == b"hello"
        finally:
            server.stop()
        assert ('"GET / HTTP/1.1" 200' in capsys.readouterr().err) is log_output


def test_ipv6(in_thread: Callable[..., InThread]) -> None:
    server = in_thread(port=0, host="::1", loop="asyncio")
    assert "Running on http://[::1]:" in server.announced
    with socket.create_connection(("::1", server.port), timeout=5) as client:
        client.sendall(head_of("GET", "/"))
        assert client.recv(12) == b"HTTP/1.1 200"


def test_stop_without_a_server(app: Flask) -> None:
    with pytest.raises(UsageError, match="none is running"):
        SocketIO(app).stop()


def test_the_port_of_server_name(app: Flask) -> None:
    app.config["SERVER_NAME"] = "example.com:8123"
    assert check_run_options(app, None, None, {}).port == 8123
    assert check_run_options(app, None, 8000, {}).port == 8000
    app.config["SERVER_NAME"] = "[::1]:8124"
    assert check_run_options(app, None, None, {}).port == 8124
    app.config["SERVER_NAME"] = "example.com"
    assert check_run_options(app, None, None, {}).port == 5000


def test_where_by_default(app: Flask) -> None:
    settings = check_run_options(app, None, None, {})
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)


# --- options -------------------------------------------------------------------------------------


def test_an_option_that_does_not_exist(app: Flask) -> None:
    with pytest.raises(
        TypeError, match=r"run\(\) has no option 'certifle'; did you mean 'certfile'"
    ):
        SocketIO(app).run(app, certifle="x")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("threaded", "every handler and view runs in a thread"),
        ("processes", "one process serves"),
        ("handler_class", "belongs to gevent's server"),
        ("max_size", "the number of clients is not limited"),
    ],
)
def test_an_option_of_another_server(name: str, words: str, app: Flask) -> None:
    with pytest.raises(UsageError, match=f"no option '{name}': .*{words}"):
        SocketIO(app).run(app, **{name: 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loop": "uvlop"}, "loop='uvlop': choose one of auto, uvloop, asyncio"),
        ({"http": "http2"}, "http='http2': choose one of auto, httptools, h11"),
    ],
)
def test_a_value_that_does_not_exist(options: Any, message: str, app: Flask) -> None:
    with pytest.raises(UsageError, match=message):
        check_run_options(app, None, None, options)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist(port: int, app: Flask) -> None:
    with pytest.raises(UsageError, match="ports are numbers from 0 to 65535"):
        check_run_options(app, None, port, {})


def test_the_nearest_name_is_in_the_error(app: Flask) -> None:
    with pytest.raises(UnknownOptionError, match="'use_reloader'"):
        check_run_options(app, None, None, {"use_reloadr": True})  # type: ignore[typeddict-unknown-key]


def test_allow_unsafe_werkzeug_is_accepted(app: Flask) -> None:
    assert check_run_options(app, None, None, {"allow_unsafe_werkzeug": True})


@pytest.mark.parametrize("debug", [True, False])
def test_what_follows_from_debug(debug: bool, app: Flask) -> None:
    app.debug = debug
    settings = check_run_options(app, None, None, {})
    assert (settings.debug, settings.use_reloader, settings.log_output) == (debug, debug, debug)
    settings = check_run_options(app, None, None, {"debug": not debug, "use_reloader": False})
    assert (settings.debug, settings.use_reloader, settings.log_output) == (
        not debug,
        False,
        not debug,
    )


@pytest.mark.parametrize(("value", "debug"), [("1", True), ("0", False)])
def test_flask_debug(value: str, debug: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", value)
    settings = check_run_options(Flask("debugged"), None, None, {})
    assert (settings.debug, settings.use_reloader) == (debug, debug)


def test_files_to_watch(app: Flask) -> None:
    settings = check_run_options(
        app, None, None, {"extra_files": ["b"], "reloader_options": {"extra_files": ["a"]}}
    )
    assert settings.watch_options() == {"extra_files": ["a", "b"]}
    assert check_run_options(app, None, None, {}).watch_options() == {}


@pytest.mark.parametrize("sign", ["variable", "module"])
def test_under_uwsgi(sign: str, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if sign == "variable":
        monkeypatch.setenv("SERVER_SOFTWARE", "uwsgi/2")
    else:
        monkeypatch.setitem(sys.modules, "uwsgi", logging)
    with pytest.raises(UsageError, match="start the application with uWSGI's own command"):
        check_run_options(app, None, None, {})


# --- what it prints ------------------------------------------------------------------------------


@pytest.mark.parametrize("log_output", [True, False])
def test_access_log(log_output: bool, own_server: StartServer, stack: dict[str, Any]) -> None:
    server = own_server("flask_server", log_output=log_output, **stack)
    assert server.get("/nowhere?x=1")[0] == 404
    assert server.stop() == 0
    assert ('"GET /nowhere?x=1 HTTP/1.1" 404' in server.output()) is log_output


def test_polling_is_in_the_access_log(own_server: StartServer, stack: dict[str, Any]) -> None:
    server = own_server("flask_server", log_output=True, **stack)
    assert server.get("/socket.io/?EIO=4&transport=polling")[0] == 200
    assert server.stop() == 0
    assert '"GET /socket.io/?EIO=4&transport=polling HTTP/1.1" 200' in server.output()


def test_websockets_are_in_the_access_log(own_server: StartServer, stack: dict[str, Any]) -> None:
    server = own_server("flask_server", log_output=True, **stack)
    path = "/socket.io/?EIO=4&transport=websocket"
    with Connection(server.port) as client:
        client.send(upgrade_of(path))
        assert client.receive_head().startswith(b"HTTP/1.1 101 ")
    with Connection(server.port) as client:
        client.send(upgrade_of(path.replace("4", "9")))
        assert client.receive_head().startswith(b"HTTP/1.1 400 ")
    assert server.stop() == 0
    assert f'"GET {path} HTTP/1.1" 101' in server.output()
    assert f'"GET {path.replace("4", "9")} HTTP/1.1" 400' in server.output()


def test_without_a_terminal() -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(FLASK_SERVER), str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:

        def is_ready() -> bool:
            try:
                with Connection(port) as client:
                    return client.ask("GET", "/").body == b"hello"
            except OSError:
                return False

        wait_until(is_ready, "the server answers")
        process.terminate()
        assert process.wait(timeout=10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
