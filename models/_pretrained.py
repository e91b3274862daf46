"""Opening checkpoints safely: safetensors only, no code from the hub, one sentence when it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from gonerd.errors import GonerdError

from .attention import ATTENTION
from .attention._lsg_public import CLASSES, PublicLSG
from .heads import HEADS, head_named
from .weights import tensors_of

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
    """Loads a configuration; that of a public LSG checkpoint as the class has it that is loaded for it.

    Raises:
        GonerdError: It is missing, unreachable or malformed.
    """
    config = _stated_config(source, revision)
    return PublicLSG(config).config() if PublicLSG.recognises(config) else config


def _stated_config(source: str, revision: str | None) -> PreTrainedConfig:
    ATTENTION.names()  # importing a pattern makes its classes known to the Auto classes
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
        GonerdError: Weights are missing, left over, unreachable, malformed or not safetensors.
        UsageError: The head is unknown.
    """
    # A checkpoint stored in half precision would otherwise train, and be timed, in half precision unasked.
    overrides.setdefault("dtype", torch.float32)
    auto = head_named(head).auto
    stated = _stated_config(source, revision)
    public = PublicLSG(stated) if PublicLSG.recognises(stated) else None
    with _opening(source, "safetensors weights"):
        if public is None:
            place: dict[str, Any] = {"revision": revision, "trust_remote_code": False, "use_safetensors": True}
            # Other shapes are told in the report, and refused below by name.
            place |= {"output_loading_info": True, "ignore_mismatched_sizes": True}
            model, report = auto.from_pretrained(source, **place, **overrides)
        else:
            config, dtype = public.config(), overrides.pop("dtype")
            config.update(overrides)
            state = public.ours(_tensors(source, revision))
            model, report = CLASSES[head].from_pretrained(
                None,
                config=config,
                state_dict=state,
                dtype=dtype,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
            model.name_or_path = model.config._name_or_path = source
    check_complete(model, report, architecture(stated if public is None else config), source)
    made: PreTrainedModel = model
    return made


def _tensors(source: str, revision: str | None) -> dict[str, Tensor]:
    folder = source
    if not Path(source).is_dir():
        folder = snapshot_download(source, revision=revision, allow_patterns=["*.safetensors", "*.json"])
    return dict(tensors_of(Path(folder)))


def check_complete(model: PreTrainedModel, report: Mapping[str, Any], saved_from: str, source: str) -> None:
    """Refuses a model some of whose weights are not those of the checkpoint.

    A head that the checkpoint does not bear begins at random, and the one that it bears instead is left out. A pooler
    counts as a head, and one that nobody reads may be left over.

    Args:
        model: The model.
        report: What was missing and left over, as `from_pretrained` tells it.
        saved_from: Name of the class that the checkpoint was saved from.
        source: Where it was loaded from.

    Raises:
        GonerdError: Other weights are missing or left over, or some have other shapes than the configuration says.
    """
    unlike = sorted(report["mismatched_keys"])
    if unlike:
        shapes = [f"{key} is {tuple(found)}, not {tuple(wanted)}" for key, found, wanted in unlike]
        raise GonerdError(
            f"{source}: {_listed('weights of another shape than config.json says', shapes)}; mend the field that "
            "is wrong there, for instance the number of labels, or complete the checkpoint"
        )
    body = model.base_model
    inside = {child for child, _ in body.named_children()} - {"pooler"}
    name = type(model).__name__
    same_head = any(saved_from.endswith(head.suffixes) and name.endswith(head.suffixes) for head in HEADS.values())

    def in_body(key: str) -> bool:
        return key.removeprefix(f"{model.base_model_prefix}.").split(".")[0] in inside

    missing = sorted(
        key
        for key in report["missing_keys"]
        if in_body(key) or (same_head and not (model is body and key.startswith("pooler.")))
    )
    left = {key for key in report["unexpected_keys"] if not key.endswith(("position_ids", "token_type_ids"))}
    extra = sorted(key for key in left if in_body(key) or (saved_from == name and "pooler." not in key))
    if missing or extra:
        raise GonerdError(
            f"{source}: the weights are not those of {name}: {_listed('missing', missing)}, "
            f"{_listed('left over', extra)}; complete the checkpoint, or name the class it was saved from in "
            "config.json, field 'architectures'"
        )


def _listed(what: str, names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} {what}" + (f" ({shown})" if names else "")
