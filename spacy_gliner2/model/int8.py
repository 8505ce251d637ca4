"""Linear layers in 8-bit numbers, with the products of oneDNN."""

from dataclasses import dataclass

import torch
from torch import Tensor

LARGEST = 127
"""Largest 8-bit number that has an opposite: weights have a sign."""

LEVELS = 255
"""Largest 8-bit number without a sign: oneDNN wants inputs to have none."""

MIDDLE = 128
"""What stands for zero if there are as many numbers below as above it."""

TINY = 1e-12
"""Smallest scale, for rows of zeros."""


@dataclass(frozen=True, slots=True)
class Range:
    """Where the numbers of a row lie.

    zero (int): The 8-bit number that stands for zero.
    lowest (float): The lowest that there may be; None if they lie on both sides of zero alike.
    """

    zero: int
    lowest: float | None = None

    def scale(self, rows: Tensor) -> Tensor:
        """Find the scale of each row, which depends on the row alone.

        So a sequence has the same states in any batch.

        rows (Tensor): *Shape:* (rows, width)
        RETURNS (Tensor): *Shape:* (rows, 1)
        """
        sizes = rows.abs() if self.lowest is None else rows
        largest = sizes.amax(dim=1, keepdim=True).float().div_(LEVELS - self.zero)
        smallest = TINY if self.lowest is None else max(TINY, -self.lowest / max(self.zero, 1))
        return largest.clamp_(min=smallest)


RANGES = {
    None: Range(MIDDLE),
    "relu": Range(0, 0.0),
    "gelu": Range(24, -0.18),
}
"""The range of what comes out of an activation, None if it is no activation."""


class Int8Product:
    """A product of matrices, with a scale for each row of the inputs and for each output.

    weight (Tensor): *Shape:* (outputs, inputs)
    after (str): The activation that the inputs come from, "gelu" or "relu"; None if from none.
    """

    def __init__(self, weight: Tensor, after: str | None = None) -> None:
        weight = weight.detach().float()
        self._range = RANGES[after]
        self._scale = weight.abs().amax(dim=1).clamp_(min=TINY).div_(LARGEST)
        quantised = (weight / self._scale[:, None]).round_().to(torch.int8)
        self._weight: Tensor = torch.ops.onednn.qlinear_prepack(quantised, None)
        self._zeros = torch.zeros(weight.shape[0], dtype=torch.long)

    def __call__(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Multiply.

        inputs (Tensor): *Shape:* (rows, inputs)
        RETURNS (tuple): The outputs but for the scales of the rows, and these.
            *Shape:* (rows, outputs) and (rows, 1)
        """
        scale = self._range.scale(inputs)
        zero = self._range.zero
        rows = inputs.mul(scale.reciprocal())
        if zero != MIDDLE:
            rows.add_(zero - MIDDLE)
        # Numbers with a sign are made much faster, and differ by their highest bit.
        rows = rows.round_().to(torch.int8).view(torch.uint8).bitwise_xor_(MIDDLE)
        outputs: Tensor = torch.ops.onednn.qlinear_pointwise(
            rows,
            1.0,
            zero,
            self._weight,
            self._scale,
            self._zeros,
            None,
            1.0,
            0,
            inputs.dtype,
            "none",
            [],
            "none",
        )
        return outputs, scale.to(inputs.dtype)


def multiplies_exactly() -> bool:
    """RETURNS (bool): Whether the products are there, and add up without a limit at 16 bits."""
    if not hasattr(torch.ops.onednn, "qlinear_pointwise"):
        return False
    largest = torch.full((32, 64), float(LARGEST))
    try:
        products, scale = Int8Product(largest)(largest)
    except RuntimeError:
        return False
    return bool(((products * scale).round() == 64 * LARGEST * LARGEST).all())
