"""The processes that a test needs: servers, and clients under Node."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SERVER = HERE / "server.py"
ENGINEIO_ECHO = Path(os.environ.get("INTEROP_ENGINEIO", ROOT / "examples" / "engineio_echo.py"))
PYTHON = os.environ.get("INTEROP_PYTHON", sys.executable)
PURE = os.environ.get("INTEROP_ENGINE") == "asyncio"


def free_port() -> int:
    """A free port below the range from which the kernel takes those of outgoing connections."""
    for _attempt in range(100):
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port found")


def wait_until(condition: Callable[[], bool], what: str, timeout: float = 10.0) -> None:
    """Return as soon as the condition holds; fail when it does not within ``timeout`` seconds."""
    limit = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < limit, f"{what}: not within {timeout} s"
        time.sleep(0.02)


class ServerProcess:
    """One server in a process of its own, with everything it wrote.

    :param script: the Python script, started as ``script PORT_ARGUMENTS options``.
    :param arguments: its command line, with ``{port}`` where the port belongs.
    :param ready_path: a path that answers 200 when the server is ready.
    :param log: the file that collects the output.
    :param variables: environment variables, with ``{port}`` likewise.
    """

    def __init__(
        self,
        script: Path,
        arguments: Sequence[str],
        ready_path: str,
        log: Path,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self._command = [PYTHON, "-u", str(script)]
        self._command += [argument.format(port=self.port) for argument in arguments]
        given = {name: value.format(port=self.port) for name, value in (variables or {}).items()}
        self._environment = {**os.environ, **given}
        self._ready_path = ready_path
        self._log = log
        self._read_up_to = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.traceback_expected = False
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=self._environment,
            )
        try:
            wait_until(self._is_ready, f"the server is ready ({' '.join(self._command)})", 15.0)
        except AssertionError:
            self.discard()
            raise

    def _is_ready(self) -> bool:
        assert self._process is not None
        status = self._process.poll()
        assert status is None, f"the server ended with status {status}:\n{self.output()}"
        try:
            return self.get(self._ready_path)[0] == 200
        except OSError:
            return False

    def stop(self, number: signal.Signals | None = signal.SIGTERM) -> int:
        """End it by that signal, or wait for its end if it was told before; returns its status.

        A second SIGTERM could meet an interpreter that has put back the default handler.
        """
        process = self._process
        assert process is not None, "the server does not run"
        if number is not None:
            process.send_signal(number)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not end:\n{self.output()}") from None
        self._process = None
        return process.returncode

    def terminate(self) -> None:
        """Ask it to end, in whatever state it is."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()

    def discard(self) -> None:
        """End it for good; it has a second to do so in order."""
        self.terminate()
        if self._process is not None:
            try:
                self._process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "the server does not run"
        self._process.send_signal(number)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def fresh_output(self) -> str:
        """What it wrote since this was last asked."""
        text = self.output()
        fresh, self._read_up_to = text[self._read_up_to :], len(text)
        return fresh

    def get(self, path: str, timeout: float = 15.0) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask(self, path: str) -> Any:
        """The JSON answer of one of the application's routes."""
        status, body = self.get(path)
        assert status == 200, f"GET {path}: {status} {body[:200]!r}"
        return json.loads(body)

    def reasons(self, label: str, count: int = 1) -> list[str]:
        """Why the clients of that label left, as their disconnect handlers were told."""
        reasons = self.ask(f"/reasons/{label}?count={count}")
        assert len(reasons) >= count, f"no disconnect handler ran for {label!r} within 10 s"
        return [str(reason) for reason in reasons]


def interop_server(log: Path, *options: str) -> ServerProcess:
    """The application of ``server.py`` with these command line options."""
    engine = ("--pure",) if PURE else ()
    return ServerProcess(SERVER, ["{port}", *engine, *options], "/ready", log)


def find_node() -> str | None:
    """Node, from the virtual environment or the system."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node")


class NodeProcess:
    """One script of ``js/`` under Node: it prints facts as JSON lines and may wait to be told.

    :param script: its name without the suffix.
    :param arguments: the rest of its command line.
    """

    def __init__(self, script: str, *arguments: str) -> None:
        node = find_node()
        assert node is not None, "Node is missing: `make test` sets it up"
        self.facts: dict[str, Any] = {}
        self._news: SimpleQueue[str | None] = SimpleQueue()
        self._process = subprocess.Popen(
            [node, str(HERE / "js" / f"{script}.cjs"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._complaints: list[str] = []
        self._threads = [
            threading.Thread(target=self._read_facts, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_facts(self, lines: IO[str]) -> None:
        for line in lines:
            fact = json.loads(line)
            self.facts[fact["fact"]] = fact.get("value")
            self._news.put(fact["fact"])
        self._news.put(None)

    def _read_errors(self, lines: IO[str]) -> None:
        self._complaints.extend(lines)

    def wait_for(self, fact: str, timeout: float = 12.0) -> Any:
        """Wait until the script reports that fact; returns its value."""
        limit = time.monotonic() + timeout
        while fact not in self.facts:
            try:
                news = self._news.get(timeout=max(0.0, limit - time.monotonic()))
            except Empty:
                raise AssertionError(
                    f"no {fact!r} within {timeout} s; so far {self.facts}"
                ) from None
            assert news is not None, f"ended without {fact!r}: {self.facts}\n{self._errors()}"
        return self.facts[fact]

    def tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def finish(self, timeout: float = 15.0) -> dict[str, Any]:
        """Wait until the script has ended well; returns all its facts."""
        try:
            status = self._process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout} s; so far {self.facts}") from None
        for thread in self._threads:
            thread.join()
        assert status == 0, f"exit status {status}, facts {self.facts}\n{self._errors()}"
        return self.facts

    def _errors(self) -> str:
        return "".join(self._complaints)

    def discard(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()
