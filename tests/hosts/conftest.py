"""Servers on each stack, shared by the tests that leave them as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.processes import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    StartServer = Callable[..., ServerProcess]

HERE = Path(__file__).parent
#: How uvicorn parses HTTP, and on which loop.
STACKS = [{"http": "httptools", "loop": "uvloop"}, {"http": "h11", "loop": "asyncio"}]
ALL_STACKS = [
    *STACKS,
    {"http": "httptools", "loop": "asyncio"},
    {"http": "h11", "loop": "uvloop"},
]


def _name(stack: dict[str, str]) -> str:
    return "-".join(stack.values())


class Servers:
    """The servers of one test run, by script and options."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shared: dict[tuple[str, str], ServerProcess] = {}
        self._count = 0

    def start(self, script: str, options: dict[str, Any]) -> ServerProcess:
        self._count += 1
        log = self._folder / f"{script}-{self._count}.log"
        arguments = ["{port}", json.dumps(options).replace("{", "{{").replace("}", "}}")]
        ready = "/ready" if script == "wsgi_server" else "/"
        return ServerProcess(HERE / f"{script}.py", arguments, ready, log)

    def shared(self, script: str, options: dict[str, Any]) -> ServerProcess:
        key = (script, json.dumps(options, sort_keys=True))
        server = self._shared.get(key)
        if server is None or not server.is_running():
            server = self._shared[key] = self.start(script, options)
        return server

    def discard(self) -> None:
        for server in self._shared.values():
            server.terminate()
        for server in self._shared.values():
            server.discard()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("hosts"))
    yield servers
    servers.discard()


@pytest.fixture(params=STACKS, ids=_name)
def stack(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of one stack; all parts occur."""
    stack: dict[str, Any] = request.param
    return stack


@pytest.fixture(params=ALL_STACKS, ids=_name)
def every_stack(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of one stack; all combinations occur."""
    stack: dict[str, Any] = request.param
    return stack


@pytest.fixture
def shared_server(servers: Servers) -> Iterator[StartServer]:
    """``shared_server(script, **options)``; a traceback must have been announced."""
    used: list[ServerProcess] = []

    def get(script: str, **options: Any) -> ServerProcess:
        server = servers.shared(script, options)
        server.fresh_output()
        used.append(server)
        return server

    yield get
    for server in used:
        _fail_on_traceback(server)


@pytest.fixture
def own_server(servers: Servers) -> Iterator[StartServer]:
    """``own_server(script, **options)``: one that the test may stop."""
    started: list[ServerProcess] = []

    def start(script: str, **options: Any) -> ServerProcess:
        started.append(servers.start(script, options))
        return started[-1]

    yield start
    for server in started:
        server.discard()
        _fail_on_traceback(server)


@pytest.fixture
def server(shared_server: StartServer, stack: dict[str, Any]) -> ServerProcess:
    """Plain WSGI and Engine.IO, on two stacks."""
    return shared_server("wsgi_server", **stack)


def _fail_on_traceback(server: ServerProcess) -> None:
    fresh = server.fresh_output()
    expected, server.traceback_expected = server.traceback_expected, False
    if "Traceback" in fresh and not expected:
        pytest.fail(f"the server wrote a traceback:\n{fresh[-8000:]}", pytrace=False)
