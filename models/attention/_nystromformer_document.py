"""Nystromformer attention of one document in time linear in its length.

The product of the three kernels is taken from the right, softmax(q k̃ᵀ) · (softmax(q̃ k̃ᵀ)⁺ · (softmax(q̃ kᵀ) · v)), so
that both outer ones are calls of the fused kernel and nothing larger than a document or than L x L is ever formed.

Shapes: H heads, D head dim, n tokens of one document, r of them real, L landmarks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ._nystromformer_mask import ITERATIONS


def attend_document(q: Tensor, k: Tensor, v: Tensor, real: Tensor | None, landmarks: int, exact_init: bool) -> Tensor:
    """Attends within one document.

    Args:
        q: Queries, (n, H, D), of any strides.
        k: Keys, likewise.
        v: Values, likewise.
        real: Which tokens are no padding, bool (n,); None when all are.
        landmarks: L; 0 for softmax attention at any length.
        exact_init: Scale the first approximation of the inverse for each head rather than for all at once.

    Returns:
        (n, H, D).
    """
    if real is not None:
        # Landmarks, and with them everything else, know the real tokens alone.
        k, v = k[real], v[real]
    if not landmarks or len(k) <= landmarks:
        return _attend(q, k, v)
    q_mean, k_mean = _segment_means(q if real is None else q[real], landmarks), _segment_means(k, landmarks)
    mixed = _attend(q_mean, k, v)
    # In half precision the iteration for the inverse does not converge.
    with torch.autocast(q.device.type, enabled=False):
        wide = torch.promote_types(q.dtype, torch.float32)
        rows, columns = (x.transpose(0, 1).to(wide) for x in (q_mean, k_mean))
        middle = (rows @ columns.transpose(1, 2) * q.shape[-1] ** -0.5).softmax(-1)
        mixed = (_pseudo_inverse(middle, exact_init) @ mixed.transpose(0, 1).to(wide)).transpose(0, 1).to(q.dtype)
    return _attend(q, k_mean, mixed)


def convolved(v: Tensor, weight: Tensor, real: Tensor | None) -> Tensor:
    """Convolves values along documents, with the weights of each head; padding counts as zero.

    Args:
        v: Values, (n, H, D), or of several documents, (B, n, H, D).
        weight: (H, 1, width, 1).
        real: Which tokens are no padding, bool (n,); None when all are.

    Returns:
        As `v`.
    """
    if real is not None:
        v = v * real[:, None, None]
    # Contiguous: on other strides the kernel takes nearly twice as long.
    row = v.transpose(-3, -2).contiguous()
    return F.conv2d(row, weight, padding=(weight.shape[2] // 2, 0), groups=row.shape[-3]).transpose(-3, -2)


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention, (Q, H, D) to (K, H, D)."""
    q, k, v = (x.transpose(0, 1).unsqueeze(0) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v)[0].transpose(0, 1)


def _segment_means(x: Tensor, landmarks: int) -> Tensor:
    """Means of near-equal segments, the longer ones first, (n, H, D) -> (L, H, D)."""
    size, longer = divmod(len(x), landmarks)
    border = longer * (size + 1)
    parts = [x[border:].view(-1, size, *x.shape[1:]).mean(1)]
    if longer:
        parts.insert(0, x[:border].view(longer, size + 1, *x.shape[1:]).mean(1))
    return torch.cat(parts)


def _pseudo_inverse(a: Tensor, exact_init: bool) -> Tensor:
    """Moore-Penrose inverses of row-stochastic (H, L, L), by an iteration of the third order."""
    columns = a.sum(1)
    z = a.transpose(1, 2) / (columns.amax(1)[:, None, None] if exact_init else columns.max())
    seven, fifteen, thirteen = (n * torch.eye(a.shape[-1], dtype=a.dtype, device=a.device) for n in (7, 15, 13))
    for _ in range(ITERATIONS):
        az = a @ z
        z = 0.25 * z @ (thirteen - az @ (fifteen - az @ (seven - az)))
    return z
