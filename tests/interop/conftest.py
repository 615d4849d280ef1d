"""Servers and clients in processes of their own, shared where tests do not disturb each other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.interop.processes import (
    ENGINEIO_ECHO,
    NodeProcess,
    ServerProcess,
    find_node,
    interop_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    StartServer = Callable[..., ServerProcess]
    StartNode = Callable[..., NodeProcess]


class ServerPool:
    """The servers of one test run, one for each command line."""

    def __init__(self, folder: pytest.TempPathFactory) -> None:
        self._folder = folder.mktemp("servers")
        self._shared: dict[tuple[str, ...], ServerProcess] = {}
        self._broken: dict[tuple[str, ...], str] = {}
        self._count = 0

    def start(self, *options: str) -> ServerProcess:
        self._count += 1
        return interop_server(self._folder / f"server-{self._count}.log", *options)

    def shared(self, *options: str) -> ServerProcess:
        server = self._shared.get(options)
        if server is None or not server.is_running():
            assert options not in self._broken, self._broken[options]
            try:
                server = self._shared[options] = self.start(*options)
            except AssertionError as error:
                # The tests that come next fail at once, with the same words.
                self._broken[options] = str(error)
                raise
        return server

    def discard(self) -> None:
        for server in self._shared.values():
            server.terminate()
        for server in self._shared.values():
            server.discard()


def fail_on_traceback(server: ServerProcess) -> None:
    """Fail when the server wrote a traceback that the test did not announce."""
    fresh = server.fresh_output()
    expected, server.traceback_expected = server.traceback_expected, False
    if "Traceback" in fresh and not expected:
        pytest.fail(f"the server wrote a traceback:\n{fresh[-8000:]}", pytrace=False)


@pytest.fixture(scope="session")
def server_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerPool]:
    pool = ServerPool(tmp_path_factory)
    yield pool
    pool.discard()


@pytest.fixture
def shared_server(server_pool: ServerPool) -> Iterator[StartServer]:
    """``shared_server(*options)``: a server with these options, shared by the tests that ask."""
    used: list[ServerProcess] = []

    def get(*options: str) -> ServerProcess:
        server = server_pool.shared(*options)
        server.fresh_output()
        used.append(server)
        return server

    yield get
    for server in used:
        fail_on_traceback(server)


@pytest.fixture
def server(shared_server: StartServer) -> ServerProcess:
    """The server without any option, shared."""
    return shared_server()


@pytest.fixture
def own_server(server_pool: ServerPool) -> Iterator[StartServer]:
    """``own_server(*options)``: a server of the test's own, to be stopped, killed or filled."""
    started: list[ServerProcess] = []

    def start(*options: str) -> ServerProcess:
        started.append(server_pool.start(*options))
        return started[-1]

    yield start
    for server in started:
        server.discard()
        fail_on_traceback(server)


@pytest.fixture
def node() -> Iterator[StartNode]:
    """``node(script, *arguments)``: a script of ``js/`` under Node."""
    if find_node() is None and not os.environ.get("CI"):
        pytest.skip("Node is missing: `make test` sets it up")
    started: list[NodeProcess] = []

    def start(script: str, *arguments: str) -> NodeProcess:
        started.append(NodeProcess(script, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.discard()


@pytest.fixture(scope="module")
def engineio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """An Engine.IO echo server without Socket.IO on top; its path is ``/engine.io/``."""
    arguments = ["--port", "{port}", "--ping-interval", "0.5", "--ping-timeout", "0.5"]
    log = tmp_path_factory.mktemp("engineio") / "server.log"
    handshake = "/engine.io/?EIO=4&transport=polling"
    server = ServerProcess(ENGINEIO_ECHO, arguments, handshake, log)
    yield server
    server.discard()
    fail_on_traceback(server)
