"""One measurement: a fresh server, a warm-up, a load."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from load import Load, run_load
from process import PeerError, Server, memory, running, wait_until_quiet
from workloads import FEW_IDLE, WORKLOADS, Workload

if TYPE_CHECKING:
    from peers import Peer


@dataclass(slots=True)
class Measurement:
    """What one run of one workload against one peer gave.

    ``memory_before_kib`` and ``threads_few`` (threads with five clients) are read for the workload
    with idle clients only. A run that failed has its reason in the load's complaint.
    """

    peer: str
    workload: str
    round: int
    load: Load = field(default_factory=Load)
    memory_before_kib: int = 0
    threads_few: int = 0

    @property
    def value(self) -> float:
        """What the workload counts: a rate per second, or KiB per client."""
        if not WORKLOADS[self.workload].idle:
            return self.load.rate
        return (self.load.memory_kib - self.memory_before_kib) / max(self.load.connected, 1)

    def summary(self) -> str:
        """One line for the log."""
        load = self.load
        flag = "" if load.valid else f", NOT VALID: {load.complaint} wrong={load.wrong}"
        clients = f"{load.connected} of {load.wanted} clients"
        if WORKLOADS[self.workload].idle:
            threads = f"threads {self.threads_few} with 5, {load.threads} with all"
            return f"{self.value:.2f} KiB each, {clients}, {threads}{flag}"
        return (
            f"{self.value:,.0f}/s, p50 {load.p50_ms:.3g} p99 {load.p99_ms:.3g} ms, {clients}, "
            f"CPU server {load.server_cpu:.2f} generator {load.generator_cpu:.2f} "
            f"others {load.disturbed:.2f}{flag}"
        )


def measure(name: str, peer: Peer, workload: str, round_number: int, seconds: float) -> Measurement:
    """Starts the peer and puts the workload on it."""
    measurement = Measurement(name, workload, round_number)
    try:
        with running(name, peer) as server:
            _measure(server, WORKLOADS[workload], seconds, measurement)
    except PeerError as error:
        measurement.load.complaint = str(error)
    return measurement


def _measure(server: Server, workload: Workload, seconds: float, measurement: Measurement) -> None:
    if workload.warm_up is not None:
        run_load(server, workload.warm_up, seconds=1)
        time.sleep(1)  # until the server has closed those connections
    if workload.idle:
        # After the warm-up, which has the same number of connects under way as the measured load:
        # an elastic pool of threads is then as large here as there.
        measurement.threads_few = run_load(server, FEW_IDLE, seconds).threads
        time.sleep(1)
    wait_until_quiet()
    measurement.memory_before_kib = memory(server.pids()).pss_kib
    measurement.load = run_load(server, workload.arguments, seconds)
    if server.process.poll() is not None:
        measurement.load.complaint = f"the server ended with {server.process.returncode}"
