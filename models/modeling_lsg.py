"""LSG: RoBERTa with local, sparse and global attention (Condevaux & Harispe 2022, arXiv:2210.15497).

This file needs torch and transformers alone. Saved beside each checkpoint, it lets anybody load that with
`AutoModel.from_pretrained(folder, trust_remote_code=True)`; `gonerd.models` has the same classes, and computes faster.

Learnt global tokens stand in front of every document. A document is a row from its first to its last real token, so
that padding never matters; one that two blocks hold gets full attention. In a longer one, cut into blocks, every token
sees the global tokens, its own block and both neighbours, and stretches of sparse keys beyond them, each of which
stands for several tokens: those with the largest keys ("norm"), averages ("pooling", "bos_pooling", "lsh"), or others
for each head ("stride", "block_stride"). Global tokens see everything.

Shapes: B batch, N tokens, G global tokens, E hidden size, H heads, D head dim; n tokens of one document, filled up to
T, a multiple of the block; M blocks; S sparse keys on either side, R sparse keys in all, c tokens in a chunk.
"""

# mypy: allow-untyped-calls, allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators
# mypy: no-warn-return-any, disable-error-code="assignment, misc"

import shutil
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import RobertaConfig
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions
from transformers.models.roberta import modeling_roberta as roberta
from transformers.utils.generic import can_return_tuple

SPARSITIES = ("none", "norm", "pooling", "bos_pooling", "stride", "block_stride", "lsh")
GLOBALS = 512  # rows of the table of global embeddings, of which the first `num_global_tokens` are used
AUTO_MAP = {
    "AutoConfig": "modeling_lsg.LSGConfig",
    "AutoModel": "modeling_lsg.LSGModel",
    "AutoModelForMaskedLM": "modeling_lsg.LSGForMaskedLM",
    "AutoModelForQuestionAnswering": "modeling_lsg.LSGForQuestionAnswering",
    "AutoModelForSequenceClassification": "modeling_lsg.LSGForSequenceClassification",
    "AutoModelForTokenClassification": "modeling_lsg.LSGForTokenClassification",
}


class LSGConfig(RobertaConfig):
    """RoBERTa's configuration and what LSG adds, by the names of the public checkpoints.

    Args:
        block_size: Tokens in a block.
        sparse_block_size: Sparse keys that a block sees on either side of its neighbours; 0 for none.
        sparsity_factor: Tokens that a sparse key stands for; 0 for no sparse keys.
        sparsity_type: One of `SPARSITIES`, or None, which is "none".
        num_global_tokens: Learnt tokens in front of every document, 1 to 512.
        mask_first_token: Whether the document's first token is hidden from all, as a global token stands for it.
        pool_with_global: Whether the first token's last hidden state is that of the first global token.
        adaptive: Whether the length may be anything; always so here. Public code without it fails at other lengths.
        lsh_num_pre_rounds: Rounds of hashing before the last, for "lsh".
        lsh_seed: Seed of the hashes, which are the same in each call. Public code draws others every time.

    Raises:
        ValueError: The sizes do not go together.
    """

    model_type = "lsg"

    block_size: int = 128
    sparse_block_size: int = 128
    sparsity_factor: int = 2
    sparsity_type: str | None = "norm"
    num_global_tokens: int = 1
    mask_first_token: bool = False
    pool_with_global: bool = True
    adaptive: bool = True
    lsh_num_pre_rounds: int = 1
    lsh_seed: int = 0

    def __post_init__(self, **kwargs):
        """Checks that the sizes go together."""
        super().__post_init__(**kwargs)
        self.sparsity_type = self.sparsity_type or "none"
        self.pool_with_global = self.pool_with_global or self.mask_first_token
        block, sparse, factor = self.block_size, self.sparse_block_size, self.sparsity_factor
        if block < 1 or sparse < 0 or factor < 0:
            raise ValueError(f"block_size {block}, sparse_block_size {sparse}, sparsity_factor {factor}: too small")
        if self.sparsity_type not in SPARSITIES:
            raise ValueError(f"sparsity_type is {self.sparsity_type!r}; use one of {', '.join(SPARSITIES)}")
        if not 1 <= self.num_global_tokens <= GLOBALS:
            raise ValueError(f"num_global_tokens is {self.num_global_tokens}; give 1 to {GLOBALS}")
        if self.is_decoder or self.add_cross_attention:
            raise ValueError("is_decoder or add_cross_attention is set; LSG is an encoder here")
        if not self.has_sparse_keys:
            return
        chunk = min(block, sparse)
        if block % factor or (chunk_wise(self.sparsity_type) and (block % chunk or chunk % factor)):
            raise ValueError(
                f"block_size {block}, sparse_block_size {sparse}, sparsity_factor {factor}: the factor must divide "
                "both, and the smaller of the two sizes the block"
            )
        if self.sparsity_type == "lsh" and factor not in (1, sparse) and chunk // factor < 2:
            raise ValueError(f"sparsity_factor {factor} leaves no two hashes; give at most {chunk // 2} for 'lsh'")

    @property
    def has_sparse_keys(self) -> bool:
        """Whether there are sparse keys at all."""
        return self.sparsity_type != "none" and self.sparse_block_size > 0 and self.sparsity_factor > 0


def chunk_wise(sparsity: str) -> bool:
    """Says whether sparse keys are chosen in chunks of a block, or of a sparse block where that is smaller."""
    return sparsity in ("norm", "lsh")


def sparse_keys(q: Tensor, k: Tensor, v: Tensor, real: Tensor, config: LSGConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Makes the sparse keys and values of one document.

    Args:
        q: Query of the document's first token, (H, 1, D).
        k: Keys, (H, T, D).
        v: Values, (H, T, D).
        real: Which tokens are real, bool (T,).
        config: Says how.

    Returns:
        Keys (H, R, D), values (H, R, D), and which of them stand for any real token, bool (H, R).
    """
    heads, factor = len(k), config.sparsity_factor
    if factor == 1:
        return k, v, real.expand(heads, -1)
    sparsity = config.sparsity_type
    if sparsity == "lsh" and factor == config.sparse_block_size:
        sparsity = "bos_pooling"
    if sparsity == "pooling":
        return _pooled(k, v, real, factor)
    if sparsity == "bos_pooling":
        return _weighted(q, k, v, real, factor)
    if sparsity == "lsh":
        return _hashed(k, v, real, config)
    if sparsity == "norm":
        at = _largest(k, real, min(config.block_size, config.sparse_block_size), factor)
    else:
        at = _strided(heads, len(real), config, k.device)
    head = torch.arange(heads, device=k.device)[:, None]
    return k[head, at], v[head, at], real[at]


def _largest(k: Tensor, real: Tensor, chunk: int, factor: int) -> Tensor:
    """The tokens with the largest keys in each chunk, the very largest last, (H, R)."""
    norms = k.detach().norm(dim=-1).mul(real).view(len(k), -1, chunk)
    chosen = norms.topk(chunk // factor).indices.flip(-1)
    return (chosen + torch.arange(norms.shape[1], device=k.device)[:, None] * chunk).flatten(1)


def _strided(heads: int, length: int, config: LSGConfig, device: torch.device) -> Tensor:
    """Every factor-th token, or one stretch of each block; other heads take other ones; (H, R)."""
    factor, block = config.sparsity_factor, config.block_size
    head = torch.arange(heads, device=device)[:, None]
    if config.sparsity_type == "stride":
        return torch.arange(0, length, factor, device=device) + head % factor
    each = block // factor
    within = (torch.arange(each, device=device) + head * each) % block
    return (within[:, None] + torch.arange(0, length, block, device=device)[:, None]).flatten(1)


def _pooled(k: Tensor, v: Tensor, real: Tensor, factor: int) -> tuple[Tensor, Tensor, Tensor]:
    """Averages of the real ones of `factor` tokens."""
    count = real.view(-1, factor).sum(-1)
    # The public code divides by a little more than the number.
    each = (count[:, None] + 1e-6).to(k.dtype)
    k, v = ((x * real[:, None]).unflatten(1, (-1, factor)).sum(2) / each for x in (k, v))
    return k, v, (count > 0).expand(len(k), -1)


def _weighted(q: Tensor, k: Tensor, v: Tensor, real: Tensor, factor: int) -> tuple[Tensor, Tensor, Tensor]:
    """Averages of `factor` tokens, weighted as the first token attends to them."""
    k, v, real = k.unflatten(1, (-1, factor)), v.unflatten(1, (-1, factor)), real.view(-1, factor)
    scores = (q.unsqueeze(1) @ k.transpose(-1, -2) * q.shape[-1] ** -0.5)[:, :, 0]
    some = real.any(-1)
    # A softmax over nothing is NaN, and so is its gradient.
    weights = scores.masked_fill(~real & some[:, None], float("-inf")).softmax(-1).unsqueeze(2)
    return torch.matmul(weights, k)[:, :, 0], torch.matmul(weights, v)[:, :, 0], some.expand(len(k), -1)


def _hashed(k: Tensor, v: Tensor, real: Tensor, config: LSGConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Averages of the tokens of a chunk that angular hashes put together."""
    heads, _, dim = k.shape
    chunk = min(config.block_size, config.sparse_block_size)
    k, v = ((x * real[:, None]).unflatten(1, (-1, chunk)) for x in (k, v))
    count = real.to(k.dtype).view(1, -1, chunk, 1).expand(heads, -1, -1, -1)
    # On the CPU, so that every device hashes alike.
    random = torch.Generator().manual_seed(config.lsh_seed)
    for buckets in [chunk] * config.lsh_num_pre_rounds + [chunk // config.sparsity_factor]:
        # In half precision the norm of padding, which is zero, cannot be told from what keeps it from being divided by.
        wide = torch.promote_types(k.dtype, torch.float32)
        directions = torch.randn(1, heads, 1, dim, buckets // 2, generator=random)[0].to(k.device, wide)
        projected = F.normalize(k.detach().to(wide), dim=-1) @ directions
        bucket = torch.cat([projected, -projected], -1).argmax(-1, keepdim=True)
        shape = (heads, k.shape[1], buckets)
        k, v, count = (
            x.new_zeros(*shape, x.shape[-1]).scatter_add(2, bucket.expand(-1, -1, -1, x.shape[-1]), x)
            for x in (k, v, count)
        )
    k, v = (x / count.clamp(min=1) for x in (k, v))
    return k.flatten(1, 2), v.flatten(1, 2), (count > 0).flatten(1)


def sparse_starts(config: LSGConfig) -> tuple[int, int, int]:
    """Says where the sparse keys of block 0 begin, left and right, and how far apart those of two blocks are."""
    step = config.block_size // config.sparsity_factor
    # One key a block: the public code, and so its checkpoints, then look two keys too far to the left.
    return -step - config.sparse_block_size, 2 * step - 2 * (step == 1), step


def _windows(x: Tensor, first: int, step: int, width: int, count: int) -> Tensor:
    """Overlapping windows of the second dimension, (H, M, width, ...); what lies beyond its ends is zero."""
    last = first + (count - 1) * step + width
    low, high = min(first, 0), max(last, x.shape[1])
    padding = [0, 0] * (x.dim() - 2) + [-low, high - x.shape[1]]
    moved = F.pad(x, padding)[:, first - low :].unfold(1, width, step)[:, :count]
    return moved.transpose(-1, -2) if x.dim() == 3 else moved


def attend_document(q: Tensor, k: Tensor, v: Tensor, real: Tensor, config: LSGConfig, dropout: float = 0.0) -> Tensor:
    """Attends within one document.

    Args:
        q: Queries of the global tokens and the document's, (H, G + n, D).
        k: Keys, (H, G + n, D).
        v: Values, (H, G + n, D).
        real: Which tokens may be seen, bool (G + n,).
        config: The sizes.
        dropout: Probability of dropping an attention weight.

    Returns:
        (H, G + n, D).
    """
    front, block = config.num_global_tokens, config.block_size
    length = len(real) - front
    if length <= 2 * block:
        return F.scaled_dot_product_attention(q, k, v, real, dropout)
    above = F.scaled_dot_product_attention(q[:, :front], k, v, real, dropout)
    count = -(-length // block)
    extra = count * block - length
    glob, (q, k, v) = (k[:, :front], v[:, :front]), (F.pad(x[:, front:], (0, 0, 0, extra)) for x in (q, k, v))
    real = F.pad(real[front:], (0, extra))
    sets = [(*(x.unsqueeze(1).expand(-1, count, -1, -1) for x in glob), real.new_ones(1, count, front))]
    if config.has_sparse_keys:
        sparse, size = sparse_keys(q[:, :1], k, v, real, config), config.sparse_block_size
        left, right, step = sparse_starts(config)
        sets += [tuple(_windows(x, first, step, size, count) for x in sparse) for first in (left, right)]
    sets.append(tuple(_windows(x, -block, block, 3 * block, count) for x in (k, v, real[None])))
    seen = torch.cat([s[2].expand(len(q), -1, -1) for s in sets], -1).unsqueeze(2)
    keys, values = (torch.cat([s[i] for s in sets], 2) for i in (0, 1))
    blocks = q.unflatten(1, (count, block))
    out = F.scaled_dot_product_attention(blocks, keys, values, seen, dropout).flatten(1, 2)
    return torch.cat([above, out[:, :length]], 1)


class LSGEmbeddings(roberta.RobertaEmbeddings):
    """RoBERTa's embeddings, and those of the global tokens."""

    def __init__(self, config):
        super().__init__(config)
        self.global_embeddings = nn.Embedding(GLOBALS, config.hidden_size)
        self.num_global_tokens = config.num_global_tokens

    def global_tokens(self, count: int) -> Tensor:
        """Returns the global tokens' hidden states for so many documents, (count, G, E)."""
        states = self.LayerNorm(self.global_embeddings.weight[: self.num_global_tokens])
        return self.dropout(states.expand(count, -1, -1))


class LSGSelfAttention(nn.Module):
    """Attention over a batch, document by document."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.num_attention_heads = config.num_attention_heads
        self.attention_head_size = config.hidden_size // config.num_attention_heads
        self.query, self.key, self.value = (nn.Linear(config.hidden_size, config.hidden_size) for _ in range(3))
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def forward(self, hidden_states: Tensor, real: Tensor, extents: list[tuple[int, int]]) -> Tensor:
        """Returns (B, G + N, E), zero outside the documents."""
        q, k, v = (
            project(hidden_states).unflatten(-1, (self.num_attention_heads, -1)).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        dropout = self.dropout.p if self.training else 0.0
        rows = []
        for i, (start, stop) in enumerate(extents):
            part = (i, slice(None), slice(start, stop))
            context = attend_document(q[part], k[part], v[part], real[i, start:stop], self.config, dropout)
            rows.append(F.pad(context, (0, 0, start, real.shape[1] - stop)))
        return torch.stack(rows).transpose(1, 2).flatten(2)


class LSGAttention(nn.Module):
    """Attention, projection, residual and norm."""

    def __init__(self, config):
        super().__init__()
        self.self = LSGSelfAttention(config)
        self.output = roberta.RobertaSelfOutput(config)


class LSGLayer(GradientCheckpointingLayer):
    """One layer of the encoder."""

    def __init__(self, config):
        super().__init__()
        self.attention = LSGAttention(config)
        self.intermediate = roberta.RobertaIntermediate(config)
        self.output = roberta.RobertaOutput(config)

    def forward(self, hidden_states: Tensor, real: Tensor, extents: list[tuple[int, int]]) -> Tensor:
        """Returns (B, G + N, E)."""
        attended = self.attention.self(hidden_states, real, extents)
        attended = self.attention.output(attended, hidden_states)
        return self.output(self.intermediate(attended), attended)


class LSGEncoder(nn.Module):
    """The layers."""

    def __init__(self, config):
        super().__init__()
        self.layer = nn.ModuleList(LSGLayer(config) for _ in range(config.num_hidden_layers))

    def forward(self, hidden_states: Tensor, real: Tensor, extents: list[tuple[int, int]]) -> list[Tensor]:
        """Returns the input and the output of every layer, each (B, G + N, E)."""
        states = [hidden_states]
        for layer in self.layer:
            states.append(layer(states[-1], real, extents))
        return states


class LSGPreTrainedModel(roberta.RobertaPreTrainedModel):
    """What all LSG models share."""

    config: LSGConfig
    config_class = LSGConfig
    _no_split_modules: ClassVar = ["LSGEmbeddings", "LSGLayer"]
    _supports_flash_attn = _supports_sdpa = _supports_flex_attn = _supports_attention_backend = False
    _can_record_outputs: ClassVar = {}

    def save_pretrained(self, save_directory, *args, **kwargs):
        """Saves the model, and this file beside it."""
        self.config.auto_map = dict(AUTO_MAP)
        super().save_pretrained(save_directory, *args, **kwargs)
        target = Path(save_directory) / "modeling_lsg.py"
        if not (target.exists() and target.samefile(__file__)):
            shutil.copyfile(__file__, target)


class LSGModel(LSGPreTrainedModel):
    """The encoder, with RoBERTa's pooler."""

    def __init__(self, config, add_pooling_layer=True):
        super().__init__(config)
        self.embeddings = LSGEmbeddings(config)
        self.encoder = LSGEncoder(config)
        self.pooler = roberta.RobertaPooler(config) if add_pooling_layer else None
        self.post_init()

    def get_input_embeddings(self):
        """Returns the table of word embeddings."""
        return self.embeddings.word_embeddings

    def set_input_embeddings(self, value):
        """Sets the table of word embeddings."""
        self.embeddings.word_embeddings = value

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        **kwargs,
    ) -> BaseModelOutputWithPoolingAndCrossAttentions:
        """Encodes a batch; arguments and results are RoBERTa's.

        Rows of padding hold arbitrary finite numbers, and hidden states leave the global tokens out.

        Raises:
            ValueError: Attention weights were asked for, the mask is not (B, N), or there is an encoder to attend to.
        """
        if output_attentions or self.config.output_attentions:
            raise ValueError("output_attentions: LSG attention keeps no weights")
        if kwargs.get("encoder_hidden_states") is not None:
            raise ValueError("encoder_hidden_states: LSG attends to its own input only")
        hidden = self.embeddings(
            input_ids=input_ids, token_type_ids=token_type_ids, position_ids=position_ids, inputs_embeds=inputs_embeds
        )
        if attention_mask is None:
            attention_mask = hidden.new_ones(hidden.shape[:2])
        if attention_mask.shape != hidden.shape[:2]:
            raise ValueError(
                f"attention_mask has the shape {tuple(attention_mask.shape)}; give {tuple(hidden.shape[:2])}"
            )
        states, firsts = self._encode(hidden, attention_mask > 0)
        wanted = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        return BaseModelOutputWithPoolingAndCrossAttentions(
            last_hidden_state=states[-1],
            pooler_output=None if self.pooler is None else self.pooler(firsts),
            hidden_states=tuple(states) if wanted else None,
        )

    def _encode(self, hidden: Tensor, real: Tensor) -> tuple[list[Tensor], Tensor]:
        """Runs the layers with the global tokens in front of each document.

        Returns:
            The input and all outputs without the global tokens, each (B, N, E), and what heads see of each document as
            a whole, (B, 1, E).
        """
        front, at = self.config.num_global_tokens, torch.arange(real.shape[1], device=real.device)
        first = real.int().argmax(1, keepdim=True)
        last = (at * real).amax(1)
        # What is in front of the document moves in front of its global tokens.
        inner = at + front * (at >= first)
        outer = first + torch.arange(front, device=real.device)
        joined = torch.cat([self.embeddings.global_tokens(len(real)), hidden], 1)
        order = torch.cat([outer, inner], 1)
        spread = torch.zeros_like(joined).scatter(1, order.unsqueeze(-1).expand_as(joined), joined)
        seen = real & (at != first) if self.config.mask_first_token else real
        seen = torch.ones_like(order, dtype=torch.bool).scatter(1, inner, seen)
        extents = list(zip(first[:, 0].tolist(), (last + 1 + front).tolist(), strict=True))
        outputs = self.encoder(spread, seen, extents)
        states = [state.gather(1, inner.unsqueeze(-1).expand_as(hidden)) for state in outputs]
        place = first if self.config.pool_with_global else first + front
        firsts = outputs[-1].gather(1, place.unsqueeze(-1).expand(-1, -1, hidden.shape[2]))
        # Heads read column 0, be it padding.
        states[-1] = torch.where(((at == first) | (at == 0)).unsqueeze(-1), firsts, states[-1])
        return states, firsts


class LSGForMaskedLM(LSGPreTrainedModel, roberta.RobertaForMaskedLM):
    """LSG with a language-model head."""

    def __init__(self, config):
        LSGPreTrainedModel.__init__(self, config)
        self.roberta = LSGModel(config, add_pooling_layer=False)
        self.lm_head = roberta.RobertaLMHead(config)
        self.post_init()


class LSGForSequenceClassification(LSGPreTrainedModel, roberta.RobertaForSequenceClassification):
    """LSG with a head for whole texts."""

    def __init__(self, config):
        LSGPreTrainedModel.__init__(self, config)
        self.num_labels = config.num_labels
        self.roberta = LSGModel(config, add_pooling_layer=False)
        self.classifier = roberta.RobertaClassificationHead(config)
        self.post_init()


class LSGForTokenClassification(LSGPreTrainedModel, roberta.RobertaForTokenClassification):
    """LSG with a head for every token."""

    def __init__(self, config):
        LSGPreTrainedModel.__init__(self, config)
        self.num_labels = config.num_labels
        self.roberta = LSGModel(config, add_pooling_layer=False)
        rate = config.classifier_dropout
        self.dropout = nn.Dropout(config.hidden_dropout_prob if rate is None else rate)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()


class LSGForQuestionAnswering(LSGPreTrainedModel, roberta.RobertaForQuestionAnswering):
    """LSG with a head for answers."""

    def __init__(self, config):
        LSGPreTrainedModel.__init__(self, config)
        self.num_labels = config.num_labels
        self.roberta = LSGModel(config, add_pooling_layer=False)
        self.qa_outputs = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()
