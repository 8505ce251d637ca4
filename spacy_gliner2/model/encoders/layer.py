"""The part of a layer that the BERT family shares: projection, residual, norm and feed-forward."""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

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


def fuse(*linears: nn.Linear) -> tuple[Tensor, Tensor]:
    """Make one linear layer of several that read the same input.

    linears (nn.Linear): The layers.
    RETURNS (tuple): Weight and bias. *Shape:* (outputs of all, inputs) and (outputs of all,)
    """
    weight = torch.cat([linear.weight for linear in linears])
    return weight, torch.cat([linear.bias for linear in linears])


def add_and_norm(output: Output, inner: Tensor, residual: Tensor, records: bool) -> Tensor:
    """Project, add what came in, and norm.

    output (Output): The weights.
    inner (Tensor): What to project. *Shape:* (tokens, inner)
    residual (Tensor): What came in. *Shape:* (tokens, hidden)
    records (bool): Whether gradients may be needed, so that nothing may be overwritten.
    RETURNS (Tensor): The normed sum. *Shape:* (tokens, hidden)
    """
    projected: Tensor = output.dense(inner)
    if records:
        projected = output.dropout(projected) + residual
    else:
        projected += residual
    normed: Tensor = output.LayerNorm(projected)
    return normed


def feed_forward(
    intermediate: Intermediate, output: Output, states: Tensor, gelu: bool, records: bool
) -> Tensor:
    """Run the feed-forward, tile by tile where nothing has to be kept for gradients.

    intermediate (Intermediate): Weights of the first half.
    output (Output): Weights of the second half.
    states (Tensor): The states. *Shape:* (tokens, hidden)
    gelu (bool): Whether the activation is GELU, which has a form that overwrites its input.
    records (bool): Whether gradients may be needed, so that nothing may be overwritten.
    RETURNS (Tensor): The new states. *Shape:* (tokens, hidden)
    """
    if records:
        inner = intermediate.intermediate_act_fn(intermediate.dense(states))
        return add_and_norm(output, inner, states, records)
    tiles = []
    for tile in _tiles(states):
        inner = intermediate.dense(tile)
        inner = torch.ops.aten.gelu_(inner) if gelu else intermediate.intermediate_act_fn(inner)
        tiles.append(add_and_norm(output, inner, tile, records))
    return tiles[0] if len(tiles) == 1 else torch.cat(tiles)


def _tiles(states: Tensor) -> Sequence[Tensor]:
    return (states,) if states.shape[0] <= ROWS else states.split(ROWS)
