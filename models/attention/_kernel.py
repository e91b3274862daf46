"""The one primitive under every pattern: softmax attention over the union of several sets of keys.

Shapes: M blocks of queries, H heads, b queries a block, K keys a block, D head dim, R rows of a row of keys.

On a CPU `_flash` calls the fused kernel once a set and merges the results; on CUDA `_flex` does the same with
FlexAttention. Everywhere else, and when weights are dropped, `_concatenated` puts the sets side by side. `_choice` says
which it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ._choice import implementation
from ._concatenated import concatenated
from ._flash import flash
from ._sets import Keys, Windows

__all__ = ["Keys", "Windows", "attend", "implementation"]

BACKENDS = {"flex": "inductor", "flex-eager": "eager"}


def attend(q: Tensor, sets: Sequence[Keys | Windows], dropout: float = 0.0) -> Tensor:
    """Attends from blocks of queries to everything in several sets of keys, in one softmax.

    Args:
        q: Queries, (M, H, b, D), of any strides.
        sets: At least one set; keys that two sets hold count twice.
        dropout: Probability of dropping an attention weight.

    Returns:
        (M, H, b, D), with (M, b, H, D) contiguous. Zero where a query sees nothing.
    """
    kernel = implementation(q, dropout)
    if kernel == "concatenated-sdpa":
        return concatenated(q, sets, dropout)
    keys, values, biases = [s.k for s in sets], [s.v for s in sets], [s.bias for s in sets]
    geometry = [n for s in sets for n in ((s.first, s.step, s.width) if isinstance(s, Windows) else (0, 0, 0))]
    if kernel == "flash-merge":
        return flash(q, keys, values, biases, geometry)
    from . import _flex  # heavy, and seldom needed

    return _flex.attend(q, keys, values, biases, geometry, BACKENDS[kernel]).transpose(1, 2)
