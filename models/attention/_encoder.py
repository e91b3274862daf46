"""Hugging Face encoders without padding: the batch as one row of tokens, attention document by document.

`Unpadded` goes in front of a base model's class, and the class of a loaded model is swapped for the result. Weights,
their names, hooks on the model and what `save_pretrained` writes stay what they are; the modules inside a layer
are read, not called.

Shapes: B batch, N tokens of the padded batch, T rows, n tokens of one document, H heads, D head dim, E width.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from gonerd.errors import GonerdError

from ._dense import FeedForward, project
from ._kernel import implementation
from ._rows import Document, Packing, Rows, packing, sliced, split, surrounded


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's attention, as a pattern sees it.

    Attributes:
        module: Its self-attention: linear layers `query`, `key`, `value`, and whatever else the family has.
        config: Configuration of the model.
        number: Its place in the model, from 0.
        heads: H.
        dropout: Probability of dropping an attention weight now: 0 in evaluation.
    """

    module: Any
    config: PreTrainedConfig
    number: int
    heads: int
    dropout: float


class Scheme:
    """What a pattern brings: the attention of one document in one layer. It holds no state."""

    def name(self, config: PreTrainedConfig) -> str:
        """Says which attention is computed, in front of the name of the kernel; empty when there is only one."""
        return ""

    def margins(self, layer: Layer, document: Document) -> tuple[int, int]:
        """Returns how many rows before and behind the document `context` may reach into."""
        return 0, 0

    def context(self, layer: Layer, hidden: Tensor, rows: Rows, document: Document) -> Tensor:
        """Attends from every token of a document.

        Args:
            layer: The layer.
            hidden: Its input, (n, E).
            rows: Its queries, keys and values.
            document: The document.

        Returns:
            (n, E).
        """
        raise NotImplementedError

    def first(self, layer: Layer, hidden: Tensor, document: Document) -> Tensor:
        """Attends from the first token of a document, (1, E), for heads that read no other."""
        raise NotImplementedError


class Unpadded:
    """Mixin: a base model whose forward pass runs on real tokens alone.

    Outputs are those of the class it stands in front of, with three differences: padding is zero; a document behind
    padding has the positions and blocks that it would have alone; attention weights cannot be had.
    """

    scheme: ClassVar[Scheme]
    output: ClassVar[Any] = BaseModelOutputWithPoolingAndCrossAttentions
    reads_first = False  # true while a head runs that reads the first token only

    config: Any
    embeddings: Any
    encoder: Any
    pooler: Any
    training: bool

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        **options: Any,
    ) -> Any:
        """Computes hidden states.

        Args:
            input_ids: (B, N).
            attention_mask: (B, N), zero at padding.
            token_type_ids: (B, N); zeros when not given.
            position_ids: (B, N); counted within each document when not given.
            inputs_embeds: (B, N, E), in place of `input_ids`.
            options: `output_hidden_states` and `return_dict`.

        Returns:
            What the class computes that this one stands in front of.

        Raises:
            GonerdError: Attention weights, a cache or cross-attention were asked for, or the mask has a wrong shape.
        """
        return self.compute(input_ids, attention_mask, None, token_type_ids, position_ids, inputs_embeds, options)

    def compute(
        self,
        input_ids: Tensor | None,
        attention_mask: Tensor | None,
        marked: Tensor | None,
        token_type_ids: Tensor | None,
        position_ids: Tensor | None,
        inputs_embeds: Tensor | None,
        options: dict[str, Any],
    ) -> Any:
        """`forward`, with the tokens that have global attention, bool (B, N), or None."""
        given = input_ids if input_ids is not None else inputs_embeds
        if given is None or (input_ids is not None and inputs_embeds is not None):
            raise ValueError("give either input_ids or inputs_embeds")
        states = _wanted_states(self.config, options)
        batch, length = given.shape[:2]
        if attention_mask is not None and attention_mask.shape != (batch, length):
            raise GonerdError(
                f"attention_mask has the shape {tuple(attention_mask.shape)}, and the text {(batch, length)}; "
                "give one number a token, 0 at padding"
            )
        is_padding = None if attention_mask is None else attention_mask.to(given.device) == 0
        packed = packing(is_padding, marked, batch, length, given.device)
        hidden = embedded(self.embeddings, packed, input_ids, token_type_ids, position_ids, inputs_embeds)
        kept = [packed.unpack(hidden, copy=True)] if states else None
        only_first = self.reads_first and not states
        hidden = self._layers(hidden, packed, kept, only_first)
        firsts = hidden if only_first else _firsts(hidden, packed)
        if only_first:
            last = firsts.new_zeros(batch, length, firsts.shape[1])
        else:
            last = kept[-1] if kept else packed.unpack(hidden)
        if self.reads_first:
            last = torch.cat([firsts[:, None], last[:, 1:]], 1) if torch.is_grad_enabled() else _put(last, firsts)
        values = {"last_hidden_state": last, "pooler_output": self._pooled(firsts)}
        out = self.output(**values, hidden_states=None if kept is None else _chosen(kept, states))
        as_object = options.get("return_dict")
        return out.to_tuple() if not (self.config.return_dict if as_object is None else as_object) else out

    def _pooled(self, firsts: Tensor) -> Tensor | None:
        if self.pooler is None:
            return None
        if isinstance(self.pooler, nn.Linear):  # BigBird
            activation: Any = getattr(self, "activation")  # noqa: B009 (no other family has it)
            pooled: Tensor = activation(self.pooler(firsts))
        else:
            pooled = self.pooler(firsts[:, None])
        return pooled

    def layers(self) -> list[Layer]:
        """Describes each layer's attention, in the mode the model is in."""
        return [
            Layer(part.attention.self, self.config, number, *_numbers(part.attention.self))
            for number, part in enumerate(self.encoder.layer)
        ]

    def implementation(self) -> str:
        """Names what computes the attention, here and now."""
        layers = self.layers()
        like = next(iter(layers[0].module.query.parameters()))
        parts = [self.scheme.name(self.config), "unpadded", implementation(like, layers[0].dropout)]
        return "-".join(part for part in parts if part)

    def _layers(self, hidden: Tensor, packed: Packing, kept: list[Tensor] | None, only_first: bool) -> Tensor:
        """Runs all layers; returns (T, E), or the first token of each sequence, (B, E)."""
        scheme, layers = self.scheme, self.layers()
        if not packed.documents:
            if kept is not None:
                kept.extend(kept * len(layers))
            return hidden.new_zeros(packed.batch, hidden.shape[1]) if only_first else hidden
        bare = torch.is_grad_enabled() or self.training or hidden.device.type != "cpu"
        step: Any = _Step if bare or torch.is_autocast_enabled("cpu") else _InferenceStep
        run = step(scheme, layers, packed, hidden)
        for layer, part in zip(layers, self.encoder.layer, strict=True):
            if only_first and layer.number == len(layers) - 1:
                return _last(scheme, layer, part, hidden, packed)
            if self.training and getattr(part, "gradient_checkpointing", False):
                hidden = part._gradient_checkpointing_func(partial(run, layer, part), hidden)
            else:
                hidden = run(layer, part, hidden)
            if kept is not None:
                kept.append(packed.unpack(hidden, copy=True))  # the next layer may work in place
        return hidden


def _numbers(attention: Any) -> tuple[int, float]:
    """A self-attention's number of heads and its dropout; the families differ in what they call and keep."""
    heads = getattr(attention, "num_heads", None) or attention.num_attention_heads
    dropout = getattr(attention, "dropout", None)
    if dropout is None:
        dropout = attention.config.attention_probs_dropout_prob if hasattr(attention, "config") else 0.0
    return heads, float(getattr(dropout, "p", dropout)) if attention.training else 0.0


class _Step:
    """One layer, of modules that autograd, autocast and any device understand."""

    def __init__(self, scheme: Scheme, layers: Iterable[Layer], packed: Packing, hidden: Tensor) -> None:
        self.scheme, self.documents, self.total = scheme, packed.documents, len(hidden)
        self.reaches = [[scheme.margins(layer, document) for document in self.documents] for layer in layers]

    def margins(self, reaches: list[tuple[int, int]]) -> tuple[int, int]:
        """Rows of filler before and behind the row of all documents."""
        before = max(reach[0] - d.first for reach, d in zip(reaches, self.documents, strict=True))
        after = max(reach[1] + d.first + d.length for reach, d in zip(reaches, self.documents, strict=True))
        return max(before, 0), max(after - self.total, 0)

    def attended(self, layer: Layer, hidden: Tensor, rows: tuple[Tensor, ...], before: int) -> Tensor:
        """Attends document by document.

        Args:
            layer: The layer.
            hidden: Its input, (T, E).
            rows: Queries, keys and values, each (rows with filler, E).
            before: Rows of filler before the first document.
        """
        reaches = self.reaches[layer.number]
        spans = [
            (before + d.first - reach[0], before + d.first + d.length + reach[1])
            for reach, d in zip(reaches, self.documents, strict=True)
        ]
        inputs = sliced((hidden,), [(d.first, d.first + d.length) for d in self.documents])
        parts = sliced([split(row, -1, layer.heads, -1) for row in rows], spans)
        out = [
            self.scheme.context(layer, one, Rows(q, k, v, reach[0]), document)
            for (one,), (q, k, v), reach, document in zip(inputs, parts, reaches, self.documents, strict=True)
        ]
        return out[0] if len(out) == 1 else self.joined(out)

    def joined(self, parts: list[Tensor]) -> Tensor:
        """Puts what the documents attended to end to end, (T, E)."""
        return torch.cat(parts)

    def __call__(self, layer: Layer, part: Any, hidden: Tensor) -> Tensor:
        before, after = self.margins(self.reaches[layer.number])
        filled, module = surrounded(hidden, before, after), layer.module
        context = self.attended(layer, hidden, (module.query(filled), module.key(filled), module.value(filled)), before)
        return _behind(part, context, hidden)


class _InferenceStep(_Step):
    """One layer on buffers that all layers share."""

    def __init__(self, scheme: Scheme, layers: list[Layer], packed: Packing, hidden: Tensor) -> None:
        super().__init__(scheme, layers, packed, hidden)
        margins = [self.margins(reaches) for reaches in self.reaches]
        self.before, after = (max(side) for side in zip(*margins, strict=True))
        self.rows = hidden.new_empty(3, self.before + len(hidden) + after, hidden.shape[1])
        self.rows[:, : self.before] = self.rows[:, self.before + len(hidden) :] = 0.0
        self.context = torch.empty_like(hidden) if len(packed.documents) > 1 else hidden
        self.behind: FeedForward | None = None

    def joined(self, parts: list[Tensor]) -> Tensor:
        return torch.cat(parts, out=self.context)

    def __call__(self, layer: Layer, part: Any, hidden: Tensor) -> Tensor:
        module = layer.module
        for projection, row in zip((module.query, module.key, module.value), self.rows, strict=True):
            project(projection, hidden, row[self.before : self.before + len(hidden)])
        context = self.attended(layer, hidden, tuple(self.rows), self.before)
        if self.behind is None:
            self.behind = FeedForward(hidden, part.intermediate.dense.out_features)
        self.behind(part, context, hidden)
        return hidden


def _behind(part: Any, context: Tensor, hidden: Tensor) -> Tensor:
    """Everything of a layer behind its attention."""
    attended = part.attention.output(context, hidden)
    out: Tensor = part.output(part.intermediate(attended), attended)
    return out


def _last(scheme: Scheme, layer: Layer, part: Any, hidden: Tensor, packed: Packing) -> Tensor:
    """The last layer for the first token of each sequence alone, (B, E)."""
    inputs = sliced((hidden,), [(d.first, d.first + d.length) for d in packed.documents])
    context = [scheme.first(layer, one, d) for (one,), d in zip(inputs, packed.documents, strict=True)]
    rows = torch.stack([one[0] for (one,) in inputs])
    out = _behind(part, torch.cat(context), rows)
    if packed.filled is not None:
        at = packed.filled.squeeze(1).nonzero().squeeze(1)
        out = out.new_zeros(packed.batch, out.shape[1]).index_copy_(0, at, out)
    return out


def _firsts(hidden: Tensor, packed: Packing) -> Tensor:
    if not packed.documents:
        return hidden.new_zeros(packed.batch, hidden.shape[1])
    rows = hidden[packed.firsts]
    return rows if packed.filled is None else rows * packed.filled


def _put(last: Tensor, firsts: Tensor) -> Tensor:
    last[:, 0] = firsts
    return last


def embedded(
    embeddings: Any,
    packed: Packing,
    input_ids: Tensor | None,
    token_type_ids: Tensor | None,
    position_ids: Tensor | None,
    inputs_embeds: Tensor | None,
) -> Tensor:
    """Embeds the real tokens, (T, E)."""
    given = input_ids if input_ids is not None else inputs_embeds
    assert given is not None
    if position_ids is None:
        rows = _positions(packed, getattr(embeddings, "padding_idx", None), input_ids, given.device)
    else:
        rows = packed.pack(position_ids.expand(given.shape[:2]))
    _check_positions(rows, packed, embeddings.position_embeddings.num_embeddings)
    types = torch.zeros_like(rows) if token_type_ids is None else packed.pack(token_type_ids.expand(given.shape[:2]))
    name = "input_ids" if input_ids is not None else "inputs_embeds"
    out: Tensor = embeddings(**{name: packed.pack(given)[None]}, token_type_ids=types[None], position_ids=rows[None])
    return out[0]


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _check_positions(rows: Tensor, packed: Packing, limit: int) -> None:
    if len(rows) and int(rows.max()) >= limit:
        longest = max(document.length for document in packed.documents)
        raise GonerdError(
            f"a text of {longest} tokens needs position {int(rows.max())}, and the model has {limit} of them "
            "(config.json, field 'max_position_embeddings'); convert it to a greater length, or cut the text"
        )


def _positions(packed: Packing, padding_idx: int | None, input_ids: Tensor | None, device: Any) -> Tensor:
    """Positions within each document, (T,); RoBERTa's family counts on from its padding id and skips padding."""
    counted = [torch.arange(d.length, device=device) for d in packed.documents]
    rows = torch.cat(counted) if counted else torch.zeros(0, dtype=torch.long, device=device)
    if padding_idx is None:
        return rows
    if input_ids is None:
        return rows + padding_idx + 1
    real = input_ids.ne(padding_idx).long()
    return packed.pack(real.cumsum(1) * real + padding_idx)


def _wanted_states(config: PreTrainedConfig, options: dict[str, Any]) -> Any:
    """Checks the options; returns which hidden states are wanted: a bool, a number or numbers."""
    ask = {name: options.get(name) for name in ("output_attentions", "output_hidden_states")}
    ask = {name: getattr(config, name, False) if value is None else value for name, value in ask.items()}
    if ask["output_attentions"]:
        raise GonerdError("output_attentions: accelerated attention keeps no weights; load the model unaccelerated")
    for name in ("encoder_hidden_states", "past_key_values"):
        if options.get(name) is not None:
            raise GonerdError(f"{name}: accelerated models are encoders only; load the model unaccelerated")
    return ask["output_hidden_states"]


def _chosen(states: list[Tensor], wanted: Any) -> tuple[Tensor | None, ...]:
    if wanted is True:
        return tuple(states)
    numbers = {n % len(states) for n in ([wanted] if isinstance(wanted, int) else wanted)}
    return tuple(state if n in numbers else None for n, state in enumerate(states))


def unpad(model: nn.Module, classes: dict[type, type]) -> None:
    """Swaps the class of every base model in `model` that has an unpadded one. Doing it twice changes nothing.

    Args:
        model: A model with any head.
        classes: Unpadded classes by the class that each stands in front of.

    Raises:
        GonerdError: A model is a decoder.
    """
    for module in model.modules():
        swapped = classes.get(type(module))
        if swapped is None:
            continue
        config: Any = module.config
        if getattr(config, "is_decoder", False) or getattr(config, "add_cross_attention", False):
            raise GonerdError(
                f"model type {config.model_type!r} (config.json): field 'is_decoder' or 'add_cross_attention' is set; "
                "only encoders can be accelerated"
            )
        # The class is swapped, not the module: weights, names, hooks and devices stay what they are.
        module.__class__ = swapped
        if module is not model and type(model).__name__.endswith("ForSequenceClassification"):
            # Only while the head runs: whoever calls the base model itself wants every token.
            model.register_forward_pre_hook(_head_begins)
            model.register_forward_hook(_head_ends, always_call=True)


def _head_begins(model: Any, _: Any) -> None:
    model.base_model.reads_first = True


def _head_ends(model: Any, _: Any, output: Any) -> None:
    model.base_model.reads_first = False


def used(model: Any) -> str:
    """Names what computes the attention of a base model: ours, or that of the class as it was loaded."""
    if isinstance(model, Unpadded):
        return model.implementation()
    # Longformer, BigBird and Nystromformer know a single implementation, and say "eager" of it or nothing.
    supports: bool = getattr(model, "_supports_sdpa", False)
    return str(model.config._attn_implementation) if supports else "huggingface"
