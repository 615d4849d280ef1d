"""Runs the workloads against the peers and writes the tables and the plot. See README.md.

python bench.py                                    everything, three rounds
python bench.py --servers new,node20 --workloads W1,W3 --rounds 1 --results quick.json
python bench.py --check                            only: does each server implement the tiny app?
python bench.py --report                           only: write tables and plot again
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import check
import plot
import report
from measure import Measurement, measure
from peers import HERE, PAGES_ONLY, PEERS
from process import PeerError, running
from results import Results, outcomes
from workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable

REFERENCE = HERE / "results.json"
REFERENCE_PLOT = HERE.parent / "docs" / "_static" / "benchmarks.svg"


def main() -> int:
    """Runs the command line; returns the exit status."""
    options = _options()
    signal.signal(signal.SIGTERM, _terminate)
    _allow_many_connections()
    results = Results.load(options.results)
    try:
        if not options.report:
            names = [name for name in options.servers if _passes(name, results)]
            if not options.check:
                _run_rounds(results, names, options)
    finally:
        if not options.check:
            _write_reports(results, options.results)
    if options.check:
        return any(results.checks[name] != "ok" for name in options.servers)
    for outcome in outcomes(results):
        if outcome.measured is not None:
            _log(" | ".join(report.target_row(outcome)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", type=_NamesOf(PEERS), default=list(PEERS), metavar="A,B")
    parser.add_argument(
        "--workloads", type=_NamesOf(WORKLOADS), default=list(WORKLOADS), metavar="W1,W2"
    )
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--secs", type=float, default=5, help="of each measurement, default: 5")
    parser.add_argument(
        "--disturbed",
        type=float,
        default=0.15,
        metavar="CPUS",
        help="measure once more when others used more CPU than this, default: 0.15",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=REFERENCE,
        help="where measurements are kept; tables and plot of another file go beside it",
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--report", action="store_true")
    return parser.parse_args()


class _NamesOf:
    """An argparse type: names separated by commas, all of them known."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)

    def __call__(self, text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in self._known:
                known = ", ".join(self._known)
                raise argparse.ArgumentTypeError(f"unknown: {name} (there are: {known})")
        return names


def _terminate(_signum: int, _frame: object) -> None:
    sys.exit("terminated")  # unwinds, so that the server that is running is ended too


def _allow_many_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _passes(name: str, results: Results) -> bool:
    """Checks that a peer is there and implements the tiny app; says so in one line."""
    results.checks[name] = outcome = _check(name)
    _log("check", name, outcome)
    return outcome == "ok"


def _check(name: str) -> str:
    peer = PEERS[name]
    if missing := peer.missing():
        return f"skipped, {missing} is missing: run setup.sh, it says why"
    tests = ["http"] if peer.workloads == PAGES_ONLY else list(check.TESTS)
    try:
        with running(name, peer) as server:
            failures = check.failures(server.port, tests)
    except PeerError as error:
        return f"skipped, {error}"
    return "; ".join(f"{test}: {text}" for test, text in failures.items()) or "ok"


def _run_rounds(results: Results, names: list[str], options: argparse.Namespace) -> None:
    """Rounds go over all workloads and, within a workload, over all peers.

    So a noisy quarter of an hour hits every peer alike.
    """
    results.last_run = time.strftime("%Y-%m-%d")
    for _ in range(options.rounds):
        round_number = results.next_round()
        for workload in options.workloads:
            for name in names:
                if workload in PEERS[name].workloads:
                    results.measurements.append(
                        _measure_undisturbed(name, workload, round_number, options)
                    )
                    results.save(options.results)


def _measure_undisturbed(
    name: str, workload: str, round_number: int, options: argparse.Namespace
) -> Measurement:
    """Measures, and once more when the machine was busy with something else."""
    measurement = measure(name, PEERS[name], workload, round_number, options.secs)
    _log(round_number, workload, name, measurement.summary())
    if measurement.load.disturbed <= options.disturbed:
        return measurement
    time.sleep(2)
    again = measure(name, PEERS[name], workload, round_number, options.secs)
    _log(round_number, workload, name, "again:", again.summary())
    return min(
        measurement, again, key=lambda attempt: (not attempt.load.valid, attempt.load.disturbed)
    )


def _write_reports(results: Results, path: Path) -> None:
    report.write(results, path.with_suffix(".md"))
    drawing = REFERENCE_PLOT if path == REFERENCE else path.with_suffix(".svg")
    drawing.parent.mkdir(parents=True, exist_ok=True)
    drawing.write_text(plot.draw(results))


def _log(*words: object) -> None:
    print(time.strftime("%H:%M:%S"), *words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
