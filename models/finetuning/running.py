"""Running a fine-tuned model over windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gonerd.models.windows import takes_global_mask
from gonerd.progress import track

from ._kind import Kind, Piece, collate


def run(model: Any, tokenizer: Any, kind: Kind, pieces: Sequence[Piece], attends: str, batch_size: int) -> list[Tensor]:
    """Runs windows through a model, those of like length together, which pads less.

    Args:
        model: The model, on its device.
        tokenizer: Its tokenizer.
        kind: The kind of task.
        pieces: The windows.
        attends: Which tokens are global, where the model takes such a mask.
        batch_size: Windows run at once.

    Returns:
        What `kind.merge` reads, for each window, in the order of `pieces`.
    """
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i].input_ids), reverse=True)
    marks = attends if takes_global_mask(model) else None
    found: dict[int, Tensor] = {}
    model.eval()
    for batch in track([order[i : i + batch_size] for i in range(0, len(order), batch_size)], "predict"):
        inputs = collate([pieces[i] for i in batch], tokenizer.pad_token_id, attends=marks)
        with torch.inference_mode():
            outputs = model(**{name: value.to(model.device) for name, value in inputs.items()})
        found.update(zip(batch, kind.scores(outputs).cpu(), strict=True))
    return [found[i] for i in range(len(pieces))]


def predict_pieces(
    model: Any,
    tokenizer: Any,
    kind: Kind,
    examples: Sequence[Any],
    pieces: Sequence[Piece],
    attends: str,
    batch_size: int,
) -> list[Any]:
    """Runs windows and merges what was found: one prediction an example."""
    return kind.merge(examples, pieces, run(model, tokenizer, kind, pieces, attends, batch_size))
