"""A comparison in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NAMED = 5  # flips that are named
_PLAIN = ("class", "answer")  # an example has one of these, so its id says enough


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Writes out what `gonerd.evaluation.compare.run.compare` returns."""
    yield f"{', '.join(found['first'])} (first) against {', '.join(found['second'])} (second)"
    for pair in found["pairs"]:
        yield from _pair(pair, found["settings"]["margin"])
    groups = found["averages"]
    for group, row in groups.items():
        alone = row["tasks"] == 1 or (group == "all" and len(groups) == 2)  # then it says nothing new
        if not alone and row["kept"] is not None:
            ends = (row.get("intervals") or {}).get("kept")
            kept = _interval({"value": row["kept"], **ends}, ".1%") if ends else f"{row['kept']:.1%}"
            yield (
                f"average of {row['tasks']} task(s), {group}: {row['first']:.4f} -> {row['second']:.4f}, kept {kept}, "
                f"mean of the tasks' shares {row['mean_of_kept']:.1%}"
            )
    if found["efficiency"]:
        for name in ("time_saved", "memory_saved"):
            row = found["efficiency"][name]
            yield f"{name.replace('_', ' ')}: {row['mean']:.1%} on average, {row['most']:.1%} at most"
    if found["unpaired"]:
        yield f"only one of the two was scored on {', '.join(found['unpaired'])}"


def _pair(pair: Mapping[str, Any], margin: float) -> Iterator[str]:
    intervals, test = pair["intervals"], pair["equivalence"]
    name = pair["task"] + (f"/{pair['split']}" if pair["split"] else "")
    yield f"{name}: {_side(pair['first'])} -> {_side(pair['second'])} over {pair['documents']} documents"
    if intervals["kept"]:
        yield f"  kept        {_interval(intervals['kept'], '.1%')}"
    yield f"  difference  {_interval(intervals['difference'], '+.4f')}, randomisation p = {pair['randomisation_p']:.4f}"
    verdict = "equivalent" if test["equivalent"] else "not shown to be equivalent"
    yield (
        f"  margin      {verdict} within ±{margin:g} (TOST p = {test['p']:.4f}, 90 % interval {test['low']:+.4f} to "
        f"{test['high']:+.4f})"
    )
    flips = pair["flips"]
    if flips is not None:
        counts = f"{len(flips['gained'])} gained, {len(flips['lost'])} lost, {flips['both_right']} right in both"
        shown = [row["id"] if row["what"] in _PLAIN else f"{row['id']} {row['what']}" for row in flips["lost"][:_NAMED]]
        yield f"  flips       {counts}" + (f"; lost: {', '.join(shown)}" if shown else "")


def _side(side: Mapping[str, Any]) -> str:
    if side["deviation"] is None:
        return f"{side['mean']:.4f}"
    return f"{side['mean']:.4f} ± {side['deviation']:.4f} ({side['seeds']} seeds)"


def _interval(row: Mapping[str, float], form: str) -> str:
    return f"{row['value']:{form}} (95 % interval {row['low']:{form}} to {row['high']:{form}})"
