"""A reader in a folder, and the encoder that it starts from: safetensors only, no code of theirs is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoTokenizer

from gonerd.annotation.reader import NAME, Reader
from gonerd.errors import GonerdError
from gonerd.files import read_json, write_json
from gonerd.labels import BIO_TAGS

from . import CHAIN, FOLDER, SETTINGS, WEIGHTS
from .device import best_device
from .net import ReaderNet
from .reader import EncoderReader
from .windows import FEATURES, SHAPES

# A chain of another kind of weights would give no probabilities.
_LAYOUT = {"features": FEATURES, "shapes": SHAPES, "tags": list(BIO_TAGS), "chain": "lbfgs"}
_REMEDY = "train the pipeline again"


def start(encoder: str, seed: int = 0) -> EncoderReader:
    """Makes an unfitted reader.

    Args:
        encoder: Folder or hub id of an encoder, or the folder of a pipeline that has such a reader, to learn on.
        seed: Of what is not pretrained.

    Raises:
        GonerdError: It cannot be loaded, or has no fast tokenizer.
    """
    if (Path(encoder) / FOLDER / WEIGHTS).exists():
        return load(Path(encoder) / FOLDER)
    torch.manual_seed(seed)
    model, tokenizer = _pretrained(encoder)
    return EncoderReader(ReaderNet(model).to(best_device()).eval(), tokenizer)


def load(folder: Path, source: str = NAME) -> EncoderReader:
    """Opens a fitted reader.

    Args:
        folder: Where `save` wrote it.
        source: Provenance of what it finds.

    Raises:
        GonerdError: The folder holds none, or one of another layout.
    """
    if read_json(folder / SETTINGS, _REMEDY).get("layout") != _LAYOUT:
        raise GonerdError(f"{folder / SETTINGS}: the reader was made by another version; {_REMEDY}")
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model: Any = AutoModel  # its from_config has no types
        net = ReaderNet(model.from_config(config, trust_remote_code=False, **_bare(config)))
        net.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise GonerdError(f"{folder}: not a reader ({' '.join(str(error).split())[:200]}); {_REMEDY}") from error
    return EncoderReader(net.to(best_device()).eval(), tokenizer, Reader.load(folder / CHAIN), source)


def save(reader: EncoderReader, folder: Path, note: dict[str, Any]) -> None:
    """Writes a reader.

    Args:
        reader: The reader.
        folder: Where; made when it is not there.
        note: How the reader was made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reader.net.encoder.config.save_pretrained(folder)
    reader.tokenizer.save_pretrained(folder)
    save_file({name: value.cpu().contiguous() for name, value in reader.net.state_dict().items()}, folder / WEIGHTS)
    if reader.chain is not None:
        (folder / CHAIN).write_bytes(reader.chain.model)
    write_json(folder / SETTINGS, {**note, "layout": _LAYOUT})


def _pretrained(encoder: str) -> tuple[Any, Any]:
    try:
        config = AutoConfig.from_pretrained(encoder, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            encoder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32, **_bare(config)
        )
        tokenizer = AutoTokenizer.from_pretrained(encoder, add_prefix_space=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        problem = " ".join(str(error).split())[:200]
        raise GonerdError(
            f"--encoder {encoder!r} cannot be loaded ({problem}); name the folder of an encoder, a hub id that can be "
            "reached, or the folder that `gonerd models teacher` prints"
        ) from error
    if not tokenizer.is_fast:
        raise GonerdError(f"--encoder {encoder!r} has no fast tokenizer, so words cannot be told apart")
    return model, tokenizer


def _bare(config: Any) -> dict[str, Any]:
    """BERT's family brings a layer for sentence pairs that no word needs."""
    return {"add_pooling_layer": False} if config.model_type in ("bert", "longformer", "roberta") else {}
