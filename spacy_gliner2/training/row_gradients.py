"""Gradients of embeddings: of the few rows that a batch reads, and not of all of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

DEVICES = ("cpu", "cuda")
"""Where torch has gradients of some rows."""

LARGE = 1 << 20
"""From how many numbers on an embedding is worth it."""


class RowGradients:
    """Lets large embeddings have gradients of the rows that were read, which are sparse tensors.

    Gradients of all rows would be filled with zeros and added up for each part of a batch, which
    takes as long as a layer does.

    network (Module): The network.
    """

    def __init__(self, network: nn.Module) -> None:
        self._whole: dict[Tensor, Tensor] = {}
        for module in network.modules():
            if isinstance(module, nn.Embedding) and module.weight.numel() >= LARGE:
                module.sparse = module.weight.device.type in DEVICES

    def values(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """Get all numbers of gradients that may be other than 0.

        weights (Sequence): Weights with gradients; those of some rows have each row once
            afterwards.
        RETURNS (list): The numbers, to be changed in place.
        """
        found = []
        for weight in weights:
            gradient = _gradient(weight)
            if gradient.is_sparse:
                weight.grad = gradient = gradient.coalesce()
                gradient = gradient._values()
            found.append(gradient)
        return found

    @contextmanager
    def spread(self, weights: Sequence[Tensor]) -> Iterator[None]:
        """Give weights whole gradients for a while, for optimizers that know no others.

        weights (Sequence): Weights with gradients, those of some rows from `values`.
        """
        some = {weight: _gradient(weight) for weight in weights if _gradient(weight).is_sparse}
        try:
            for weight, gradient in some.items():
                kept = self._whole.get(weight)
                if kept is None or kept.device != weight.device:
                    self._whole[weight] = torch.zeros_like(weight)
                self._whole[weight][gradient._indices()[0]] = gradient._values()
                weight.grad = self._whole[weight]
            yield
        finally:
            for weight, gradient in some.items():
                self._whole[weight][gradient._indices()[0]] = 0.0
                weight.grad = gradient


def _gradient(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    return weight.grad
