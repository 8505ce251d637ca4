"""Dropout, drawn on a processor several times as fast as torch draws it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ..checks import check_share

KINDS = 1 << 16
"""Of how many numbers each is drawn: a share is rounded to one of as many parts."""


def dropout(states: Tensor, share: float) -> Tensor:
    """Leave out some numbers, and make the others greater in return.

    states (Tensor): The numbers.
    share (float): With what probability each is left out, below 1.
    RETURNS (Tensor): *Shape:* as `states`.
    """
    if not share:
        return states
    if states.device.type != "cpu":
        return F.dropout(states, share)
    return states * _noise(states, share)


def add_dropped(states: Tensor, layer: nn.Dropout, others: Tensor) -> Tensor:
    """Do what a layer says, and add something.

    states (Tensor): The numbers that the layer may leave out.
    layer (Dropout): The layer.
    others (Tensor): What to add. *Shape:* as `states`.
    RETURNS (Tensor): *Shape:* as `states`.
    """
    share = layer.p if layer.training else 0.0
    if not share or states.device.type != "cpu":
        return apply_dropout(layer, states) + others
    return torch.addcmul(others, states, _noise(states, share))


def apply_dropout(layer: nn.Dropout, states: Tensor) -> Tensor:
    """Do what a layer says.

    layer (Dropout): The layer.
    states (Tensor): The numbers.
    RETURNS (Tensor): *Shape:* as `states`.
    """
    return dropout(states, layer.p) if layer.training else states


class Dropout(nn.Dropout):
    """A layer that draws as `dropout` does."""

    def forward(self, states: Tensor) -> Tensor:
        """RETURNS (Tensor): What is left. *Shape:* as `states`."""
        return apply_dropout(self, states)


def _noise(states: Tensor, share: float) -> Tensor:
    """RETURNS (Tensor): 0 for what is left out, and how much greater the others become."""
    count, out = states.numel(), round(share * KINDS)
    # Torch draws one number for each, and they are costly; each of these has four in it.
    drawn = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(1 << 63), None)
    kinds = drawn.view(torch.int16)[:count].view(states.shape)
    kept = kinds.float().ge_(out - KINDS // 2)
    return kept.mul_(1 / (1 - share)).to(states.dtype)


def set_dropout(network: nn.Module, share: float) -> None:
    """Set the dropout of all layers of a network.

    network (Module): The network.
    share (float): The dropout.
    RAISES (ValueError): If it is no share below 1.
    """
    check_share("drop", share, below_one=True)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
        elif isinstance(module, nn.MultiheadAttention):
            module.dropout = share
