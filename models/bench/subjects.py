"""What a cell runs: a model on a text, on a batch of unequal documents, or a step of training.

Weights are random and follow from the seed, so that the variants of one pattern and depth hold the same.

Shapes: n tokens of a text, T tokens of all documents, E width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gonerd.models.attention import attention_used
from gonerd.models.attention._dense import project_into
from gonerd.models.attention._encoder import Unpadded

from .bodies import VOCABULARY, body

LENGTHS = {"mixed": (900, 0.8), "sentences": (11, 0.45)}  # median of the lengths, and sigma


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        run: Computes once; returns what can be compared with other variants, (rows, E), or None.
        attention: Names what computes the attention.
        tokens: Tokens that are computed, padding left out.
    """

    run: Callable[[], Tensor | None]
    attention: str
    tokens: int


def make(job: dict[str, Any]) -> Subject:
    """Makes what a job of `plan` describes."""
    if job["variant"] == "floor":
        return _floor(job)
    model = body(job)
    name = attention_used(model)
    if job["kind"] == "train":
        inputs = _inputs(model, [_text(job["length"], job["seed"])])
        return Subject(lambda: _trained(model.train(), inputs), name, job["length"])
    if job["kind"] == "length":
        inputs = _inputs(model, [_text(job["length"], job["seed"])])
        return Subject(lambda: model(**inputs).last_hidden_state[0], name, job["length"])
    texts = [_text(length, job["seed"] + i) for i, length in enumerate(document_lengths(job))]
    total = sum(map(len, texts))
    if job["kind"] == "sentences":
        inputs = _inputs(model, texts)
        return Subject(lambda: _trained(model.train(), inputs, job["variant"].endswith("bf16")), name, total)
    if job["variant"] in ("hf-one-by-one", "roberta-sdpa"):
        batches = [_inputs(model, [text]) for text in texts]
    else:
        batches = [_inputs(model, texts)]
    return Subject(lambda: torch.cat([_real(model, batch) for batch in batches]), name, total)


def document_lengths(job: dict[str, Any]) -> list[int]:
    """Lengths of the documents of a batch: lognormal, none longer than `length`."""
    median, sigma = LENGTHS[job["kind"]]
    generator = torch.Generator().manual_seed(job["seed"])
    normal = torch.randn(job["documents"], generator=generator) * sigma + math.log(median)
    return [max(1, min(job["length"], round(value))) for value in normal.exp().tolist()]


def _text(length: int, seed: int) -> Tensor:
    return torch.randint(5, VOCABULARY, (length,), generator=torch.Generator().manual_seed(seed))


def _inputs(model: Any, texts: list[Tensor]) -> dict[str, Tensor]:
    padding = model.config.pad_token_id
    ids = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True, padding_value=padding)
    lengths = torch.tensor([len(text) for text in texts])
    inputs = {"input_ids": ids, "attention_mask": (torch.arange(ids.shape[1]) < lengths[:, None]).long()}
    if model.config.model_type == "longformer":
        inputs["global_attention_mask"] = torch.zeros_like(ids)
        inputs["global_attention_mask"][:, 0] = 1
    return inputs


def _real(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """Runs a batch; returns the real tokens' outputs, (T, E)."""
    if hasattr(model, "set_attention_type") and not isinstance(model, Unpadded):
        model.set_attention_type("block_sparse")  # one short text has switched it to full attention for good
    out: Tensor = model(**inputs).last_hidden_state[inputs["attention_mask"] == 1]
    return out


def _trained(model: Any, inputs: dict[str, Tensor], bf16: bool = False) -> Tensor:
    """Runs a step without its update; returns a gradient."""
    model.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        out = model(**inputs).last_hidden_state
    (out.float().square() * inputs["attention_mask"][..., None]).mean().backward()
    gradient: Tensor = model.encoder.layer[0].attention.self.value.weight.grad
    return gradient


def _floor(job: dict[str, Any]) -> Subject:
    """The products of the dense layers, by the library that layers use: what no attention can avoid."""
    width, length = job["hidden"], job["length"]
    shapes = [(width, width)] * 4 + [(width, 4 * width), (4 * width, width)]
    layers = [torch.nn.Linear(a, b) for a, b in shapes]
    work = [
        (layer, torch.randn(length, layer.in_features), torch.empty(length, layer.out_features)) for layer in layers
    ]

    def run() -> None:
        for _ in range(job["layers"]):
            for layer, x, out in work:
                project_into([layer], x, [out])

    return Subject(run, "none", length)
