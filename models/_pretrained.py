"""Opening checkpoints safely: safetensors only, no code from the hub, one sentence when it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from gonerd.errors import GonerdError

from .heads import head_named

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def locate(source: Path | str) -> str:
    """Returns the folder or hub id that `source` means.

    Raises:
        GonerdError: It is a folder without config.json, or neither a folder nor a possible hub id.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise GonerdError(f"{path}: no config.json in this folder; name the folder of a saved model, or a hub id")
        return str(path)
    if isinstance(source, Path) or path.exists() or not _HUB_ID.fullmatch(str(source)) or str(source)[0] == ".":
        raise GonerdError(f"{source}: no such folder; name the folder of a saved model, or a hub id")
    return str(source)


@contextmanager
def _opening(source: str, what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        cause = " ".join(str(error).split()).split(". ")[0][:200]
        raise GonerdError(
            f"{source}: {what} could not be loaded, neither from a folder of that name nor from the hub ({cause}); "
            "name a folder with config.json, model.safetensors and a tokenizer, or a hub id that can be reached"
        ) from error


def open_config(source: str, revision: str | None) -> PreTrainedConfig:
    """Loads a configuration.

    Raises:
        GonerdError: It is missing, unreachable or malformed.
    """
    with _opening(source, "configuration"):
        config: PreTrainedConfig = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
    return config


def architecture(config: PreTrainedConfig) -> str:
    """Returns the name of the class a checkpoint was saved from; a bare encoder where it does not say."""
    return str((config.architectures or ["Model"])[0])


def open_tokenizer(source: str, revision: str | None) -> PreTrainedTokenizerBase:
    """Loads a tokenizer.

    Raises:
        GonerdError: It is missing, unreachable or malformed.
    """
    with _opening(source, "tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            source, revision=revision, trust_remote_code=False
        )
    # Without its files transformers makes up a tokenizer of special tokens alone, and says nothing.
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise GonerdError(f"{source}: no tokenizer here; save one beside the model (tokenizer.json)")
    return tokenizer


def open_model(source: str, head: str, revision: str | None, **overrides: Any) -> PreTrainedModel:
    """Loads a model with a head, in evaluation mode, in fp32 unless `dtype` says otherwise.

    Raises:
        GonerdError: Weights are missing, unreachable, malformed or not safetensors.
        UsageError: The head is unknown.
    """
    # A checkpoint stored in half precision would otherwise train, and be timed, in half precision unasked.
    overrides.setdefault("dtype", torch.float32)
    auto = head_named(head).auto
    with _opening(source, "safetensors weights"):
        model: PreTrainedModel = auto.from_pretrained(
            source, revision=revision, trust_remote_code=False, use_safetensors=True, **overrides
        )
    return model
