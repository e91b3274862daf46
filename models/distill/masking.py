"""Masking words of packed rows, the same words whenever and wherever the same draw is masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

IGNORED = -100


@dataclass(frozen=True)
class Masking:
    """Chooses and hides tokens (Devlin et al. 2019, BERT, section 3.1), and makes batches of rows.

    transformers' collator draws from one stream of random numbers, so what it masks depends on all that was drawn
    before, in this process; here the seed and the number of the draw decide alone.

    Attributes:
        mask: Id that hides a token: eight of ten chosen ones; one becomes a random one, one stays what it is.
        padding: Id of padding.
        ordinary: Ids that are no special tokens.
        probability: Share of the tokens, or words, that are chosen.
        whole_words: Whether all tokens of a chosen word are.
        seed: Seed.
    """

    mask: int
    padding: int
    ordinary: Any
    probability: float = 0.15
    whole_words: bool = False
    seed: int = 0

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, probability: float, whole_words: bool, seed: int) -> Masking:
        """Reads the ids off a tokenizer."""
        special = set(tokenizer.all_special_ids)
        ordinary = np.array([i for i in range(len(tokenizer)) if i not in special])
        padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
        return cls(int(tokenizer.mask_token_id or 0), int(padding), ordinary, probability, whole_words, seed)

    def hide(self, ids: Any, starts: Any, key: int) -> tuple[Any, Any]:
        """Masks a row.

        Args:
            ids: (N,).
            starts: (N,), where words begin.
            key: Number of the draw.

        Returns:
            The ids with some hidden, and the labels: the right ids where one was chosen, elsewhere -100.
        """
        random = np.random.default_rng([self.seed, key])
        ids = ids.astype(np.int64)
        if self.whole_words:
            words = np.cumsum(starts)
            chosen = (random.random(int(words[-1]) + 1) < self.probability)[words]
        else:
            chosen = random.random(len(ids)) < self.probability
        chosen &= np.isin(ids, self.ordinary)
        labels = np.where(chosen, ids, IGNORED)
        kind, others = random.random(len(ids)), random.choice(self.ordinary, len(ids))
        hidden = np.where(chosen & (kind < 0.8), self.mask, np.where(chosen & (kind < 0.9), others, ids))
        return hidden, labels

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Masks rows and pads them to a batch: `input_ids`, `attention_mask`, `labels` (B, N) and `keys` (B,)."""
        hidden = [self.hide(row["input_ids"], row["word_starts"], row["key"]) for row in rows]
        longest = max(len(ids) for ids, _ in hidden)
        batch = {
            "input_ids": np.full((len(rows), longest), self.padding),
            "attention_mask": np.zeros((len(rows), longest), dtype=np.int64),
            "labels": np.full((len(rows), longest), IGNORED),
        }
        for i, (ids, labels) in enumerate(hidden):
            batch["input_ids"][i, : len(ids)] = ids
            batch["attention_mask"][i, : len(ids)] = 1
            batch["labels"][i, : len(ids)] = labels
        tensors = {name: torch.from_numpy(values) for name, values in batch.items()}
        return {**tensors, "keys": torch.tensor([row["key"] for row in rows])}
