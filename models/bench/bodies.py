"""The models that are measured: random weights that follow from the seed, in the usual settings of each pattern."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from gonerd.models import modeling_lsg
from gonerd.models.attention import accelerate

VOCABULARY = 1000


def body(job: dict[str, Any]) -> Any:
    """Makes the model of a job of `plan`, in evaluation mode."""
    hidden, layers, length = job["hidden"], job["layers"], job["length"]
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": hidden // (64 if hidden % 64 == 0 else 32),
        "intermediate_size": 4 * hidden,
        # Longformer and BigBird as Hugging Face has them pad to a multiple of the window or block.
        "max_position_embeddings": -(-length // 512) * 512 + 2,
        "vocab_size": VOCABULARY,
        "hidden_dropout_prob": job["dropout"],
        "attention_probs_dropout_prob": job["dropout"],
    }
    torch.manual_seed(job["seed"])
    if job["variant"] == "roberta-sdpa":
        return _full(sizes, layers, length).eval()
    model = MAKERS[job["pattern"]](sizes, layers, length).eval()
    return accelerate(model, int8=job["variant"].endswith("int8")) if job["variant"].startswith("ours") else model


def _full(sizes: dict[str, Any], layers: int, length: int) -> Any:
    config = transformers.RobertaConfig(**sizes)
    config._attn_implementation = "sdpa"
    return transformers.RobertaModel(config, add_pooling_layer=False)


def _longformer(sizes: dict[str, Any], layers: int, length: int) -> Any:
    config = transformers.LongformerConfig(**sizes, attention_window=[512] * layers)
    return transformers.LongformerModel(config, add_pooling_layer=False)


def _bigbird(sizes: dict[str, Any], layers: int, length: int) -> Any:
    config = transformers.BigBirdConfig(**sizes, block_size=64, num_random_blocks=3)
    return transformers.BigBirdModel(config, add_pooling_layer=False)


def _lsg(sizes: dict[str, Any], layers: int, length: int) -> Any:
    config = modeling_lsg.LSGConfig(**sizes, block_size=128, sparse_block_size=128, sparsity_factor=4)
    return modeling_lsg.LSGModel(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]


def _nystromformer(sizes: dict[str, Any], layers: int, length: int) -> Any:
    return transformers.NystromformerModel(transformers.NystromformerConfig(**sizes, segment_means_seq_len=length))


MAKERS = {"full": _full, "longformer": _longformer, "bigbird": _bigbird, "lsg": _lsg, "nystromformer": _nystromformer}
PATTERNS = tuple(MAKERS)
