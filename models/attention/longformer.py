"""Longformer: a local window around each token, and global tokens with projections of their own.

Source: Beltagy, Peters, Cohan 2020, "Longformer: The Long-Document Transformer", arXiv:2004.05150. Checkpoints are
those of `transformers.LongformerModel` and its heads; only the computation is replaced.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import LongformerModel, PreTrainedModel
from transformers.models.longformer.modeling_longformer import LongformerSelfAttention

from gonerd.errors import GonerdError

from . import ATTENTION, AttentionPattern
from ._longformer_blocks import global_rows, local_rows
from ._longformer_mapping import SOURCES, to_longformer
from ._longformer_mask import mask, reference
from ._longformer_plan import plan_for

__all__ = ["BlockedSelfAttention", "mask", "reference"]


class BlockedSelfAttention(LongformerSelfAttention):
    """Hugging Face's Longformer attention, computed in blocks on the fused kernel: any length, no padding."""

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        is_index_masked: Tensor | None = None,
        is_index_global_attn: Tensor | None = None,
        is_global_attn: bool | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor]:
        """Computes what the parent class does; rows of padding hold arbitrary finite numbers.

        Args:
            hidden_states: (B, N, E).
            attention_mask: (B, N), negative at padding, positive at global tokens, else zero.
            is_index_masked: `attention_mask < 0`, as the encoder hands it to every layer.
            is_index_global_attn: `attention_mask > 0`, likewise.
            is_global_attn: Whether there is any global token.
            output_attentions: Not available: the fused kernel never forms the weights.

        Returns:
            A tuple of (B, N, E), as the encoder expects.

        Raises:
            GonerdError: Attention weights were asked for.
        """
        if output_attentions:
            raise GonerdError("output_attentions: accelerated attention keeps no weights; load the model unaccelerated")
        if is_index_masked is None or is_index_global_attn is None:
            zero = hidden_states.new_zeros(hidden_states.shape[:2]) if attention_mask is None else attention_mask
            is_index_masked, is_index_global_attn = zero < 0, zero > 0
        dropout = float(self.dropout) if self.training else 0.0
        q, k, v = (project(hidden_states) for project in (self.query, self.key, self.value))
        plan = plan_for(is_index_masked, is_index_global_attn, self.one_sided_attn_window_size, q.dtype)
        out = local_rows(q, k, v, self.num_heads, plan, dropout)
        if plan.positions.shape[1]:
            rows = global_rows(self, hidden_states, plan, dropout).to(out.dtype)
            batch, slot = plan.filled.nonzero(as_tuple=True)
            # Not in place: with a single head `out` is a view of what the kernel keeps for its gradient.
            out = out.index_put((batch, plan.positions[batch, slot]), rows[batch, slot])
        return (out,)


def _unpadded(
    input_ids: Tensor | None,
    attention_mask: Tensor,
    token_type_ids: Tensor,
    position_ids: Tensor | None,
    inputs_embeds: Tensor | None,
    pad_token_id: int,
) -> tuple[int, Tensor | None, Tensor, Tensor, Tensor | None, Tensor | None]:
    """Stands in for `LongformerModel._pad_to_window_size`: blocks need no padding."""
    return 0, input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds


def _accelerate(model: PreTrainedModel) -> None:
    for module in model.modules():
        if type(module) is LongformerSelfAttention:
            # The class is swapped, not the module: weights, names, hooks and devices stay what they are.
            module.__class__ = BlockedSelfAttention
        elif isinstance(module, LongformerModel):
            # On the instance, as the name of its class is written into saved configurations; and a plain function,
            # as a bound one would not survive pickling.
            replaced: Any = module
            replaced._pad_to_window_size = _unpadded


def _implementation(module: nn.Module) -> str | None:
    if isinstance(module, BlockedSelfAttention):
        return "blocked-sdpa"
    return "huggingface" if isinstance(module, LongformerSelfAttention) else None


ATTENTION.register("longformer")(
    AttentionPattern(
        name="longformer",
        model_type="longformer",
        sources=SOURCES,
        convert=to_longformer,
        accelerate=_accelerate,
        implementation=_implementation,
    )
)
