"""How each model came about, in one small file beside the kept results, in which no folder of the machine is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.errors import GonerdError
from gonerd.files import read_json, write_json
from gonerd.models.distill.steps import Step
from gonerd.models.settings import first_difference

from .cell import plain
from .evidence import SUMMARY, Evidence
from .own import trained
from .places import Folders
from .recipes import kind_of, made_by, recipes_of, tokens_of

if TYPE_CHECKING:
    from .config import Replicate

_KEPT = (
    *("layers", "max_length", "weights_sha256", "config_sha256", "attention_used", "hardware"),
    *("best_step", "loss", "held_out"),
)
_STEP = ("step", "attention", "max_length", "window", "options", "layers", "losses", "training", "fields")
_TEXT = ("name", "fingerprint", "tokens")


def keep_summary(config: Replicate, folders: Folders) -> None:
    """Writes what the notes of the models say of their making, unless it stands there already."""
    models: dict[str, Any] = {}
    text: dict[str, Any] = {}
    for step in _steps(config, folders):
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
    value: dict[str, Any] = {"kind": "replicate", "name": config.name, "seed": config.seed}
    value |= {"encoder": config.encoder.title, "text": text, "models": models}
    path = config.results / SUMMARY
    before = read_json(path, f"remove {path}") if path.is_file() else {}
    value = plain(_with_elsewhere(config, before, value))
    if models and before != value:
        write_json(path, value)


def _steps(config: Replicate, folders: Folders) -> list[Step]:
    return [step for recipe in recipes_of(config, folders) for step in recipe.steps]


def _with_elsewhere(config: Replicate, before: Mapping[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Adds what stands there of models of other seeds, which another working folder made."""
    ours = {trained(config, name) for name in value["models"]}
    models = {name: told for name, told in before.get("models", {}).items() if trained(config, name) not in ours}
    read = {told["text"] for told in models.values() if "text" in told}
    text = {name: told for name, told in before.get("text", {}).items() if name in read}
    return value | {"text": text | value["text"], "models": models | value["models"]}


def check_made(config: Replicate, evidence: Evidence) -> None:
    """Refuses to describe models by a configuration that they were not made by.

    Raises:
        GonerdError: A step was made otherwise; the message names it and the key.
    """
    where = config.results / SUMMARY
    wanted: dict[str, Any] = {"encoder": config.encoder.title}
    held: dict[str, Any] = {"encoder": evidence.encoder or config.encoder.title}
    for step in _steps(config, Folders(config, Path())):
        if step.name in evidence.models:
            held[step.name] = evidence.models[step.name]["step"]
            told = plain({"step": kind_of(step), **step.model_dump(mode="json")})
            wanted[step.name] = {key: value for key, value in told.items() if key in held[step.name]}
    if different := first_difference(wanted, held):
        raise GonerdError(
            f"{where}: what was made differs from the configuration in {different!r}, so the document would describe "
            "another setting; restore the configuration, or make the models anew with `gonerd evaluate replicate`"
        )
