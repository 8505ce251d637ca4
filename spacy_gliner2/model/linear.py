"""Linear layers as they run fastest where no gradient is recorded."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from .int8 import Int8Product
from .precision import Precision

Activation = Callable[[Tensor], Tensor]

FUSED = ("gelu", "relu")
"""Activations that oneDNN applies while a product is still in the registers."""

IN_PLACE: dict[str, Activation] = {"gelu": torch.ops.aten.gelu_, "relu": torch.relu_}
"""The same where they are applied after the product."""


class Linear(Protocol):
    """A linear layer, with what follows it."""

    def __call__(self, inputs: Tensor, residual: Tensor | None = None) -> Tensor:
        """Compute the outputs.

        inputs (Tensor): *Shape:* (rows, inputs)
        residual (Tensor): What to add to the outputs. *Shape:* (rows, outputs)
        RETURNS (Tensor): *Shape:* (rows, outputs)
        """
        ...


def make_linear(
    weight: Tensor,
    bias: Tensor,
    precision: Precision,
    activation: str | None = None,
    after: str | None = None,
) -> Linear:
    """Prepare a linear layer. It reads and gives what `numbers` says.

    weight (Tensor): *Shape:* (outputs, inputs)
    bias (Tensor): *Shape:* (outputs,)
    precision (str): The precision; "float32" leaves the type of the weights as it is.
    activation (str): "gelu", "relu", or None.
    after (str): The activation that the inputs come from, "gelu", "relu", or None.
    RETURNS (Linear): The layer.
    """
    weight, bias = weight.detach(), bias.detach()
    if precision == "int8":
        return Int8Linear(weight, bias, activation, after)
    if precision == "bfloat16":
        weight, bias = weight.bfloat16(), bias.bfloat16()
    if _packs(weight):
        return PackedLinear(weight, bias, activation)
    return PlainLinear(weight, bias, activation)


def _packs(weight: Tensor) -> bool:
    """Tell whether oneDNN has a layout of its own for a weight, which saves it the packing."""
    return (
        weight.device.type == "cpu"
        and weight.dtype in (torch.float32, torch.bfloat16)
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and (weight.dtype == torch.float32 or torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )


class PlainLinear:
    """The layer as it is: on any device, with any type of numbers.

    weight (Tensor): *Shape:* (outputs, inputs)
    bias (Tensor): *Shape:* (outputs,)
    activation (str): "gelu", "relu", or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor, activation: str | None) -> None:
        self._weight = weight
        self._bias = bias
        self._activation = activation

    def __call__(self, inputs: Tensor, residual: Tensor | None = None) -> Tensor:
        outputs = F.linear(inputs, self._weight, self._bias)
        return _follow(outputs, self._activation, residual)


class PackedLinear:
    """The layer in oneDNN, its weight packed once and what follows fused into the product.

    weight (Tensor): *Shape:* (outputs, inputs)
    bias (Tensor): *Shape:* (outputs,)
    activation (str): "gelu", "relu", or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor, activation: str | None) -> None:
        self._weight: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous())
        self._bias = bias.contiguous()
        self._fused = activation or "none"

    def __call__(self, inputs: Tensor, residual: Tensor | None = None) -> Tensor:
        run = torch.ops.mkldnn._linear_pointwise
        outputs: Tensor
        if residual is not None and self._fused == "none":
            outputs = run.binary(inputs, residual, self._weight, self._bias, "add")
            return outputs
        outputs = run(inputs, self._weight, self._bias, self._fused, [], "none")
        return outputs if residual is None else outputs.add_(residual)


class Int8Linear:
    """The layer in 8-bit numbers, with those of bfloat16 around the product.

    weight (Tensor): *Shape:* (outputs, inputs)
    bias (Tensor): *Shape:* (outputs,)
    activation (str): "gelu", "relu", or None.
    after (str): The activation that the inputs come from, "gelu", "relu", or None.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, activation: str | None, after: str | None
    ) -> None:
        self._multiply = Int8Product(weight, after)
        self._bias = bias.bfloat16()
        self._activation = activation

    def __call__(self, inputs: Tensor, residual: Tensor | None = None) -> Tensor:
        outputs, scale = self._multiply(inputs)
        torch.addcmul(self._bias, outputs, scale, out=outputs)
        return _follow(outputs, self._activation, residual)


def _follow(outputs: Tensor, activation: str | None, residual: Tensor | None) -> Tensor:
    if activation is not None:
        outputs = IN_PLACE[activation](outputs)
    return outputs if residual is None else outputs.add_(residual)
