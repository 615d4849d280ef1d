"""One run of the load generator against a running server, and what both used meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from peers import HERE
from process import GENERATOR_CPU, PeerError, Server, cpu_seconds, machine_cpu_seconds, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERATOR = HERE / "loadgen"

_SETTLE = 3.0
"""Seconds between the last idle client's arrival and the look at memory and threads."""

_PATIENCE = 180.0
"""Seconds after which a generator that hangs is ended."""


@dataclass(slots=True)
class Load:
    """What the generator counted, and what was seen beside it.

    ``rate`` is per second; ``quiet_rate`` is the 90th percentile of the rates of the quarters of a
    second, a guess at what an undisturbed machine would give. Latencies are in milliseconds, -1
    where there are none. ``*_cpu`` and ``steal`` are in CPUs; ``foreign_cpu`` is what other
    processes used, ``steal`` what the hypervisor gave to other machines. Memory and threads are
    those of the server while idle clients were connected.
    """

    rate: float = 0
    quiet_rate: float = 0
    p50_ms: float = -1
    p99_ms: float = -1
    connected: int = 0
    wanted: int = 0
    wrong: int = 0
    stalled: bool = False
    server_cpu: float = 0
    generator_cpu: float = 0
    foreign_cpu: float = 0
    steal: float = 0
    memory_kib: int = 0
    threads: int = 0
    complaint: str = ""

    @property
    def valid(self) -> bool:
        """Whether every client connected and every answer came and was right."""
        complete = 0 < self.wanted == self.connected and self.rate > 0
        return complete and not (self.complaint or self.wrong or self.stalled)

    @property
    def disturbed(self) -> float:
        """CPUs that the machine gave to others meanwhile."""
        return self.foreign_cpu + self.steal


def run_load(server: Server, arguments: str, seconds: float) -> Load:
    """Puts a load on the server.

    :param arguments: mode and options of ``loadgen``.
    :param seconds: how long it is measured.
    :raises PeerError: the generator ended without a result.
    """
    command = ["taskset", "-c", str(GENERATOR_CPU), str(GENERATOR), *arguments.split()]
    generator = subprocess.Popen(
        [*command, "--port", str(server.port), "--secs", str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(_PATIENCE, generator.kill)
    watchdog.start()
    try:
        load = _follow(generator, server)
    finally:
        watchdog.cancel()
        generator.kill()
        complaint = generator.communicate()[1].strip()[:300]
    if load is None:
        raise PeerError(f"loadgen {arguments}: {complaint or 'no result'}")
    load.complaint = complaint
    return load


def _follow(generator: subprocess.Popen[str], server: Server) -> Load | None:
    """Reads the generator's lines to their end; None when there was no result."""
    pids = server.pids()  # once: looking for them takes time from the load
    load, finished = Load(), False
    begin: _Usage | None = None
    for line in _lines(generator.stdout):
        if line == "begin":
            begin = _Usage.now(pids, generator.pid)
        elif line == "end" and begin is not None:
            _put_usage(begin, _Usage.now(pids, generator.pid), load)
        elif line == "ready":
            time.sleep(_SETTLE)
            used = memory(server.pids())
            load.memory_kib, load.threads = used.pss_kib, used.threads
            _close(generator)
        elif line.startswith("{"):
            _put_figures(json.loads(line), load)
            finished = True
    return load if finished else None


def _lines(stream: IO[str] | None) -> Iterator[str]:
    for line in stream or ():
        yield line.strip()


def _close(generator: subprocess.Popen[str]) -> None:
    """Tells a generator with idle clients to end."""
    if generator.stdin is not None:
        generator.stdin.close()
        generator.stdin = None


@dataclass(frozen=True, slots=True)
class _Usage:
    """Readings of the clocks at one moment, in seconds."""

    wall: float
    server: float
    ours: float
    machine: float
    steal: float

    @classmethod
    def now(cls, server_pids: list[int], generator_pid: int) -> _Usage:
        machine, steal = machine_cpu_seconds()
        ours = cpu_seconds([generator_pid, os.getpid()])
        return cls(time.monotonic(), cpu_seconds(server_pids), ours, machine, steal)


def _put_usage(begin: _Usage, end: _Usage, load: Load) -> None:
    wall = max(end.wall - begin.wall, 1e-9)
    server, ours = end.server - begin.server, end.ours - begin.ours
    others = max(0.0, end.machine - begin.machine - server - ours)
    load.server_cpu = round(server / wall, 3)
    load.foreign_cpu = round(others / wall, 3)
    load.steal = round((end.steal - begin.steal) / wall, 3)


def _put_figures(figures: dict[str, Any], load: Load) -> None:
    load.rate = figures["rate"]
    if slices := sorted(figures["slices_per_s"]):
        load.quiet_rate = slices[int(len(slices) * 0.9)]
    load.p50_ms, load.p99_ms = figures["p50_ms"], figures["p99_ms"]
    load.connected, load.wanted = figures["connected"], figures["wanted"]
    load.wrong = figures["errors"] + figures["lost"] + figures["failed"]
    load.stalled = figures["stalled"]
    load.generator_cpu = figures["gen_cpu"]
