"""Figures as Markdown. Full attention through SDPA and the dense products are in every table."""

from __future__ import annotations

from typing import Any

from gonerd.markdown import table

from .plan import FULL, VARIANTS
from .results import comparable, seconds

_NAMES = {
    "hf": "Hugging Face",
    "hf-padded": "Hugging Face, padded batch",
    "hf-one-by-one": "Hugging Face, one by one",
    "hf-padded-bf16": "Hugging Face, padded batch, bf16",
    "ours": "ours",
    "ours-bf16": "ours, bf16",
    "ours-half": "ours, half the layers",
    "ours-int8": "ours, int8",
    "ours-half-int8": "ours, half the layers, int8",
    "roberta-sdpa": "RoBERTa, SDPA",
    "floor": "dense products alone",
}
_TITLES = {
    "length": "one text",
    "mixed": "a batch of unequal documents",
    "train": "forward and backward pass",
    "sentences": "forward and backward pass of a batch of sentences",
}
NOTES = """\
Seconds stand for 12 layers, or for 6 where it says half; "x6" after the layers means that fewer were measured and
multiplied. "Faster" is Hugging Face's time over this one's, "floor" this one's over that of the dense products in
float32. MB are the growth of the process in its first pass, weights left out; they are never multiplied. "Difference"
is the largest between two outputs, and the smallest cosine where one is int8. For LSG the unaccelerated class of
`modeling_lsg.py` stands in for the official code, which current transformers cannot import. Hugging Face's BigBird
computes full attention up to 704 tokens, and its output depends on padding."""


def markdown(result: dict[str, Any]) -> str:
    """Renders all tables: for each machine, kind, pattern and setting of the allocator one."""
    sections: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for cells in comparable(result):
        first = cells[0]
        title = f"{first['pattern']}, {_TITLES[first['kind']]}, {first['malloc']} malloc"
        rows = sections.setdefault((first["machine"], title), [])
        order = VARIANTS[first["kind"]]
        by_name = {cell["variant"]: cell for cell in sorted(cells, key=lambda cell: order.index(cell["variant"]))}
        rows += [_row(cell, by_name) for cell in by_name.values()]
    parts, machine = [NOTES], None
    for (name, title), rows in sections.items():
        if name != machine:
            machine = name
            parts.append(f"## {_machine(result['machines'][name])}")
        parts.append(f"### {title[0].upper()}{title[1:]}\n\n{table(rows)}")
    return "\n\n".join(parts)


def _row(cell: dict[str, Any], others: dict[str, dict[str, Any]]) -> dict[str, str]:
    times = cell["depth"] / cell["layers"]
    row = {
        "tokens": f"{cell['tokens']:,}",
        "variant": _NAMES[cell["variant"]],
        "layers": f"{cell['layers']}" + (f" x{times:g}" if times != 1 else ""),
        "wall s (median)": f"{seconds(cell, 'wall_min'):.3g} ({seconds(cell, 'wall_median'):.3g})",
        "CPU s (median)": f"{seconds(cell, 'cpu_min'):.3g} ({seconds(cell, 'cpu_median'):.3g})",
        "MB": f"{cell['growth_bytes'] / 1e6:.0f}",
    }
    if cell["kind"] == "mixed":
        row["faster than padded"] = _ratio(others.get("hf-padded"), cell)
        row["than one by one"] = _ratio(others.get("hf-one-by-one"), cell)
    else:
        rival = {"sentences": "hf-padded-bf16" if "bf16" in cell["variant"] else "hf-padded"}
        row["faster"] = _ratio(others.get(rival.get(cell["kind"], "hf")), cell)
    if cell["kind"] == "length":
        floor = others.get("floor")
        # The floor of half the layers is half of it.
        row["floor"] = _ratio(cell, floor, FULL / cell["depth"])
    return row | {"difference": _difference(cell)}


def _ratio(over: dict[str, Any] | None, under: dict[str, Any] | None, times: float = 1.0) -> str:
    if over is None or under is None:
        return ""
    return f"{times * seconds(over, 'wall_min') / seconds(under, 'wall_min'):.2f}"


def _difference(cell: dict[str, Any]) -> str:
    if "against" not in cell:
        return ""
    cosine = f", cosine {cell['min_cosine']:.4f}" if "int8" in cell["variant"] else ""
    return f"{cell['max_difference']:.1e} to {_NAMES[cell['against']]}{cosine}"


def _machine(facts: dict[str, Any]) -> str:
    extensions = ", ".join(facts["extensions"]) or "no vector extensions known"
    return (
        f"{facts['processor']}, {facts['cores']} cores, {extensions}; {facts['libc']}, torch {facts['torch']}, "
        f"transformers {facts['transformers']}"
    )
