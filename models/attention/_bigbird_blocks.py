"""What BigBird's blocks see of each other.

Shapes: C blocks of a document, r random blocks, H heads, S tokens of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Blocks:
    """The numbers that settle what a document's blocks see.

    Attributes:
        size: S.
        random: r.
        semantics: "hf" or "random"; see `mask` in the pattern's module.
        seed: Seed of the random blocks.
        full: Whether attention is full at any length.
    """

    size: int
    random: int
    semantics: str
    seed: int
    full: bool = False

    def sparse(self, length: int) -> bool:
        """Tells whether a text is long enough for blocks: the two ends, a window of three and twice the random ones."""
        return not self.full and length > (5 + 2 * self.random) * self.size

    def count(self, length: int) -> int:
        """C; the last block may be partly empty."""
        return -(-length // self.size)


@lru_cache(maxsize=256)
def random_blocks(count: int, heads: int, random: int, seed: int, layer: int) -> Tensor:
    """Chooses the random blocks of all inner blocks, (H, C - 2, r), ascending; a function of the arguments alone.

    Args:
        count: C.
        heads: H; every head has blocks of its own.
        random: r.
        seed: Seed.
        layer: Number of the layer; every layer has blocks of its own.

    Returns:
        Numbers of blocks that are neither an end nor inside the window of three.
    """
    generator = torch.Generator().manual_seed((seed << 16) ^ layer)
    # It is kept, and what is made in inference mode could not be used in training later.
    with torch.inference_mode(False):
        rank = torch.rand(heads, count - 2, count, generator=generator)
        ask, seen = torch.arange(1, count - 1)[:, None], torch.arange(count)
        rank[:, ((ask - seen).abs() <= 1) | (seen == 0) | (seen == count - 1)] = -1.0
        return rank.topk(random, -1).indices.sort(-1).values
