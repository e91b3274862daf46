"""What a model is and what it costs, from its configuration: no weights are loaded.

Shapes: n tokens, E width, I width of the feed-forward block.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from transformers import PreTrainedConfig, PreTrainedModel

from gonerd.errors import UsageError

from ._pretrained import architecture, locate, open_config
from .attention import AttentionPattern, attention_used, pattern_of
from .attention._dense import STRETCH
from .heads import HEADS, head_of
from .load import position_limit
from .weights import weights_sha256

# Of one text on the CPU, beside the weights: hidden states, queries, keys and values, what attention made, and room to
# embed and to merge; the buffers of the feed-forward block; what libraries take when they first compute.
ROWS_HELD, FIXED_BYTES = 8, 16_000_000
_SIZES = (
    "attention_window",
    "attention_type",
    "block_size",
    "num_random_blocks",
    "sparse_block_size",
    "sparsity_factor",
    "sparsity_type",
    "num_global_tokens",
    "num_landmarks",
    "conv_kernel_size",
)


def describe(model_or_id: Path | str, length: int | None = None, revision: str | None = None) -> dict[str, Any]:
    """Describes a model.

    Args:
        model_or_id: Folder of a saved model, or a hub id, of which the configuration alone is fetched.
        length: Tokens of the text whose cost is told; the model's longest input when not given.
        revision: Commit, tag or branch on the hub.

    Returns:
        Architecture, attention, sizes, parameters, the hash of the weights where they are on this machine, and the
        cost of a text of `length` tokens: operations of the dense layers and of attention (2 for each product that is
        added), and bytes.

    Raises:
        GonerdError: It is missing, unreachable, malformed or of an unknown kind.
        UsageError: The model takes no text of that length.
    """
    source = locate(model_or_id)
    config = open_config(source, revision)
    model, pattern = _outline(config)
    body: Any = model.base_model
    limit = position_limit(model)
    length = limit if length is None else length
    if not 1 <= length <= limit:
        raise UsageError(f"--length {length}: {source} takes 1 to {limit} tokens")
    sizes = {name: _single(getattr(config, name)) for name in _SIZES if getattr(config, name, None) is not None}
    return {
        "model": source,
        "architecture": architecture(config),
        "attention": attention_used(model),
        **sizes,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "heads": config.num_attention_heads,
        "parameters": sum(p.numel() for p in model.parameters()),
        "embedding_parameters": sum(p.numel() for p in body.embeddings.parameters()),
        "longest_input": limit,
        "weights_sha256": _hash(source, revision),
        "length": length,
        **costs(model, pattern, length),
    }


def costs(model: PreTrainedModel, pattern: AttentionPattern | None, length: int) -> dict[str, int | None]:
    """Counts operations and estimates bytes of one text of `length` tokens, computed by the accelerated model.

    Dense layers take 2 n (4 E² + 2 E I) operations in each layer, attention 4 E for each pair that a head scores.
    Activations take about 4 (8 n E + 1024 (E + I)) bytes and 16 MB, whatever the depth. A process really grew by 0.7 to
    1.25 times that (base size, four patterns, 512 to 8,192 tokens, two settings of the allocator).
    """
    config: Any = model.config
    width, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    rows = length + getattr(config, "num_global_tokens", 0)
    weights = sum(tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers()))
    return {
        "dense_flops": 2 * rows * (4 * width**2 + 2 * width * inner) * layers,
        "attention_flops": None if pattern is None else 4 * width * pattern.pairs(length, config) * layers,
        "weight_bytes": weights,
        "activation_bytes": FIXED_BYTES + 4 * (ROWS_HELD * rows * width + min(rows, STRETCH) * (width + inner)),
    }


def _outline(config: PreTrainedConfig) -> tuple[PreTrainedModel, AttentionPattern | None]:
    """Returns the model without memory for its weights, accelerated, and its pattern."""
    with torch.device("meta"):
        model = HEADS[head_of(architecture(config))].auto.from_config(config, dtype=torch.float32).eval()
    pattern = pattern_of(model)
    if pattern is not None:
        pattern.accelerate(model)
        # What computes the attention hangs on where the weights lie.
        model.base_model.encoder.layer[0].attention.self.query.to_empty(device="cpu")
    return model, pattern


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(set(value)) == 1 else value


def _hash(source: str, revision: str | None) -> str | None:
    """The hash of weights that are on this machine; of a hub model, of the revision that was fetched last."""
    folder = local_folder(source, revision)
    return None if folder is None else weights_sha256(folder)


def local_folder(source: str, revision: str | None = None) -> Path | None:
    """Returns where the safetensors files of a folder or hub id lie on this machine, if they do."""
    if Path(source).is_dir():
        return Path(source) if any(Path(source).glob("*.safetensors")) else None
    for name in ("model.safetensors", "model.safetensors.index.json"):
        found = try_to_load_from_cache(source, name, revision=revision)
        if isinstance(found, str):
            return Path(found).parent
    return None


def readable(facts: dict[str, Any]) -> str:
    """Renders what `describe` returned as lines of a name and a value."""
    shown = {name: _shown(name, value) for name, value in facts.items()}
    wide = max(map(len, shown))
    return "\n".join(f"{name.replace('_', ' '):<{wide}}  {value}" for name, value in shown.items())


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "not on this machine" if name == "weights_sha256" else "unknown"
    if name.endswith("_flops"):
        return f"{value / 1e9:,.1f} GFLOP"
    if name.endswith("_bytes"):
        return f"{value / 1e6:,.0f} MB"
    return f"{value:,}" if isinstance(value, int) else str(value)
