"""Starts and ends the server under test, and reads from /proc what processes use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import check
from peers import HERE, Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGS = HERE / "logs"
_TICKS = os.sysconf("SC_CLK_TCK")
_CPUS = sorted(os.sched_getaffinity(0))

SERVER_CPU = _CPUS[0]
GENERATOR_CPU = _CPUS[-1]
"""Two CPUs, so that the generator takes no time from the server."""


class PeerError(Exception):
    """A server did not start, or its load could not be run."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in KiB (proportional set size) and threads, summed over processes."""

    pss_kib: int
    threads: int


@dataclass(frozen=True, slots=True)
class Server:
    """One peer that is running, in a session of processes of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def pids(self) -> list[int]:
        """The server's process and its descendants."""
        return _process_tree(self.process.pid)

    def wait_until_serving(self, deadline: float) -> None:
        """Waits for its page.

        :raises PeerError: it ended, or does not serve before the deadline.
        """
        while problem := check.failures(self.port, ["http"]):
            if self.process.poll() is not None:
                raise PeerError(f"ended at once: {self._last_words()} (logs/{self.log.name})")
            if time.monotonic() > deadline:
                raise PeerError(f"does not serve: {problem['http']} (logs/{self.log.name})")
            time.sleep(0.1)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        # The report names no folder of this machine.
        return lines[-1].replace(str(HERE.parent), "")[:200] if lines else "nothing logged"

    def stop(self) -> None:
        """Ends the processes started for this server, the stubborn ones too."""
        for signum, patience in (signal.SIGTERM, 3), (signal.SIGKILL, 10):
            try:
                os.killpg(self.process.pid, signum)
                self.process.wait(patience)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue


@contextmanager
def running(name: str, peer: Peer) -> Iterator[Server]:
    """Starts a fresh server, pinned to its CPU, and ends it whatever happens.

    :raises PeerError: it ends at once, or does not serve its page within 30 seconds.
    """
    LOGS.mkdir(exist_ok=True)
    log = LOGS / f"{name}.log"
    port = _free_port()
    with log.open("w") as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CPU), *peer.command_line(port)],
            cwd=HERE,
            env=peer.variables(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        server.wait_until_serving(deadline=time.monotonic() + 30)
        yield server
    finally:
        server.stop()


def cpu_seconds(pids: list[int]) -> float:
    """CPU time that processes have used, their threads and kernel work included."""
    ticks = 0
    for pid in pids:
        fields = _stat_fields(pid)
        if fields:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def machine_cpu_seconds() -> tuple[float, float]:
    """CPU time used by all processes since boot, and time the hypervisor took away."""
    line = Path("/proc/stat").read_text().splitlines()[0]
    user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system) / _TICKS, steal / _TICKS


def memory(pids: list[int]) -> Memory:
    """Memory and threads of these processes at this moment."""
    pss = threads = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            threads += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            continue
        pss += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return Memory(pss, threads)


def wait_until_quiet(patience: float = 6) -> None:
    """Waits, at most ``patience`` seconds, for a moment when nobody else computes."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = machine_cpu_seconds()[0]
        time.sleep(0.4)
        if machine_cpu_seconds()[0] - before < 0.04:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stat_fields(pid: int) -> list[str]:
    """What follows the command's name in /proc/PID/stat; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _process_tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found
