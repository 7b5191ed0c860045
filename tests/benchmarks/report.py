"""The figures of some rounds as a Markdown table and as a plot."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

COLOURS = {"naive": "#b0b7c3", "bound": "#5b8def", "pagecard": "#1f9d63"}


@dataclass(frozen=True, slots=True)
class Figure:
    """`digits` after the point; `more` says that more is better."""

    name: str
    unit: str
    digits: int = 0
    more: bool = False


FIGURES = (
    Figure("CPU per URL, plain", "ms", 2),
    Figure("CPU per URL, TLS", "ms", 2),
    Figure("URLs per second", "", more=True),
    Figure("over the slowest, p50", "ms"),
    Figure("over the slowest, p99", "ms"),
    Figure("cached URLs per second", "", more=True),
    Figure("memory per URL in flight", "MiB", 2),
    Figure("memory at rest", "MiB"),
)


@dataclass(frozen=True, slots=True)
class Rounds:
    """figure -> server -> one value for each round."""

    values: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, figure: str, server: str, value: float) -> None:
        self.values[figure][server].append(value)

    def median(self, figure: str, server: str) -> float | None:
        values = self.values[figure].get(server)
        return statistics.median(values) if values else None

    def ratio(self, figure: str, one: str, other: str) -> float | None:
        """The median over the rounds of what `one` needed for each unit that `other` did."""
        pairs = zip(self.values[figure].get(one, []), self.values[figure].get(other, []), strict=False)
        ratios = [ours / theirs for ours, theirs in pairs if theirs > 0]
        return statistics.median(ratios) if ratios else None


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}×" if ratio < 10 else f"{ratio:.0f}×"


def markdown(rounds: Rounds) -> str:
    """One row a figure; ratios are Pagecard's to the reference's in the same round, medians over the rounds."""
    rows = ["| | naive | bound | Pagecard | of the bound | of the naive |", "|---|--:|--:|--:|--:|--:|"]
    for figure in FIGURES:
        label = f"{figure.name} ({figure.unit})" if figure.unit else figure.name
        values = [_number(rounds.median(figure.name, name), figure.digits) for name in ("naive", "bound", "pagecard")]
        ratios = [_times(rounds.ratio(figure.name, "pagecard", name)) for name in ("bound", "naive")]
        rows.append("| " + " | ".join([label, *values, *ratios]) + " |")
    return "\n".join(rows)


def plot(rounds: Rounds, path: Path) -> None:
    """A bar for each server and figure, log scale, written as PNG. Raises SystemExit without matplotlib."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError:
        raise SystemExit("the plot needs matplotlib: pip install matplotlib") from None
    canvas, axes = pyplot.subplots(2, 4, figsize=(13, 5.4))
    for axis, figure in zip(axes.flat, FIGURES, strict=True):
        servers = [name for name in COLOURS if rounds.median(figure.name, name) is not None]
        values = [rounds.median(figure.name, name) or 0.0 for name in servers]
        bars = axis.bar(servers, values, color=[COLOURS[name] for name in servers])
        axis.bar_label(bars, [_number(value, figure.digits) for value in values], padding=2, fontsize=9)
        axis.set_yscale("log")
        axis.margins(y=0.25)
        axis.set_title(f"{figure.name}{f' ({figure.unit})' if figure.unit else ''}", fontsize=10)
        better = "more" if figure.more else "less"
        axis.set_xlabel(f"log scale, {better} is better", fontsize=8, color="#666666")
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.set_yticks([])
        axis.minorticks_off()
    canvas.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=110)
