"""Draws the measurements as SVG: a panel for each workload, a bar for each server.

The drawing brings its own background and follows the reader's light or dark mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from peers import PEERS
from report import number
from results import COMPILED, OURS, Results, Spread
from workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = 2
PANEL_WIDTH = 520
LABEL_WIDTH = 210
VALUE_WIDTH = 60
BAR_HEIGHT = 15
BAR_STEP = 21
TITLE_HEIGHT = 46
GAP = 24

_STYLE = """
  .background { fill: #ffffff }
  text { fill: #24292f; font: 12px system-ui, -apple-system, "Segoe UI", sans-serif }
  .title { font-weight: 600; font-size: 13px }
  .note, .value { fill: #57606a; font-size: 11px }
  .ours { font-weight: 600 }
  .bar { fill: #9fb3c8 }
  .bar.ours { fill: #c2410c }
  .range { stroke: #24292f; stroke-width: 1.2; opacity: .55 }
  .axis { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    .background { fill: #16191d }
    text { fill: #e6edf3 }
    .note, .value { fill: #9aa4af }
    .bar { fill: #4f6b88 }
    .bar.ours { fill: #f97316 }
    .range { stroke: #e6edf3 }
    .axis { stroke: #3a424b }
  }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One server's figure in a panel."""

    peer: str
    spread: Spread


@dataclass(frozen=True, slots=True)
class Panel:
    """One workload's bars, this project's first, the others by size."""

    workload: str
    bars: list[Bar]

    @property
    def height(self) -> int:
        return TITLE_HEIGHT + BAR_STEP * len(self.bars)


def draw(results: Results) -> str:
    """The whole drawing as SVG text."""
    panels = [panel for name in WORKLOADS if (panel := _panel(results, name)).bars]
    rows = [panels[at : at + COLUMNS] for at in range(0, len(panels), COLUMNS)]
    body: list[str] = []
    y = GAP
    for row in rows:
        for column, panel in enumerate(row):
            x = GAP + column * (PANEL_WIDTH + GAP)
            body.append(f'<g transform="translate({x} {y})">')
            body += _panel_elements(panel)
            body.append("</g>")
        y += max(panel.height for panel in row) + GAP
    width = GAP + COLUMNS * (PANEL_WIDTH + GAP)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" role="img">'
        f"<title>Benchmarks of Socket.IO servers</title><style>{_STYLE}</style>"
        f'<rect class="background" width="{width}" height="{y}" rx="10"/>'
    )
    return "\n".join([head, *body, "</svg>"]) + "\n"


def _panel(results: Results, workload: str) -> Panel:
    spreads = {name: results.values(name, workload) for name in PEERS}
    bars = [Bar(name, spread) for name, spread in spreads.items() if spread is not None]
    less_is_better = WORKLOADS[workload].idle

    def place(bar: Bar) -> tuple[bool, float]:
        value = bar.spread.median
        return bar.peer not in (OURS, COMPILED), value if less_is_better else -value

    return Panel(workload, sorted(bars, key=place))


def _panel_elements(panel: Panel) -> Iterator[str]:
    workload = WORKLOADS[panel.workload]
    yield f'<text class="title" y="12">{panel.workload} {escape(workload.title)}</text>'
    yield f'<text class="note" y="29">{workload.unit.value}</text>'
    greatest = max(bar.spread.greatest for bar in panel.bars)
    scale = (PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH) / max(greatest, 1)
    for place, bar in enumerate(panel.bars):
        yield from _bar_elements(bar, TITLE_HEIGHT + place * BAR_STEP, scale)
    top, bottom = TITLE_HEIGHT - 4, panel.height
    yield f'<path class="axis" d="M{LABEL_WIDTH} {top}V{bottom}"/>'


def _bar_elements(bar: Bar, top: int, scale: float) -> Iterator[str]:
    mark = " ours" if bar.peer in (OURS, COMPILED) else ""
    baseline, middle = top + 12, top + BAR_HEIGHT / 2
    title = escape(PEERS[bar.peer].title)
    yield (
        f'<text class="name{mark}" x="{LABEL_WIDTH - 8}" y="{baseline}" '
        f'text-anchor="end">{title}</text>'
    )
    yield (
        f'<rect class="bar{mark}" x="{LABEL_WIDTH}" y="{top}" rx="2" '
        f'width="{max(bar.spread.median, 0) * scale:.1f}" height="{BAR_HEIGHT}"/>'
    )
    least = LABEL_WIDTH + bar.spread.least * scale
    greatest = LABEL_WIDTH + bar.spread.greatest * scale
    yield f'<path class="range" d="M{least:.1f} {middle}H{greatest:.1f}"/>'
    yield (
        f'<text class="value{mark}" x="{greatest + 6:.1f}" y="{baseline}">'
        f"{number(bar.spread.median)}</text>"
    )
