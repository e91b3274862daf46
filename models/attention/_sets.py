"""Sets of keys that blocks of queries look at; shapes as in `_kernel`."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of which every block of queries has its own, or which all share.

    Attributes:
        k: Keys, (M or 1, H, K, D).
        v: Values, (M or 1, H, K, D).
        bias: What is added to the scores, broadcastable to (M, H, b, K); -inf forbids. None adds nothing.
    """

    k: Tensor
    v: Tensor
    bias: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Windows:
    """Keys of block m: the rows `first + m * step` to `first + m * step + width` of one row of keys. Never copied.

    Attributes:
        k: Row of keys, (R, H, D), of any strides.
        v: Row of values, (R, H, D).
        first: Row at which the window of block 0 begins.
        step: Rows from one window to the next.
        width: K.
        bias: As in `Keys`.
    """

    k: Tensor
    v: Tensor
    first: int
    step: int
    width: int
    bias: Tensor | None = None
