"""What must be known of a model before it is measured."""

from __future__ import annotations

from gonerd.evaluation.environment import best_device
from gonerd.models._pretrained import locate
from gonerd.models.attention import pattern_of
from gonerd.models.info import local_folder
from gonerd.models.load import load_model, position_limit, weights_sha256

from .plan import SIZES, Facts


def facts_of(model_or_id: str) -> Facts:
    """Loads a model once, as a cell will.

    Raises:
        GonerdError: It cannot be loaded.
    """
    source = locate(model_or_id)
    model, _ = load_model(source, None, device="cpu")
    pattern, folder = pattern_of(model), local_folder(source)
    return Facts(
        source=source,
        model_type=model.config.model_type,
        pattern=None if pattern is None else pattern.name,
        longest=position_limit(model),
        sizes={name: getattr(model.config, name) for name in SIZES if hasattr(model.config, name)},
        weights_sha256=weights_sha256(model),
        disk_bytes=None if folder is None else sum(file.stat().st_size for file in folder.glob("*.safetensors")),
        device=best_device(),
    )
