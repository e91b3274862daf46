"""Which library multiplies matrices in float32 on this processor, and the product of a dense layer by it.

`torch.nn.Linear` asks the BLAS that torch was built with. MKL, where that is it, keeps to AVX2 on processors that are
not Intel's, whatever they can do; oneDNN, which torch holds as well, writes its code for the processor that it finds.
On an AMD EPYC with AVX-512 it took 0.43 of MKL's time for the products of a layer. Without AVX-512 the BLAS is kept.

Shapes: T rows, I inputs, O outputs.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import torch
from torch import Tensor

from gonerd.errors import UsageError

LIBRARIES = ("blas", "onednn")
VARIABLE = "GONERD_PRODUCTS"


@cache
def library() -> str:
    """Names the library: "blas" or "onednn"; the environment's GONERD_PRODUCTS overrides the choice.

    Raises:
        UsageError: The variable names neither, or oneDNN where torch lacks it.
    """
    built: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    there = built and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    asked = os.environ.get(VARIABLE)
    if asked is not None:
        if asked not in LIBRARIES or (asked == "onednn" and not there):
            raise UsageError(f"{VARIABLE}={asked}: give {' or '.join(LIBRARIES[: 1 + there])}, or leave it out")
        return asked
    return "onednn" if there and torch.backends.cpu.get_cpu_capability() == "AVX512" else "blas"


def by_onednn(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN computes such a product: in float32, on the processor, and not while torch compiles."""
    ready = x.dtype == weight.dtype == torch.float32 and x.device.type == weight.device.type == "cpu"
    return ready and library() == "onednn" and x.is_contiguous() and not torch.compiler.is_compiling()


def product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Computes `x @ weight.T + bias` by oneDNN, without a gradient.

    Args:
        x: (T, I), contiguous.
        weight: (O, I).
        bias: (O,), or None.

    Returns:
        (T, O).
    """
    nothing: list[Any] = []
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", nothing, "")
    return out
