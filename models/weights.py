"""Fingerprints of a model that are the same in memory and on disk: of its weights, and of its configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from gonerd.errors import GonerdError

from .settings import fingerprint

_UNSTATED = ("_name_or_path", "transformers_version", "architectures", "dtype")  # fields that no output depends on


def config_sha256(config: PreTrainedConfig) -> str:
    """Hashes all fields of a configuration that outputs depend on: a window is in no weight."""
    return fingerprint({name: value for name, value in config.to_dict().items() if name not in _UNSTATED})


def weights_sha256(source: PreTrainedModel | Path | str) -> str:
    """Hashes names, types, shapes and bytes of all weights, whatever the files are called or how they are split.

    A folder that `gonerd.models.save` wrote and the model loaded from it with the same head have the same hash.

    Args:
        source: A model, or a folder with safetensors files.

    Returns:
        64 hexadecimal digits.

    Raises:
        GonerdError: The folder holds no safetensors file.
    """
    total = hashlib.sha256()
    named = _of_model(source) if isinstance(source, PreTrainedModel) else tensors_of(Path(source))
    for name, digest in sorted((name, _digest(tensor)) for name, tensor in named):
        total.update(f"{name} {digest}\n".encode())
    return total.hexdigest()


def _digest(tensor: Tensor) -> str:
    flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    shape = "x".join(str(size) for size in tensor.shape)
    return f"{tensor.dtype} {shape} {hashlib.sha256(flat.numpy().data).hexdigest()}"


def _of_model(model: PreTrainedModel) -> Iterator[tuple[str, Tensor]]:
    # Files hold one name of each group of tied weights; so does the hash.
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    for name, tensor in model.state_dict().items():
        if name not in tied:
            yield name, tensor


def tensors_of(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Reads the names and tensors of a folder's safetensors files.

    Raises:
        GonerdError: It holds none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise GonerdError(f"{folder}: no .safetensors file; name the folder of a saved model")
    for file in files:
        with safe_open(file, framework="pt") as handle:
            for name in handle.keys():  # noqa: SIM118 (not a dictionary)
                yield name, handle.get_tensor(name)
