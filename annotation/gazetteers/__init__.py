"""Lists of words and names, written by us: one text file each, lines that begin with "# " are comments."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def lines(name: str) -> tuple[str, ...]:
    """Returns the entries of a list that has one a line."""
    text = (resources.files("gonerd.annotation.gazetteers") / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("# "))


@cache
def words(name: str) -> frozenset[str]:
    """Returns the entries of a list of words; `_` stands for a blank inside one."""
    return frozenset(word.replace("_", " ") for line in lines(name) for word in line.split())
