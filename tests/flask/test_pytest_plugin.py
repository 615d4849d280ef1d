"""The fixtures that pytest finds where this package is installed, each in a project of its own."""

from __future__ import annotations

import importlib
import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from flask import Flask
from flask_socketio import SocketIO, emit

@pytest.fixture
def app():
    app = Flask(__name__)
    socketio = SocketIO(app)
    socketio.on_event("say", lambda text: emit("said", text, broadcast=True))
    socketio.on_event("tick", lambda: socketio.start_background_task(socketio.sleep, 60))
    socketio.on_event("disconnect", lambda: print("has left"))
    return app
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Run tests with the fixtures; what pytest printed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run_tests(tests: str, conftest: str = CONFTEST) -> str:
        pytester.makeconftest(conftest)
        pytester.makepyfile(tests)
        result = pytester.runpytest_subprocess("-p", "flask_socketio.pytest_plugin", "-W", "error")
        return str(result.stdout) + str(result.stderr)

    return run_tests


def test_it_is_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module = importlib.import_module(project["entry-points"]["pytest11"]["flask_socketio"])
    for name in ("socketio_client", "make_socketio_client", "socketio_server"):
        assert getattr(module, name).__doc__


def test_socketio_client(run: Callable[..., str]) -> None:
    output = run(
        """
        def test_it(socketio_client):
            socketio_client.emit("say", "hello")
            assert socketio_client.get_received()[0]["args"] == ["hello"]
        """
    )
    assert "1 passed" in output


def test_make_socketio_client(run: Callable[..., str]) -> None:
    output = run(
        """
        def test_it(make_socketio_client, app, capsys):
            clients = [make_socketio_client(), make_socketio_client()]
            clients[0].emit("say", "hello")
            clients[0].disconnect()
            assert [entry["args"] for entry in clients[1].get_received()] == [["hello"]]
            assert capsys.readouterr().out == "has left\\n"
        """
    )
    assert "1 passed" in output


def test_clients_and_background_tasks_end_with_the_test(run: Callable[..., str]) -> None:
    output = run(
        """
        import threading

        threads = []
        clients = []

        def test_begin(socketio_client):
            before = set(threading.enumerate())
            socketio_client.emit("tick")
            clients.append(socketio_client)
            threads.extend(set(threading.enumerate()) - before)
            assert threads

        def test_end():
            threads[0].join(5)
            assert not threads[0].is_alive()
            assert not clients[0].is_connected()
        """
    )
    assert "2 passed" in output


def test_socketio_server(run: Callable[..., str]) -> None:
    output = run(
        """
        import socketio

        def test_it(socketio_server):
            with socketio.SimpleClient() as client:
                client.connect(socketio_server.url, transports=["websocket"])
                client.emit("say", "hello")
                assert client.receive(timeout=5) == ["said", "hello"]
        """
    )
    assert "1 passed" in output


def test_a_server_and_a_client_in_one_test(run: Callable[..., str]) -> None:
    output = run("def test_it(socketio_server, socketio_client): pass")
    assert "the application is being served in this process" in output


def test_an_application_without_socketio(run: Callable[..., str]) -> None:
    conftest = CONFTEST.replace("SocketIO(app)", "SocketIO()")
    output = run("def test_it(socketio_client): pass", conftest)
    assert "UsageError: the application of the fixture 'app' has no SocketIO" in output
