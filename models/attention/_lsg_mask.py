"""LSG attention as predicates, and the dense attention that follows from them.

Shapes: H heads, D head dim, G global tokens, n tokens of one document, T = n rounded up to a multiple of the block,
R sparse keys.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from gonerd.models.modeling_lsg import LSGConfig

Stretch = tuple[Tensor, Tensor, Tensor]  # keys (c, D), values (c, D), which are real (c,)


def mask(q: Tensor, kv: Tensor, block: int) -> Tensor:
    """Says which token sees which one in its own block and both neighbours (Condevaux & Harispe 2022, section 3.1).

    Args:
        q: Positions in the document, (Q,).
        kv: Positions in the document, (K,).
        block: Tokens in a block.

    Returns:
        bool (Q, K).
    """
    return (q[:, None] // block - kv[None] // block).abs() <= 1


def sparse_mask(q: Tensor, kv: Tensor, config: LSGConfig) -> Tensor:
    """Says which token sees which sparse key: as many as `sparse_block_size` on either side of its three blocks.

    Args:
        q: Positions in the document, (Q,).
        kv: Numbers of the sparse keys, (K,); each stands for `sparsity_factor` tokens.
        config: The sizes.

    Returns:
        bool (Q, K).
    """
    each, side = config.block_size // config.sparsity_factor, config.sparse_block_size
    # With one key a block the public code begins two keys early on the right.
    left, right = (q // config.block_size - 1) * each, (q // config.block_size + 2) * each - (2 if each == 1 else 0)
    return torch.stack([(kv >= at[:, None]) & (kv < at[:, None] + side) for at in (left - side, right)]).any(0)


def reference(q: Tensor, k: Tensor, v: Tensor, real: Tensor, config: LSGConfig) -> Tensor:
    """Computes LSG attention of one document densely, to hold faster paths against.

    Args:
        q: Queries of the global tokens and the document's, (H, G + n, D).
        k: Keys, (H, G + n, D).
        v: Values, (H, G + n, D).
        real: Which tokens may be seen, bool (G + n,).
        config: The sizes.

    Returns:
        (H, G + n, D).
    """
    front, length = config.num_global_tokens, len(real) - config.num_global_tokens
    seen = torch.ones(len(real), len(real), dtype=torch.bool)
    extra: list[Stretch] = []
    # A key that two masks allow counts twice, as it does in the public code.
    sparse_seen = torch.zeros(len(q), len(real), 0, dtype=torch.bool)
    if length > 2 * config.block_size:
        at = torch.arange(length)
        seen[front:, front:] = mask(at, at, config.block_size)
        if config.has_sparse_keys:
            filled = [F.pad(x[:, front:], (0, 0, 0, -length % config.block_size)) for x in (k, v)]
            there = F.pad(real[front:], (0, -length % config.block_size))
            extra = [
                _representatives(q[h, front], (filled[0][h], filled[1][h], there), config, h) for h in range(len(q))
            ]
            numbers = torch.arange(len(extra[0][2]))
            below = sparse_mask(at, numbers, config) & torch.stack([e[2] for e in extra])[:, None]
            sparse_seen = torch.cat([below.new_zeros(len(q), front, len(numbers)), below], 1)
            k, v = (torch.cat([x, torch.stack([e[i] for e in extra])], 1) for i, x in enumerate((k, v)))
    allowed = torch.cat([(seen & real).expand(len(q), -1, -1), sparse_seen], -1)
    scores = (q @ k.transpose(1, 2) * q.shape[-1] ** -0.5).masked_fill(~allowed, float("-inf"))
    return torch.matmul(scores.softmax(-1), v)


def _representatives(q: Tensor, whole: Stretch, config: LSGConfig, head: int) -> Stretch:
    """The sparse keys and values of one head, and which of them stand for anything: stretch by stretch, as defined."""
    kind, factor, block = config.sparsity_type, config.sparsity_factor, config.block_size
    if kind == "lsh" and factor == config.sparse_block_size:
        kind = "bos_pooling"
    if factor == 1:
        return whole
    size = {"pooling": factor, "bos_pooling": factor, "stride": factor, "block_stride": block}
    parts = []
    for stretch in _stretches(whole, size.get(str(kind), min(block, config.sparse_block_size))):
        if kind in ("stride", "block_stride"):
            count = len(stretch[2]) // factor
            start = head % factor if kind == "stride" else head * count % block
            parts.append(tuple(x[start : start + count] for x in stretch))
        elif kind == "norm":
            norms = (stretch[0].norm(dim=1) * stretch[2]).argsort()
            parts.append(tuple(x[norms[-(len(norms) // factor) :]] for x in stretch))
        elif kind == "lsh":
            parts.append(_hashed(stretch, config, head, heads=config.num_attention_heads))
        else:
            parts.append(_mean(stretch, q if kind == "bos_pooling" else None))
    joined = [torch.cat(part) for part in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2]


def _stretches(whole: Stretch, size: int) -> Iterator[Stretch]:
    for start in range(0, len(whole[2]), size):
        yield whole[0][start : start + size], whole[1][start : start + size], whole[2][start : start + size]


def _mean(stretch: Stretch, query: Tensor | None) -> Stretch:
    """One key for all real tokens of a stretch: their mean, or weighted as `query` attends to them."""
    k, v, real = stretch
    if not real.any():
        return torch.zeros_like(k[:1]), torch.zeros_like(v[:1]), real[:1]
    k, v = k[real], v[real]
    if query is None:
        # The public code divides by a little more than the number.
        weights = k.new_full((len(k),), 1 / (len(k) + 1e-6))
    else:
        weights = (k @ query * k.shape[1] ** -0.5).softmax(0)
    return (weights @ k)[None], (weights @ v)[None], real.new_ones(1)


def _hashed(stretch: Stretch, config: LSGConfig, head: int, heads: int) -> Stretch:
    """Buckets of tokens whose keys point alike, hashed again and again, then averaged."""
    k, v, real = stretch
    k, v, count = k * real[:, None], v * real[:, None], real.float()
    random = torch.Generator().manual_seed(config.lsh_seed)
    for buckets in [len(real)] * config.lsh_num_pre_rounds + [len(real) // config.sparsity_factor]:
        directions = torch.randn(1, heads, 1, k.shape[1], buckets // 2, generator=random)[0, head, 0]
        angles = F.normalize(k, dim=1) @ directions
        bucket = torch.cat([angles, -angles], 1).argmax(1)
        into = (bucket[None] == torch.arange(buckets)[:, None]).float()
        k, v, count = into @ k, into @ v, into @ count
    return k / count.clamp(min=1)[:, None], v / count.clamp(min=1)[:, None], count > 0
