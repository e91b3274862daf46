"""What was done to a model, carried along with it until it is saved."""

from __future__ import annotations

import copy
from typing import Any

from transformers import PreTrainedModel


def remember(model: PreTrainedModel, **facts: Any) -> None:
    """Adds facts to the model's note."""
    noted: Any = model
    noted.gonerd_note = {**note_of(model), **facts}


def note_of(model: PreTrainedModel) -> dict[str, Any]:
    """Returns a copy of the model's note; empty when nothing was noted."""
    return copy.deepcopy(getattr(model, "gonerd_note", {}))
