"""How each model came about, in one small file beside the kept results: no folder of this machine is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gonerd.files import write_json

from .evidence import SUMMARY
from .models import recipe_of
from .places import Folders

if TYPE_CHECKING:
    from .config import Replicate

_KEPT = ("layers", "max_length", "weights_sha256", "attention_used", "best_step", "loss", "held_out", "hardware")
_STEP = ("attention", "window", "options", "layers", "losses", "training", "fields")
_TEXT = ("name", "fingerprint", "tokens")


def keep_summary(config: Replicate, folders: Folders) -> None:
    """Writes what the notes of the models say of their making."""
    models: dict[str, Any] = {}
    text: dict[str, Any] = {}
    for step in recipe_of(config, folders).steps:
        note = folders.note(step.name)
        if note is None:
            continue
        told = (note.get("step") or {}).get("settings") or {}
        models[step.name] = {
            "of": step.model if folders.note(step.model) else None,
            **{key: note[key] for key in _KEPT if key in note},
            "step": {key: told[key] for key in _STEP if key in told},
        }
        if "corpus" in note:
            read = {key: note["corpus"].get(key) for key in _TEXT}
            models[step.name]["text"] = read["fingerprint"]
            text[str(read["fingerprint"])] = read
    value = {"kind": "replicate", "name": config.name, "seed": config.seed, "text": text, "models": models}
    write_json(config.results / SUMMARY, value)
