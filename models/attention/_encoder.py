"""Hugging Face encoders without padding: the batch as one row of tokens, attention document by document.

`Unpadded` goes in front of a base model's class, and the class of a loaded model is swapped for the result. Weights,
their names, hooks on the model and what `save_pretrained` writes stay what they are; the modules inside a layer
are read, not called.

Shapes: B batch, N tokens of the padded batch, T rows, n tokens of one document, H heads, D head dim, E width.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from gonerd.errors import GonerdError
from gonerd.models.products import fast_products

from ._embedded import embedded
from ._int8_layers import uses_int8
from ._outputs import States, first_rows, pooled, put_first, wanted_states
from ._rows import Packing, packing
from ._scheme import Layer, Scheme, numbers
from ._steps import InferenceStep, Step, last_layer


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
        states = wanted_states(self.config, options)
        batch, length = given.shape[:2]
        if attention_mask is not None and attention_mask.shape != (batch, length):
            raise GonerdError(
                f"attention_mask has the shape {tuple(attention_mask.shape)}, and the text {(batch, length)}; "
                "give one number a token, 0 at padding"
            )
        is_padding = None if attention_mask is None else attention_mask.to(given.device) == 0
        packed = packing(is_padding, marked, batch, length, given.device)
        hidden = embedded(self, packed, input_ids, token_type_ids, position_ids, inputs_embeds)
        kept = States(states, len(self.encoder.layer) + 1, self._in_place(hidden)) if states else None
        if kept is not None:
            kept.add(hidden, packed)
        only_first = self.reads_first and not states
        with self._products():
            hidden = self._layers(hidden, packed, kept, only_first)
        firsts = hidden if only_first else first_rows(hidden, packed)
        if only_first:
            last = firsts.new_zeros(batch, length, firsts.shape[1])
        else:
            wanted = None if kept is None else kept.last()
            last = packed.unpack(hidden) if wanted is None else wanted
        if self.reads_first:
            last = torch.cat([firsts[:, None], last[:, 1:]], 1) if torch.is_grad_enabled() else put_first(last, firsts)
        values = {"last_hidden_state": last, "pooler_output": pooled(self, firsts)}
        out = self.output(**values, hidden_states=None if kept is None else tuple(kept.found))
        as_object = options.get("return_dict")
        return out.to_tuple() if not (self.config.return_dict if as_object is None else as_object) else out

    def layers(self) -> list[Layer]:
        """Describes each layer's attention, in the mode the model is in."""
        return [
            Layer(part.attention.self, self.config, number, *numbers(part.attention.self))
            for number, part in enumerate(self.encoder.layer)
        ]

    def implementation(self) -> str:
        """Names what computes the attention, here and now."""
        first = self.layers()[0]
        weight = next(iter(first.module.query.parameters()))
        q = weight.new_empty(0, self.config.hidden_size // first.heads)
        kernel = self.scheme.kernel(q, first.dropout)
        parts = (self.scheme.name(self.config), "unpadded", kernel, "int8" if uses_int8(self) else "")
        return "-".join(filter(None, parts))

    def _in_place(self, hidden: Tensor) -> bool:
        """Whether the layers work in buffers that they share."""
        bare = torch.is_grad_enabled() or self.training or hidden.device.type != "cpu"
        return not (bare or torch.is_autocast_enabled("cpu"))

    def _products(self) -> AbstractContextManager[None]:
        # What is computed again for the gradient is computed outside, and must keep what was kept at first.
        again = self.training and any(getattr(part, "gradient_checkpointing", False) for part in self.encoder.layer)
        return nullcontext() if again or torch.compiler.is_compiling() else fast_products()

    def _layers(self, hidden: Tensor, packed: Packing, kept: States | None, only_first: bool) -> Tensor:
        """Runs all layers; returns (T, E), or the first token of each sequence, (B, E)."""
        scheme, layers = self.scheme, self.layers()
        if not packed.documents:
            if kept is not None:
                for _ in layers:
                    kept.add(hidden, packed)
            return hidden.new_zeros(packed.batch, hidden.shape[1]) if only_first else hidden
        step: Any = InferenceStep if self._in_place(hidden) else Step
        run = step(scheme, layers, packed, hidden)
        for layer, part in zip(layers, self.encoder.layer, strict=True):
            if only_first and layer.number == len(layers) - 1:
                return last_layer(scheme, layer, part, hidden, packed, run.short)
            if self.training and getattr(part, "gradient_checkpointing", False):
                hidden = part._gradient_checkpointing_func(partial(run, layer, part), hidden)
            else:
                hidden = run(layer, part, hidden)
            if kept is not None:
                kept.add(hidden, packed)
        return hidden
