"""The measurements made so far, kept in a JSON file; figures over them."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from load import Load
from measure import Measurement
from workloads import TARGETS, Target, Unit

if TYPE_CHECKING:
    from pathlib import Path

OURS = "new"
COMPILED = "new-compiled"


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some figures, the least and the greatest of them."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, figures: list[float]) -> Spread | None:
        """None when there is no figure."""
        if not figures:
            return None
        return cls(statistics.median(figures), min(figures), max(figures))


@dataclass(slots=True)
class Results:
    """All measurements, in the order they were made."""

    measurements: list[Measurement] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)
    last_run: str = ""

    @classmethod
    def load(cls, path: Path) -> Results:
        """Reads the file; empty results when there is none."""
        if not path.exists():
            return cls()
        stored = json.loads(path.read_text())
        measurements = [
            Measurement(**(entry | {"load": Load(**entry["load"])}))
            for entry in stored["measurements"]
        ]
        return cls(measurements, stored["checks"], stored["last_run"])

    def save(self, path: Path) -> None:
        """Writes the file anew."""
        stored = {
            "last_run": self.last_run,
            "checks": self.checks,
            "measurements": [asdict(measurement) for measurement in self.measurements],
        }
        path.write_text(json.dumps(stored, indent=1) + "\n")

    def next_round(self) -> int:
        """The number of a round that has no measurement yet."""
        return 1 + max((entry.round for entry in self.measurements), default=0)

    def of(self, peer: str, workload: str) -> list[Measurement]:
        """The measurements of a cell, those that may not be compared included."""
        return [m for m in self.measurements if (m.peer, m.workload) == (peer, workload)]

    def valid(self, peer: str, workload: str) -> list[Measurement]:
        """The measurements of a cell that may be compared."""
        return [m for m in self.of(peer, workload) if m.load.valid]

    def values(self, peer: str, workload: str) -> Spread | None:
        """Median and range of a cell."""
        return Spread.of([m.value for m in self.valid(peer, workload)])


@dataclass(frozen=True, slots=True)
class Outcome:
    """A target beside what was measured; ``measured`` is None when either side is missing.

    ``measured.median`` is the ratio of the two medians; least and greatest are over the rounds in
    which both sides were measured.
    """

    target: Target
    measured: Spread | None

    @property
    def word(self) -> str:
        """``met``, ``missed`` or ``not measured``."""
        if self.measured is None:
            return "not measured"
        if self.target.unit is Unit.PER_SECOND:
            return "met" if self.measured.median >= self.target.factor else "missed"
        return "met" if self.measured.median <= self.target.factor else "missed"


def outcomes(results: Results) -> list[Outcome]:
    """Every target with what was measured."""
    return [Outcome(target, _measured(results, target)) for target in TARGETS]


def _measured(results: Results, target: Target) -> Spread | None:
    ours = results.valid(OURS, target.workload)
    match target.unit:
        case Unit.KIB_PER_CLIENT:
            return Spread.of([m.value for m in ours])
        case Unit.THREADS:
            return Spread.of([m.load.threads / m.threads_few for m in ours if m.threads_few])
        case Unit.PER_SECOND:
            return ratio(results, target.workload, target.peer or OURS)


def ratio(results: Results, workload: str, peer: str) -> Spread | None:
    """This project's rate divided by the peer's."""
    ours, theirs = results.valid(OURS, workload), results.valid(peer, workload)
    if not ours or not theirs:
        return None
    medians = [statistics.median(m.value for m in side) for side in (ours, theirs)]
    median = medians[0] / medians[1]
    by_round = {m.round: m.value for m in theirs}
    paired = [m.value / by_round[m.round] for m in ours if m.round in by_round] or [median]
    return Spread(median, min(paired), max(paired))
