"""Nystromformer's landmarks as a predicate, and its attention computed densely from them.

Shapes: H heads, D head dim, n tokens of one document, r of them real, L landmarks.
"""

from __future__ import annotations

import torch
from torch import Tensor

ITERATIONS = 6


def mask(landmark: Tensor, kv: Tensor, length: int, landmarks: int) -> Tensor:
    """Says which landmark averages which token (Xiong et al. 2021, "Nyströmformer", section 3.3, segment means).

    Segments are as equal as can be, the longer ones first; padding is in none.

    Args:
        landmark: Numbers of landmarks, (L,).
        kv: Numbers of the document's real tokens, (K,).
        length: r, at least `landmarks`.
        landmarks: L.

    Returns:
        bool (L, K).
    """
    size, longer = divmod(length, landmarks)
    segment = torch.where(kv < longer * (size + 1), kv // (size + 1), (kv - longer) // size)
    return segment == landmark[:, None]


def reference(
    q: Tensor, k: Tensor, v: Tensor, real: Tensor, landmarks: int, conv: Tensor | None = None, exact_init: bool = False
) -> Tensor:
    """Computes Nystromformer attention of one document, to hold faster paths against.

    softmax(q k̃ᵀ) softmax(q̃ k̃ᵀ)⁺ softmax(q̃ kᵀ) v, with the segment means q̃ and k̃ and six steps of the iteration for
    the pseudo-inverse (Xiong et al. 2021, sections 3.2 and 3.4, equations 13 and 14); plain softmax attention where
    the document has no more real tokens than there are landmarks.

    Args:
        q: Queries, (H, n, D).
        k: Keys, (H, n, D).
        v: Values, (H, n, D).
        real: Which tokens are no padding, bool (n,).
        landmarks: L.
        conv: Weights of the convolution along the values that is added, (H, width), width odd; None for none.
        exact_init: Scale the first approximation of the inverse for each head rather than for all at once.

    Returns:
        (H, n, D); rows of padding are arbitrary.
    """
    scale, count = q.shape[-1] ** -0.5, int(real.sum())
    if count <= landmarks:
        out = _softmax(q @ k.transpose(1, 2) * scale, real) @ v
    else:
        members = torch.zeros(landmarks, len(real), dtype=q.dtype)
        members[:, real] = mask(torch.arange(landmarks), torch.arange(count), count, landmarks).to(q.dtype)
        means = members / members.sum(1, keepdim=True)
        q_mean, k_mean = means @ q, means @ k
        first = _softmax(q @ k_mean.transpose(1, 2) * scale, None)
        middle = _softmax(q_mean @ k_mean.transpose(1, 2) * scale, None)
        last = _softmax(q_mean @ k.transpose(1, 2) * scale, real)
        out = first @ _pseudo_inverse(middle, exact_init) @ last @ v
    if conv is None:
        return out
    reach, values = conv.shape[1] // 2, torch.where(real[:, None], v, 0.0)
    for offset in range(-reach, reach + 1):
        low, high = max(0, -offset), min(len(real), len(real) - offset)
        if low < high:
            moved = values[:, low + offset : high + offset] * conv[:, reach + offset, None, None]
            out = out + torch.cat([v.new_zeros(len(v), low, v.shape[2]), moved, torch.zeros_like(v[:, high:])], 1)
    return out


def _softmax(scores: Tensor, real: Tensor | None) -> Tensor:
    return (scores if real is None else scores.masked_fill(~real, float("-inf"))).softmax(-1)


def _pseudo_inverse(a: Tensor, exact_init: bool) -> Tensor:
    """Of row-stochastic matrices (H, L, L), by the iteration of Razavi et al. (2014)."""
    columns = a.sum(1)
    largest = columns.amax(1)[:, None, None] if exact_init else columns.max()
    z, one = a.transpose(1, 2) / largest, torch.eye(a.shape[-1], dtype=a.dtype)
    for _ in range(ITERATIONS):
        az = a @ z
        z = z @ (13 * one - az @ (15 * one - az @ (7 * one - az))) / 4
    return z
