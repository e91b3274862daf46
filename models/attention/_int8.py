"""Dense layers in 8-bit integers, for prediction on x86 processors.

Weights keep 8 bits (symmetric, one scale an output), inputs 7 (one scale and offset a row, found as they come). Seven,
because processors without VNNI add products two at a time in 16 bits and cut what overflows, silently:
2 * 127 * 127 = 32,258 fits, 2 * 255 * 127 does not. A scale for each row, and not for all rows as in torch's dynamic
layers, so that what a document becomes never depends on its batch mates.

The products are those of oneDNN on plain tensors, as torch's own export of quantised models has them; the older
`torch.ops.quantized` wants tensor types that torch is about to drop.

Shapes: T rows, I inputs, O outputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gonerd.errors import GonerdError

LEVELS = 127  # largest absolute weight and largest input
_FLAT = 1e-5  # a row that varies by less than this share of its largest value is rounded to it


class Int8Linear(nn.Linear):
    """A linear layer that computes in 8 bits and keeps its weights in 32.

    The parameters stay the layer's own, under their own names: what is saved and hashed is what it was. Beside them
    lies an integer copy, made anew whenever they were changed. Layers become this by their class being swapped.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Computes the layer, (..., I) -> (..., O).

        Raises:
            GonerdError: A gradient would be needed, or the input is not float32 on the CPU.
        """
        if not input.numel():
            return super().forward(input)
        rows = quantised(input.reshape(-1, self.in_features), self)
        out: Tensor = self.product(rows)
        return out.view(*input.shape[:-1], self.out_features)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def product(self, rows: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Computes the layer on what `quantised` returned, (T, O)."""
        x, scale, low = rows
        packed, weight_scale, zeros, added = self.integers()
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            x, 1.0, 0, packed, weight_scale, zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return out.mul_(scale).addmm_(torch.cat([low, torch.ones_like(low)], 1), added)

    def integers(self) -> tuple[Tensor, ...]:
        """Returns the integer copy, made anew if the weights changed.

        Returns:
            Weights, packed; the scale of each output, (O,); zeros, (O,); and what a row's lowest value and 1 add to
            each output, (2, O).
        """
        weight, bias = self.weight, self.bias
        state = [(t.data_ptr(), None if t.is_inference() else t._version) for t in (weight, bias) if t is not None]
        kept: tuple[Any, tuple[Tensor, ...]] | None = self.__dict__.get("_int8")
        if kept is None or kept[0] != state:
            kept = self.__dict__["_int8"] = (state, _packed(weight.detach(), None if bias is None else bias.detach()))
        return kept[1]

    def __getstate__(self) -> dict[str, Any]:
        # Packed weights can be neither copied nor pickled.
        return {name: value for name, value in self.__dict__.items() if name != "_int8"}


def _packed(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
    scale = (weight.abs().amax(1) / LEVELS).clamp_min(torch.finfo(weight.dtype).tiny)
    integers = (weight / scale[:, None]).round_().clamp_(-LEVELS, LEVELS).to(torch.int8)
    offset = integers.sum(1, dtype=torch.int32) * scale
    added = torch.stack([offset, torch.zeros_like(offset) if bias is None else bias])
    packed = torch.ops.onednn.qlinear_prepack(integers, None)
    return packed, scale, torch.zeros(len(scale), dtype=torch.int32), added


@torch.compiler.disable  # type: ignore[untyped-decorator]
def quantised(x: Tensor, module: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Rounds rows to integers from 0 to 127.

    Args:
        x: (T, I).
        module: The layer that they are for.

    Returns:
        The integers, uint8 (T, I), and each row's scale and lowest value, (T, 1): `x ≈ integers * scale + low`.

    Raises:
        GonerdError: A gradient would be needed, or the input is not float32 on the CPU.
    """
    if module.training or torch.is_grad_enabled():
        raise GonerdError(
            "int8 layers are for predictions and have no gradient: call model.eval() and compute under "
            "torch.inference_mode(), or go back to float32 with accelerate(model)"
        )
    if x.device.type != "cpu" or x.dtype != torch.float32:
        raise GonerdError(
            f"int8 layers take float32 on the CPU, and this is {x.dtype} on {x.device}: leave out int8, "
            "or keep the model in float32 on the CPU and outside autocast"
        )
    low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
    scale = torch.maximum((high - low) / LEVELS, torch.maximum(high, -low) * _FLAT).clamp_min_(1e-30)
    inverse = scale.reciprocal()
    # Conversion cuts off, so half a step is added for rounding.
    return torch.addcmul(0.5 - low * inverse, x, inverse).to(torch.uint8), scale, low
