"""Attention patterns as pictures: a row is a token that asks, a column one that is seen."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from gonerd.errors import UsageError
from gonerd.files import new_file

from .attention import AttentionPattern

TITLE = 60  # letters of a line that fit over the picture
LONGEST = 8192  # a picture of more tokens than it has dots shows nothing


def draw(pattern: AttentionPattern, length: int, options: Any, out: Path) -> float:
    """Writes the mask of a pattern as PNG.

    Args:
        pattern: The pattern.
        length: Tokens of the text.
        options: What `pattern.read_options` returned.
        out: File to write.

    Returns:
        The share of all pairs of tokens that see each other.

    Raises:
        UsageError: The text has no token or too many for a picture.
    """
    from matplotlib.figure import Figure

    if not 1 <= length <= LONGEST:
        raise UsageError(f"--length {length}: give 1 to {LONGEST} tokens")
    seen = pattern.draw(length, options)
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(seen.numpy(), cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    chosen = ", ".join(f"{name}={value}" for name, value in options.model_dump().items())
    title = textwrap.fill(f"{pattern.name}: {chosen}" if chosen else pattern.name, TITLE)
    axes.set(title=title, xlabel="seen", ylabel="asking")
    with new_file(out) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
    return float(seen.float().mean())
