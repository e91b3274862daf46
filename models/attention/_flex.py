"""Attention to several sets of keys by FlexAttention, the way on CUDA: a fused kernel for each set, merged as on a CPU.

Every set becomes a row of queries over a row of keys, in which a query sees an interval; what is added to the scores
is read from a flat tensor. Tiles that no query sees are skipped, by a block mask that follows from the intervals.

Source: Dong et al. 2024, "Flex Attention: A Programming Model for Generating Optimized Attention Kernels",
arXiv:2412.05496. A kernel is compiled for each shape, so rows are filled up to a power of two.

Shapes: M blocks of queries, H heads, b queries a block, K keys a block, D head dim, R rows of a row of keys, Q and P
queries and keys with filler, T and U tiles of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import flex_attention as flex

TILE = 128  # queries and keys that the kernel takes at a time
SHAPES = 256  # kernels that may be compiled; one more is an error, not an unfused computation


def attend(
    q: Tensor,
    k: Sequence[Tensor],
    v: Sequence[Tensor],
    bias: Sequence[Tensor | None],
    geometry: Sequence[int],
    backend: str,
) -> Tensor:
    """Attends from blocks of queries to everything in several sets of keys, in one softmax.

    Args:
        q: Queries, (M, H, b, D).
        k: Keys of each set, (M or 1, H, K, D), or a row (R, H, D) of which blocks see windows.
        v: Values, likewise.
        bias: What is added to the scores of each set, broadcastable to (M, H, b, K).
        geometry: First row, step and width of each set's windows; zeros for a set that is no row.
        backend: What compiles the kernel: "inductor", or "eager" for one that forms all weights.

    Returns:
        (M, b, H, D). Zero where a query sees nothing.
    """
    count, heads, block, dim = q.shape
    asking = _filled(q.transpose(0, 1).reshape(1, heads, count * block, dim), 2)
    wanted, parts = flex.AuxRequest(lse=len(k) > 1), []
    for i, (keys, values, added) in enumerate(zip(k, v, bias, strict=True)):
        step, width, rows = _rows((keys, values), count, *geometry[3 * i : 3 * i + 3])
        keys, values = (_filled(row, 2) for row in rows)
        seen = _intervals(count, block, step, width, asking.shape[2], keys.shape[2], q.device)
        score_mod = None if added is None else _adding(added.to(q.dtype), seen, width, heads)
        parts.append(_run(backend, asking, keys, values, score_mod, seen.mask, wanted=wanted))
    out = _merged(parts)
    return out[0, :, : count * block].transpose(0, 1).contiguous().view(count, block, heads, dim)


@dataclass(frozen=True, eq=False)
class _Intervals:
    """Which keys each query sees: those from `begin` to the one before `end`.

    Attributes:
        begin: (Q,).
        end: (Q,).
        block: The block of each query, (Q,).
        place: Its place in that, (Q,).
        mask: The same as the kernel wants to know it, with the tiles that some and that all queries of a tile see.
    """

    begin: Tensor
    end: Tensor
    block: Tensor
    place: Tensor
    mask: flex.BlockMask


def _intervals(count: int, block: int, step: int, width: int, queries: int, keys: int, device: Any) -> _Intervals:
    if torch.compiler.is_compiling():
        return _make_intervals(count, block, step, width, queries, keys, device)
    return _kept_intervals(count, block, step, width, queries, keys, device)


@lru_cache(maxsize=512)
def _kept_intervals(*sizes: Any) -> _Intervals:
    # What is made in inference mode could not be used in training later.
    with torch.inference_mode(False):
        return _make_intervals(*sizes)


def _make_intervals(count: int, block: int, step: int, width: int, queries: int, keys: int, device: Any) -> _Intervals:
    at = torch.arange(queries, device=device, dtype=torch.int32)
    real = at < count * block
    at = at.clamp(max=count * block - 1)  # filler sees what the last query does
    number = at // block
    begin = number * step
    end = begin + width
    first, last, used = begin[::TILE, None], begin[TILE - 1 :: TILE, None], real[::TILE, None]
    low = torch.arange(0, keys, TILE, device=device, dtype=torch.int32)
    some = used & (low + TILE > first) & (low < last + width)
    every = some & (low >= last) & (low + TILE <= first + width)

    def seen(_: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (key >= begin[query]) & (key < end[query])

    tiles = (*_listed(some & ~every), *_listed(every))
    mask = flex.BlockMask.from_kv_blocks(*tiles, BLOCK_SIZE=TILE, mask_mod=seen, seq_lengths=(queries, keys))
    return _Intervals(begin, end, number, at % block, mask)


def _listed(tiles: Tensor) -> tuple[Tensor, Tensor]:
    """How many tiles are true in each row, and their numbers first, (T, U) -> (1, 1, T), (1, 1, T, U)."""
    numbers = tiles.to(torch.int8).argsort(dim=1, descending=True, stable=True)
    return tiles.sum(1).to(torch.int32)[None, None], numbers.to(torch.int32)[None, None]


def _adding(bias: Tensor, seen: _Intervals, width: int, heads: int) -> Callable[..., Tensor]:
    """Returns what adds a bias to the score of a query and a key."""
    bias = bias.reshape((1,) * (4 - bias.dim()) + bias.shape).expand(-1, -1, -1, width)
    blocks, over_heads, places, _ = bias.shape
    flat = _filled(bias.reshape(-1), 0)
    begin, end = seen.begin, seen.end
    origin = -begin
    if blocks > 1:
        origin = origin + seen.block * (over_heads * places * width)
    if places > 1:
        origin = origin + seen.place * width
    of_head = torch.arange(heads, device=bias.device, dtype=torch.int32) * (places * width if over_heads > 1 else 0)

    def added(score: Tensor, _: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        # Keys outside the interval are computed too where they share a tile with one inside.
        inside = torch.minimum(torch.maximum(key, begin[query]), end[query] - 1)
        return score + flat[origin[query] + of_head[head] + inside]

    return added


def _rows(pair: tuple[Tensor, Tensor], count: int, first: int, step: int, width: int) -> tuple[int, int, list[Tensor]]:
    """Step and width of any set's windows, and its keys and values as rows that begin with these, (1, H, R, D)."""
    if width:
        used = slice(first, first + (count - 1) * step + width)
        return step, width, [row[used].transpose(0, 1)[None] for row in pair]
    blocks, _, width, _ = pair[0].shape
    return width if blocks > 1 else 0, width, [t.transpose(0, 1).flatten(1, 2)[None] for t in pair]


def _filled(x: Tensor, dim: int) -> Tensor:
    """Fills a dimension up with zeros, to a power of two."""
    size = x.shape[dim]
    missing = max(TILE, 1 << (size - 1).bit_length()) - size
    return F.pad(x, (0, 0) * (x.dim() - 1 - dim) + (0, missing)) if missing else x


def _merged(parts: Sequence[tuple[Tensor, Tensor | None]]) -> Tensor:
    """Merges what sets of keys gave, by the logarithms of their denominators; returns (1, H, Q, D)."""
    first = parts[0][0]
    if len(parts) == 1:
        return first
    logarithms = torch.stack([one for _, one in parts if one is not None])
    # Finite: of a query that sees nothing all are -inf, whose differences are NaN.
    top = logarithms.detach().amax(0).clamp(min=torch.finfo(logarithms.dtype).min)
    shares = (logarithms - top).exp()
    total = shares.sum(0)
    shares = (shares / total.masked_fill(total == 0.0, 1.0))[..., None]
    weighted = [part.to(shares.dtype) * share for (part, _), share in zip(parts, shares, strict=True)]
    return torch.stack(weighted).sum(0).to(first.dtype)


@cache
def _compiled(backend: str) -> Callable[..., Any]:
    compiled: Callable[..., Any] = torch.compile(flex.flex_attention, backend=backend, fullgraph=True, dynamic=False)
    return compiled


def _run(backend: str, *arguments: Any, wanted: flex.AuxRequest) -> tuple[Tensor, Tensor | None]:
    """Returns the output, (1, H, Q, D), and the logarithms of the softmax denominators, (1, H, Q), where wanted."""
    if torch.compiler.is_compiling():
        out, extra = flex.flex_attention(*arguments, return_aux=wanted)
    else:
        with torch._dynamo.config.patch(recompile_limit=SHAPES):
            out, extra = _compiled(backend)(*arguments, return_aux=wanted)
    return out, extra.lse
