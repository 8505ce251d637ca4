"""The part of a layer that the BERT family shares: all but the attention itself."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ..dropout import add_dropped
from ..linear import FUSED, make_linear
from ..precision import Precision, numbers

ROWS = 1024
"""Rows of a tile of the feed-forward, so that its inner states stay in the processor's cache."""


class Output(Protocol):
    """A projection that is added to what came in, and normed."""

    dense: nn.Linear
    LayerNorm: nn.LayerNorm
    dropout: nn.Dropout


class Intermediate(Protocol):
    """The first half of the feed-forward."""

    dense: nn.Linear
    intermediate_act_fn: Callable[[Tensor], Tensor]


class Attention(Protocol):
    """Attention and what follows it."""

    self: Any
    output: Output


class Layer(Protocol):
    """A layer of a `transformers` model of the family."""

    attention: Attention
    intermediate: Intermediate
    output: Output


class Block(Protocol):
    """A layer without its attention."""

    def project(self, states: Tensor) -> Tensor:
        """Make queries, keys and values.

        states (Tensor): *Shape:* (tokens, hidden)
        RETURNS (Tensor): *Shape:* (tokens, 3 * all heads)
        """
        ...

    def finish(self, context: Tensor, states: Tensor) -> Tensor:
        """Make the new states of some tokens.

        context (Tensor): What their attention gave. *Shape:* (tokens, all heads)
        states (Tensor): Their old states. *Shape:* (tokens, hidden)
        RETURNS (Tensor): *Shape:* (tokens, hidden)
        """
        ...


def fuse(*linears: nn.Linear) -> tuple[Tensor, Tensor]:
    """Make one linear layer of several that read the same input.

    linears (nn.Linear): The layers.
    RETURNS (tuple): Weight and bias. *Shape:* (outputs of all, inputs) and (outputs of all,)
    """
    weight = torch.cat([linear.weight for linear in linears])
    return weight, torch.cat([linear.bias for linear in linears])


class RecordedBlock:
    """A block whose gradients may be needed, so that nothing is prepared or overwritten.

    layer (Layer): The layer.
    projections (nn.Linear): The projections to queries, keys and values.
    """

    def __init__(self, layer: Layer, *projections: nn.Linear) -> None:
        self._layer = layer
        self._projections = projections

    def project(self, states: Tensor) -> Tensor:
        return F.linear(states, *fuse(*self._projections))

    def finish(self, context: Tensor, states: Tensor) -> Tensor:
        layer = self._layer
        states = self._add(layer.attention.output, context, states)
        inner = layer.intermediate.intermediate_act_fn(layer.intermediate.dense(states))
        return self._add(layer.output, inner, states)

    def _add(self, output: Output, inner: Tensor, residual: Tensor) -> Tensor:
        added = add_dropped(output.dense(inner), output.dropout, residual)
        normed: Tensor = output.LayerNorm(added)
        return normed


class PackedBlock:
    """A block whose linear layers are prepared once.

    layer (Layer): The layer.
    projections (nn.Linear): The projections to queries, keys and values.
    activation (str): Name of the activation.
    precision (str): What to compute with.
    """

    def __init__(
        self, layer: Layer, *projections: nn.Linear, activation: str, precision: Precision
    ) -> None:
        fused = activation if activation in FUSED else None
        attended, inner, outer = layer.attention.output, layer.intermediate, layer.output
        # Attention tells small differences apart, and 8-bit numbers would lose them.
        exact: Precision = "bfloat16" if precision == "int8" else precision
        self.project = make_linear(*fuse(*projections), exact)
        self._attended = make_linear(attended.dense.weight, attended.dense.bias, precision)
        self._inner = make_linear(inner.dense.weight, inner.dense.bias, precision, fused)
        self._activate = None if fused else inner.intermediate_act_fn
        self._outer = make_linear(outer.dense.weight, outer.dense.bias, precision, after=fused)
        self._attended_norm = Norm(attended.LayerNorm, precision)
        self._outer_norm = Norm(outer.LayerNorm, precision)

    def finish(self, context: Tensor, states: Tensor) -> Tensor:
        tiles = [self._finish(*tile) for tile in zip(*map(_tiles, (context, states)), strict=True)]
        return tiles[0] if len(tiles) == 1 else torch.cat(tiles)

    def _finish(self, context: Tensor, states: Tensor) -> Tensor:
        states = self._attended_norm(self._attended(context, states))
        inner = self._inner(states)
        if self._activate is not None:
            inner = self._activate(inner)
        return self._outer_norm(self._outer(inner, states))


class Norm:
    """Layer normalisation for states of a precision.

    norm (nn.LayerNorm): The weights.
    precision (str): What to compute with.
    """

    def __init__(self, norm: nn.LayerNorm, precision: Precision) -> None:
        weight, bias = norm.weight.detach(), norm.bias.detach()
        dtype = numbers(precision, weight.dtype)
        self._weight, self._bias, self._eps = weight.to(dtype), bias.to(dtype), norm.eps

    def __call__(self, states: Tensor) -> Tensor:
        return F.layer_norm(states, self._weight.shape, self._weight, self._bias, self._eps)


def _tiles(states: Tensor) -> Sequence[Tensor]:
    tiles: Sequence[Tensor] = states.split(ROWS)
    return tiles
