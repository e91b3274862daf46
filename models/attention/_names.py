"""Names of weights in two layouts: one table, read both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ._families import FAMILIES


@dataclass(frozen=True)
class Names:
    """Pairs of dotted names: what a part is called here, and what it is called there.

    Parts of a name that no pair begins stay as they are; of several pairs the longest counts.

    Attributes:
        pairs: (ours, theirs) each.
    """

    pairs: tuple[tuple[str, str], ...]

    def ours(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Renames weights from their layout."""
        turned = tuple((theirs, ours) for ours, theirs in self.pairs)
        return {_renamed(name, turned): value for name, value in state.items()}

    def theirs(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Renames weights to their layout."""
        return {_renamed(name, self.pairs): value for name, value in state.items()}


def _renamed(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    fitting = [pair for pair in pairs if name == pair[0] or name.startswith(f"{pair[0]}.")]
    if not fitting:
        return name
    old, new = max(fitting, key=lambda pair: len(pair[0]))
    return f"{new}{name[len(old) :]}"


def between(ours: str, theirs: str, head: str) -> Names:
    """Returns the names of two families' models with one head, from what `FAMILIES` says of their parts."""
    parts = {name: FAMILIES[name].heads[head] for name in (ours, theirs)}
    pairs = [(module, parts[theirs][part]) for part, module in parts[ours].items()]
    if head == "masked-lm":
        # The decoder's bias, which some checkpoints hold under its other name alone.
        pairs.append(("lm_head.bias", "cls.predictions.bias"))
    return Names((*pairs, ("roberta", "bert")) if head != "base" else ())
