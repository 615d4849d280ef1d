"""Writes the measurements as Markdown: targets first, then every figure."""

from __future__ import annotations

import os
import platform
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from peers import PEERS
from results import OURS, Outcome, Results, outcomes, ratio
from workloads import WORKLOADS, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from load import Load
    from measure import Measurement


def write(results: Results, path: Path) -> None:
    """Writes the whole report."""
    path.write_text("\n".join(_lines(results)).rstrip() + "\n")


def number(value: float) -> str:
    """A figure with about three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio_text(value: float) -> str:
    """A ratio, with the digits that can mean something."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine() -> str:
    """The processor and the versions that belong to any figure."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cpus, kernel = len(os.sched_getaffinity(0)), platform.release().partition("-")[0]
    return f"{model}, {cpus} CPUs, Linux {kernel}"


def _lines(results: Results) -> Iterator[str]:
    yield "# Benchmark results"
    yield ""
    yield f"Last run {results.last_run} on {machine()}."
    yield "Server on one CPU, load generator on another."
    yield "README.md says what is measured and how to read the noise."
    yield from _targets(outcomes(results))
    yield from _ratios(results)
    for heading, workloads in _halves():
        yield from _figures(results, heading, workloads)
    yield from _idle(results)
    yield from _quiet(results)
    yield from _cpu(results)
    yield from _left_out(results)


def _halves() -> Iterator[tuple[str, list[str]]]:
    events = [name for name in WORKLOADS if name < "W4"]
    yield "Events", events
    yield "Connections, memory, HTTP", [name for name in WORKLOADS if name not in events]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(heading: str, columns: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield from ("", f"## {heading}", "", _row(columns), _row("---" for _ in columns))
    yield from map(_row, rows)


def _targets(found: list[Outcome]) -> Iterator[str]:
    yield from _table(
        "Targets",
        ["workload", "level", "target", "measured", "over the rounds", ""],
        (target_row(outcome) for outcome in found),
    )


def target_row(outcome: Outcome) -> list[str]:
    """Workload, level, target, median, range over the rounds, met or missed."""
    target, measured = outcome.target, outcome.measured
    title = f"{target.workload} {WORKLOADS[target.workload].title}"
    peer = PEERS[target.peer].title if target.peer else ""
    wanted, unit = f"{target.factor:g} x {peer}", " x"
    if target.unit is Unit.KIB_PER_CLIENT:
        wanted, unit = f"at most {target.factor:g} KiB", " KiB"
    elif target.unit is Unit.THREADS:
        title, wanted = "W5 threads with 5,000 idle clients", "as many as with 5"
    if measured is None:
        return [title, target.level.value, wanted, "-", "-", outcome.word]
    spread = f"{ratio_text(measured.least)}-{ratio_text(measured.greatest)}"
    value = ratio_text(measured.median) + unit
    return [title, target.level.value, wanted, value, spread, f"**{outcome.word}**"]


def _ratios(results: Results) -> Iterator[str]:
    workloads = [name for name, workload in WORKLOADS.items() if not workload.idle]

    def rows() -> Iterator[list[str]]:
        for name, peer in PEERS.items():
            if name != OURS and any(results.valid(name, workload) for workload in workloads):
                ratios = (ratio(results, workload, name) for workload in workloads)
                texts = [ratio_text(found.median) if found else "-" for found in ratios]
                yield [peer.title, *texts]

    if any(results.valid(OURS, workload) for workload in workloads):
        yield from _table("This project's rate divided by the peer's", ["peer", *workloads], rows())


def _peer_rows(
    results: Results, workloads: list[str], cell: Callable[[list[Measurement], str], str]
) -> Iterator[list[str]]:
    """One row for each peer that was measured in any of these workloads."""
    for name, peer in PEERS.items():
        cells = [results.of(name, workload) for workload in workloads]
        if any(cells):
            texts = (
                cell(runs, workload) if runs else "-"
                for runs, workload in zip(cells, workloads, strict=True)
            )
            yield [peer.title, *texts]


def _figures(results: Results, heading: str, workloads: list[str]) -> Iterator[str]:
    titles = [f"{name} {WORKLOADS[name].title}" for name in workloads]
    rows = _peer_rows(results, workloads, _figure)
    yield from _table(f"{heading}: medians (least-greatest)", ["server", *titles], rows)
    if any(WORKLOADS[name].latency for name in workloads):
        yield from ("", "Beside the rates: latency in ms, median/99th percentile.")


def _figure(runs: list[Measurement], workload: str) -> str:
    good = [run for run in runs if run.load.valid]
    if not good:
        return f"failed: {_reason(runs[-1].load)}"
    values = [run.value for run in good]
    text = f"**{number(statistics.median(values))}**"
    if len(good) > 1:
        text += f" ({number(min(values))}-{number(max(values))})"
    if WORKLOADS[workload].latency:
        p50 = statistics.median(run.load.p50_ms for run in good)
        p99 = statistics.median(run.load.p99_ms for run in good)
        text += f" {p50:.3g}/{p99:.3g}"
    if len(good) < len(runs):
        text += f" [{len(runs) - len(good)} failed]"
    return text


def _reason(load: Load) -> str:
    if 0 < load.connected < load.wanted:
        return f"{load.connected:,} of {load.wanted:,} clients connected"
    if load.complaint:
        return load.complaint.splitlines()[0][:60].replace("|", "/")
    if load.stalled or not load.wrong:
        return "stalled"
    return f"{load.wrong} wrong answers or lost clients"


def _idle(results: Results) -> Iterator[str]:
    def rows() -> Iterator[list[str]]:
        for name, peer in PEERS.items():
            if runs := results.valid(name, "W5"):
                yield [
                    peer.title,
                    f"{statistics.median(run.memory_before_kib for run in runs) / 1024:.1f}",
                    f"{statistics.median(run.load.memory_kib for run in runs) / 1024:.1f}",
                    number(statistics.median(run.threads_few for run in runs)),
                    number(statistics.median(run.load.threads for run in runs)),
                ]

    columns = ["server", "MiB before", "MiB with 5,000", "threads with 5", "threads with 5,000"]
    yield from _table("W5: idle clients", columns, rows())


def _quiet(results: Results) -> Iterator[str]:
    def cell(runs: list[Measurement], _workload: str) -> str:
        return number(max(run.load.quiet_rate for run in runs))

    workloads = [name for name, workload in WORKLOADS.items() if workload.latency]
    rows = _peer_rows(results, workloads, cell)
    yield from _table("What a quiet machine might give", ["server", *workloads], rows)
    yield from ("", "The 90th percentile of the quarters of a second, in the best round.")


def _cpu(results: Results) -> Iterator[str]:
    def cell(runs: list[Measurement], _workload: str) -> str:
        server = statistics.median(run.load.server_cpu for run in runs)
        generator = statistics.median(run.load.generator_cpu for run in runs)
        return f"{server:.2f}/{generator:.2f} ({max(run.load.disturbed for run in runs):.2f})"

    workloads = [name for name, workload in WORKLOADS.items() if not workload.idle]
    rows = _peer_rows(results, workloads, cell)
    yield from _table("CPUs used: server/generator (worst of others)", ["server", *workloads], rows)


def _left_out(results: Results) -> Iterator[str]:
    problems = [f"- {name}: {text}" for name, text in results.checks.items() if text != "ok"]
    if problems:
        yield from ("", "## Not measured", "", *problems)
