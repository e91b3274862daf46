"""The rows of a whole run in the order in which they are drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from datasets import Dataset


class Draws(torch.utils.data.Dataset[dict[str, Any]]):
    """Passes over a corpus, one after the other, each in an order of its own.

    Draw k is the same row whatever came before, in whatever process, so that a run resumes exactly and any number of
    processes takes the same steps. To be read in sequence.

    Args:
        rows: Rows of a corpus.
        count: Draws of the run.
        seed: Seed of the orders; None draws the rows as they stand.
    """

    def __init__(self, rows: Dataset, count: int, seed: int | None) -> None:
        self._rows, self._count, self._seed = rows, count, seed

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, draw: int) -> dict[str, Any]:
        passes, place = divmod(draw, len(self._rows))
        if self._seed is not None:
            place = int(_order(len(self._rows), self._seed, passes)[place])
        row = self._rows[place]
        return {"input_ids": row["input_ids"], "word_starts": row["word_starts"], "key": draw}


@lru_cache(maxsize=2)
def _order(count: int, seed: int, passes: int) -> Any:
    return np.random.default_rng([seed, passes]).permutation(count)
