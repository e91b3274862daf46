"""The network: a pretrained encoder that also sees each word's shape and the draft's view, beside a linear model.

Wide and deep learning (Cheng et al., 2016): the encoder generalises, the linear part on the reader's features recalls.
Shapes give an uncased encoder the capitals back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gonerd.labels import BIO_TAGS

from .windows import FEATURES, SHAPES, Window, Words

_STD = 0.02  # as BERT's own embeddings are drawn


@dataclass(frozen=True)
class Batch:
    """Windows side by side: B of them, the longest of N positions, W words in all.

    Attributes:
        ids: Word pieces (B, N).
        mask: 1 where there is one (B, N).
        shapes: Shape of the word at each position (B, N).
        tags: Class of the word in the draft (B, N).
        firsts: Row and column of each word's first piece (2, W).
        features: Features of the words, one after another.
        offsets: Where each word's begin (W).
    """

    ids: torch.Tensor
    mask: torch.Tensor
    shapes: torch.Tensor
    tags: torch.Tensor
    firsts: torch.Tensor
    features: torch.Tensor
    offsets: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """Returns the batch on a device."""
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


def collate(pairs: Sequence[tuple[Window, Words]], padding: int) -> Batch:
    """Pads windows, each with the words of its draft, to a batch."""
    longest = max(len(window.ids) for window, _ in pairs)

    def pad(rows: Sequence[Sequence[int]], value: int) -> torch.Tensor:
        return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])

    firsts = [(i, column) for i, (window, _) in enumerate(pairs) for column in window.firsts]
    rows = [
        torch.from_numpy(words.features[window.words[column]]) for window, words in pairs for column in window.firsts
    ]
    lengths = torch.tensor([0, *(len(row) for row in rows[:-1])])
    return Batch(
        pad([window.ids for window, _ in pairs], padding),
        pad([[1] * len(window.ids) for window, _ in pairs], 0),
        pad([[words.shapes[w] if w >= 0 else 0 for w in window.words] for window, words in pairs], 0),
        pad([[words.tags[w] if w >= 0 else 0 for w in window.words] for window, words in pairs], 0),
        torch.tensor(firsts).T,
        torch.cat(rows),
        lengths.cumsum(0),
    )


class ReaderNet(nn.Module):
    """Scores each word's BIO classes.

    Attributes:
        encoder: Any encoder that takes `inputs_embeds`.
        shape: Added to the encoder's input by the word's shape.
        tag: Added to the encoder's input by the draft's class.
        head: From hidden states to classes.
        wide: Weight of each feature for each class; its gradients are sparse.
    """

    def __init__(self, encoder: Any, dropout: float = 0.1) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.encoder = encoder
        for module in encoder.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0  # a third of a step's time on a CPU; the few passes overfit little
        self.shape = nn.Embedding(SHAPES, hidden)
        self.tag = nn.Embedding(len(BIO_TAGS), hidden)
        self.head = nn.Linear(hidden, len(BIO_TAGS))
        self.dropout = nn.Dropout(dropout)
        self.wide = nn.EmbeddingBag(FEATURES, len(BIO_TAGS), mode="sum", sparse=True)
        for table in (self.shape, self.tag):
            nn.init.normal_(table.weight, std=_STD)
        nn.init.zeros_(self.wide.weight)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Returns the scores of the batch's words, (W, classes), in fp32."""
        embeds = self.encoder.get_input_embeddings()(batch.ids) + self.shape(batch.shapes) + self.tag(batch.tags)
        hidden = self.encoder(inputs_embeds=embeds, attention_mask=batch.mask).last_hidden_state
        words = hidden[batch.firsts[0], batch.firsts[1]]
        scores: torch.Tensor = self.head(self.dropout(words)).float() + self.wide(batch.features, batch.offsets)
        return scores
