"""Running a fine-tuned model over windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from gonerd.errors import GonerdError
from gonerd.models.products import fast_products
from gonerd.models.windows import takes_global_mask
from gonerd.progress import track

from ._kind import Kind
from ._pieces import Piece, collate
from .batching import Batching


def run_batches(
    model: Any,
    tokenizer: Any,
    kind: Kind,
    pieces: Sequence[Piece],
    attends: str,
    batches: Sequence[Sequence[int]],
    batching: Batching | None = None,
) -> Iterator[tuple[int, Tensor]]:
    """Runs windows through a model, batch by batch.

    Args:
        model: The model, on its device.
        tokenizer: Its tokenizer.
        kind: The kind of task.
        pieces: The windows.
        attends: Which tokens are global, where the model takes such a mask.
        batches: Indices of the windows of each batch.
        batching: What becomes of a batch that does not fit into memory; it is halved when None.

    Yields:
        (index of a window, what `kind.merge` reads of it, without its padding).
    """
    marks = attends if takes_global_mask(model) else None
    model.eval()

    def forward(batch: Sequence[int]) -> Tensor:
        inputs = collate([pieces[i] for i in batch], tokenizer.pad_token_id, attends=marks)
        with torch.inference_mode(), fast_products():
            outputs = model(**{name: value.to(model.device) for name, value in inputs.items()})
        return kind.scores(outputs).cpu()

    for batch in batches:
        for part, scores in (batching or Batching()).halving(batch, forward):
            for i, found in zip(part, scores, strict=True):
                yield i, kind.unpadded(found, len(pieces[i].input_ids))


def check_finite(scores: Tensor, where: str) -> None:
    """Refuses what no prediction can be read from.

    Raises:
        GonerdError: There is a NaN or an infinity among the scores.
    """
    if not bool(torch.isfinite(scores).all()):
        raise GonerdError(
            f"{where}: the model gives NaN or infinite logits, so nothing can be predicted; train it again"
        )


def predict_pieces(
    model: Any,
    tokenizer: Any,
    kind: Kind,
    examples: Sequence[Any],
    pieces: Sequence[Piece],
    attends: str,
    batch_size: int,
) -> list[Any]:
    """Runs windows, those of like length together, and merges what was found: one prediction an example.

    Raises:
        GonerdError: The model gives no finite numbers, or a batch does not fit into memory.
    """
    batching = Batching(batch_size)
    batches = batching.plan([len(piece.input_ids) for piece in pieces])
    found: dict[int, Tensor] = {}
    for batch in track(batches, "predict"):
        for i, scores in run_batches(model, tokenizer, kind, pieces, attends, [batch], batching):
            check_finite(scores, f"example {examples[pieces[i].example].id!r}")
            found[i] = scores
    return kind.merge(examples, pieces, [found[i] for i in range(len(pieces))])
