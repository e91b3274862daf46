"""The card's figures: lengths, labels by domain, distance between mentions of one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gonerd.files import new_file
from gonerd.labels import CORE
from gonerd.records import DOMAINS

from .schema import SPLITS
from .statistics import DISTANCES, Statistics

_SIZE = (7.0, 3.2)  # inches
_DPI = 110


def draw_figures(statistics: Statistics, folder: Path) -> None:
    """Draws every figure as PNG.

    Args:
        statistics: What was counted.
        folder: Where the files go.
    """
    from matplotlib import rc_context, rcParamsDefault
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The library's own settings, not the user's, and no software version in the file: the same counts, the same bytes.
    with rc_context(rcParamsDefault):
        for name, (_, draw) in FIGURES.items():
            figure = Figure(figsize=_SIZE, layout="constrained")
            FigureCanvasAgg(figure)
            draw(figure.subplots(), statistics)
            with new_file(folder / name) as temporary:
                figure.savefig(temporary, format="png", dpi=_DPI, metadata={"Software": None})


def _lengths(axes: Any, statistics: Statistics) -> None:
    longest = max((n for lengths in statistics.lengths.values() for n in lengths), default=1)
    bins = [0]
    while bins[-1] < longest:
        bins.append(bins[-1] + max(512, -(-longest // 20 // 512) * 512))
    axes.hist([statistics.lengths[split] for split in SPLITS], bins=bins, stacked=True, label=list(SPLITS))
    for mark in (512, 4096):
        axes.axvline(mark, color="black", linewidth=0.8, linestyle=":")
    axes.set(xlabel="tokens in a document (dotted: 512 and 4,096)", ylabel="documents")
    axes.legend()


def _labels(axes: Any, statistics: Statistics) -> None:
    spans: Counter[tuple[str, str]] = Counter()
    for (_, domain, label), count in statistics.labels.items():
        spans[domain, label] += count
    domains = [domain for domain in DOMAINS if any(statistics.domains[split, domain] for split in SPLITS)]
    width = 0.8 / max(1, len(domains))
    for i, domain in enumerate(domains):
        heights = [spans[domain, label] for label in CORE]
        axes.bar([x + i * width for x in range(len(CORE))], heights, width, label=domain)
    axes.set_xticks([x + width * (len(domains) - 1) / 2 for x in range(len(CORE))], CORE)
    axes.set(ylabel="spans")
    axes.legend()


def _distances(axes: Any, statistics: Statistics) -> None:
    names = [name for _, name in DISTANCES]
    axes.bar(names, [statistics.distances[name] for name in names])
    axes.set(xlabel="tokens back to the previous mention of the same name", ylabel="repeated mentions")


FIGURES: dict[str, tuple[str, Callable[[Any, Statistics], None]]] = {
    "lengths.png": ("Length of the documents, by split", _lengths),
    "labels.png": ("Spans by label and domain", _labels),
    "distances.png": ("How far back a repeated name was last mentioned", _distances),
}
