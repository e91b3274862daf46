"""How each model came about, in one small file beside the kept results: no folder of this machine is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gonerd.files import read_json, write_json

from .cell import plain
from .evidence import SUMMARY
from .models import made_by, recipe_of, tokens_of
from .places import Folders

if TYPE_CHECKING:
    from .config import Replicate

_KEPT = (
    *("layers", "max_length", "weights_sha256", "config_sha256", "attention_used", "hardware"),
    *("best_step", "loss", "held_out"),
)
_STEP = ("attention", "window", "options", "layers", "losses", "training", "fields")
_TEXT = ("name", "fingerprint", "tokens")


def keep_summary(config: Replicate, folders: Folders) -> None:
    """Writes what the notes of the models say of their making, unless it stands there already."""
    models: dict[str, Any] = {}
    text: dict[str, Any] = {}
    for step in recipe_of(config, folders).steps:
        note = folders.note(step.name)
        if note is None:
            continue
        told = note["step"]["settings"]  # as it was made, which the configuration may not say any more
        models[step.name] = {
            "of": told["model"] if folders.note(told["model"]) else None,
            **{key: note[key] for key in _KEPT if key in note},
            "step": {key: told[key] for key in _STEP if key in told},
            "tokens": tokens_of(made_by(told)),
        }
        if "corpus" in note:
            read = {key: note["corpus"].get(key) for key in _TEXT}
            models[step.name]["text"] = read["fingerprint"]
            text[str(read["fingerprint"])] = read
    value = {"kind": "replicate", "name": config.name, "seed": config.seed, "text": text, "models": models}
    path, value = config.results / SUMMARY, plain(value)
    if models and not (path.is_file() and read_json(path, f"remove {path}") == value):
        write_json(path, value)
