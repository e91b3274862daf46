"""Saving a model so that anybody can load it with plain transformers, with a note of what was done to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase

import gonerd
from gonerd.files import new_folder, read_json, write_json

from .attention import attention_used
from .card import CARD, NOTE, card
from .note import note_of
from .weights import config_sha256, weights_sha256

__all__ = ["NOTE", "save"]


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, out: Path, note: dict[str, Any]) -> None:
    """Writes safetensors, configuration, tokenizer, `gonerd.json` and the model's card, all of them or nothing.

    Args:
        model: Model to save; acceleration leaves no trace in the files.
        tokenizer: Its tokenizer.
        out: Folder to write; one that `save` wrote before is replaced.
        note: Facts to add to `gonerd.json`, beside those that `convert` and `halve` noted and those that can be
            read off the model.

    Raises:
        GonerdError: `out` holds something that `save` did not write.
    """
    config = model.config
    facts = {
        "window": getattr(config, "attention_window", None),
        "max_length": tokenizer.model_max_length,
        **note_of(model),
        **note,
        "weights_sha256": weights_sha256(model),
        "config_sha256": config_sha256(config),
        "architecture": type(model).__name__,
        "attention_used": attention_used(model),
        "layers": config.num_hidden_layers,
        "parent": _parent({**note_of(model), **note}.get("source")),
        "versions": {
            "gonerd": gonerd.__version__,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }
    with new_folder(out) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write_json(folder / NOTE, facts)
        (folder / CARD).write_text(card(out.resolve().name, facts), encoding="utf-8")


def _parent(source: Any) -> dict[str, Any] | None:
    """Returns the note of what a model was made of, where that was saved here too."""
    path = Path(str(source)).expanduser() / NOTE
    return dict(read_json(path, "save that model again")) if source and path.is_file() else None
