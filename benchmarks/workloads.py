"""What is measured, and what this project wants to reach."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unit(Enum):
    """What the figure of a workload counts."""

    PER_SECOND = "per second, more is better"
    KIB_PER_CLIENT = "KiB per client, less is better"
    THREADS = "threads, less is better"


@dataclass(frozen=True, slots=True)
class Workload:
    """One load on one server.

    :param title: what is counted, for tables and the plot.
    :param arguments: the mode and options of ``loadgen``.
    :param warm_up: arguments of a load that goes before it, unmeasured; None when ``loadgen``'s
        own second of warm-up is enough.
    :param latency: whether the latencies say something (a closed loop, not a count of connects).
    """

    title: str
    arguments: str
    warm_up: str | None = None
    unit: Unit = Unit.PER_SECOND
    latency: bool = True

    @property
    def idle(self) -> bool:
        """Whether the clients only connect and stay, and memory and threads are looked at."""
        return self.unit is Unit.KIB_PER_CLIENT


# W4 warms up because a fresh process is cold (Node's compiler above all), W5 so that what is
# loaded at the first connection is there before memory is read.
WORKLOADS = {
    "W1": Workload("echo with ack, 50 clients", "echo --conns 50 --depth 1"),
    "W1x16": Workload("echo with ack, 16 outstanding each", "echo --conns 50 --depth 16"),
    "W2": Workload("emit back, 50 clients", "bounce --conns 50 --depth 1"),
    "W2x16": Workload("emit back, 16 outstanding each", "bounce --conns 50 --depth 16"),
    "W3": Workload("deliveries of a broadcast to 1,000 clients", "shout --conns 1000"),
    "W4": Workload(
        "WebSocket connects",
        "connect --conns 2000 --inflight 20",
        warm_up="connect --conns 1000 --inflight 20",
        latency=False,
    ),
    "W4poll": Workload(
        "long-polling connects",
        "pollconnect --conns 2000 --inflight 20",
        warm_up="pollconnect --conns 1000 --inflight 20",
        latency=False,
    ),
    "W5": Workload(
        "memory for each of 5,000 idle clients",
        "idle --conns 5000 --inflight 20 --stall 20",
        warm_up="connect --conns 20",
        unit=Unit.KIB_PER_CLIENT,
        latency=False,
    ),
    "W6": Workload("long-polling echo, 20 sessions", "pollecho --conns 20"),
    "W7": Workload("GET / of a small page, 20 connections", "http --conns 20"),
}

FEW_IDLE = "idle --conns 5 --inflight 5 --stall 20"
"""The load that the number of threads with 5,000 idle clients is compared with."""


class Level(Enum):
    """How firmly a target is meant."""

    MUST = "must"
    AIM = "aim"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of this project that is wanted: ``factor`` times that of ``peer``.

    Without a peer the factor is the figure itself. Where less is better it is the most allowed.
    The unit THREADS compares the threads with 5,000 idle clients to those with 5.
    """

    workload: str
    level: Level
    factor: float
    peer: str | None = None
    unit: Unit = Unit.PER_SECOND


TARGETS = (
    Target("W1", Level.MUST, 1.0, "node20"),
    Target("W1", Level.MUST, 18, "fsio-threading"),
    Target("W1", Level.MUST, 10, "fsio-gevent"),
    Target("W1", Level.AIM, 1.3, "node20"),
    Target("W1x16", Level.MUST, 1.0, "node20"),
    Target("W1x16", Level.AIM, 2, "node20"),
    Target("W3", Level.MUST, 1.6, "node20"),
    Target("W3", Level.MUST, 6, "fsio-gevent"),
    Target("W3", Level.AIM, 1.2, "oxide"),
    Target("W4", Level.MUST, 2, "node20"),
    Target("W4", Level.AIM, 4.5, "node20"),
    Target("W4poll", Level.MUST, 1.0, "node20"),
    Target("W4poll", Level.AIM, 2.4, "node20"),
    Target("W5", Level.MUST, 10, unit=Unit.KIB_PER_CLIENT),
    Target("W5", Level.AIM, 5, unit=Unit.KIB_PER_CLIENT),
    Target("W5", Level.MUST, 1.0, unit=Unit.THREADS),
    Target("W6", Level.MUST, 0.6, "node20"),
    Target("W6", Level.AIM, 1.0, "node26"),
    Target("W7", Level.MUST, 1.0, "gthread8"),
    Target("W7", Level.AIM, 2, "gthread8"),
    Target("W7", Level.AIM, 1.0, "granian"),
)
