"""Low-rank adapters in a network, in training and in use (section 5.7 of the reference).

An adapter is a parametrization of the weights that it adapts: whoever reads `weight` gets the sum,
with gradients to the adapter alone, and what was computed from the weights is computed anew. The
weights themselves stay as they are, so that taking the adapter away restores them exactly.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrize

from .adapter_config import TARGETS, AdapterConfig

ENCODER_LAYERS = ("query", "key", "value", "dense")
"""What the last part of a name contains if the target "encoder" means it."""

ALIASES = {
    "all_task_heads": TARGETS[1:],
    "classification_head": ("classifier",),
    "extractive_head": ("span_rep", "count_embed", "count_pred"),
}
"""The reference's names for several targets."""

_ORIGINAL = ".parametrizations.weight.original"
_OWN = ".parametrizations.weight.0."

Matrices = Mapping[str, tuple[Tensor, Tensor]]
"""By name of a layer, A and B. *Shape:* (rank, inputs) and (outputs, rank)"""


class LowRank(nn.Module):
    """What an adapter adds to a weight.

    matrices (tuple): A and B. *Shape:* (rank, inputs) and (outputs, rank)
    config (AdapterConfig): Scale and dropout.
    """

    def __init__(self, matrices: tuple[Tensor, Tensor], config: AdapterConfig) -> None:
        super().__init__()
        self.lora_A, self.lora_B = map(nn.Parameter, matrices)
        self._scale = config.scale
        self._dropout = config.dropout

    def forward(self, weight: Tensor) -> Tensor:
        """RETURNS (Tensor): The weight with the adapter. *Shape:* (outputs, inputs)"""
        with torch.autocast(weight.device.type, enabled=False):
            first: Tensor = self.lora_A
            if self.training and self._dropout:
                first = first * F.dropout(first.new_ones(first.shape[1]), self._dropout)
            return torch.addmm(weight, self.lora_B, first, alpha=self._scale)


class Adapter:
    """An adapter in a network.

    network (nn.Module): The network, without another adapter.
    config (AdapterConfig): What it is.
    matrices (Mapping): Its matrices, None for new ones, with which nothing changes yet.
    RAISES (ValueError): If a target is no part of the network, or a matrix does not fit.
    """

    def __init__(
        self, network: nn.Module, config: AdapterConfig, matrices: Matrices | None = None
    ) -> None:
        self.config = config
        self._network = network
        layers = _linear_layers(network)
        if matrices is None:
            matrices = {name: _start(layers[name], config) for name in find_layers(network, config)}
        check_matrices(network, config, matrices)
        self.names = tuple(matrices)
        for name, own in matrices.items():
            layer = layers[name]
            device = layer.weight.device
            added = LowRank((own[0].to(device), own[1].to(device)), config).train(layer.training)
            parametrize.register_parametrization(layer, "weight", added, unsafe=True)

    def matrices(self) -> dict[str, tuple[Tensor, Tensor]]:
        """RETURNS (dict): Its matrices, by name of the layer."""
        layers = _linear_layers(self._network)
        found = {}
        for name in self.names:
            added = cast(LowRank, cast(nn.Module, layers[name].parametrizations).weight[0])  # type: ignore[index]
            found[name] = (added.lora_A.detach(), added.lora_B.detach())
        return found

    def sums(self) -> dict[str, Tensor]:
        """RETURNS (dict): The weights with what it adds, by their names."""
        layers = _linear_layers(self._network)
        return {f"{name}.weight": layers[name].weight.detach() for name in self.names}

    def freeze_others(self) -> None:
        """Let nothing of the network learn but the adapter."""
        for name, weight in self._network.named_parameters():
            weight.requires_grad_(_OWN in f".{name}")

    def remove(self, *, merge: bool = False) -> None:
        """Take it out of the network, all of which can learn then.

        merge (bool): Whether the weights keep what it adds.
        """
        layers = _linear_layers(self._network)
        for name in self.names:
            # A weight that gets no gradient could not be replaced by one that does.
            layers[name].parametrizations.weight.original.requires_grad_(True)  # type: ignore[union-attr]
            parametrize.remove_parametrizations(layers[name], "weight", leave_parametrized=merge)
        for weight in self._network.parameters():
            weight.requires_grad_(True)


def find_layers(network: nn.Module, config: AdapterConfig) -> list[str]:
    """Find the layers that a config means.

    network (nn.Module): The network.
    config (AdapterConfig): The config.
    RETURNS (list): Their names.
    RAISES (ValueError): If a target means none.
    """
    names = list(_linear_layers(network))
    found: set[str] = set()
    for target in config.targets:
        meant = [name for part in ALIASES.get(target, (target,)) for name in _meant(part, names)]
        if not meant:
            raise ValueError(
                f"lora.targets: {target!r} is no part of this model that has linear layers; "
                f"choose among {', '.join(TARGETS)}"
            )
        found.update(meant)
    return [name for name in names if name in found]


def _meant(target: str, names: Sequence[str]) -> list[str]:
    first, _, kind = target.partition(".")
    if first == "encoder" and target not in names:
        kinds = (kind,) if kind else ENCODER_LAYERS
        inside = [name for name in names if name.startswith("encoder.")]
        return [name for name in inside if any(k in name.rpartition(".")[2] for k in kinds)]
    return [name for name in names if name == target or name.startswith(f"{target}.")]


def check_matrices(network: nn.Module, config: AdapterConfig, matrices: Matrices) -> None:
    """See whether matrices fit a network.

    network (nn.Module): The network.
    config (AdapterConfig): Says their rank.
    matrices (Mapping): The matrices.
    RAISES (ValueError): If one does not.
    """
    layers = _linear_layers(network)
    for name, (first, second) in matrices.items():
        if name not in layers:
            raise ValueError(f"{name!r} is no linear layer of this model")
        outputs, inputs = layers[name].weight.shape
        expected = (config.rank, inputs), (outputs, config.rank)
        if (tuple(first.shape), tuple(second.shape)) != expected:
            raise ValueError(
                f"{name!r}: the matrices are {tuple(first.shape)} and {tuple(second.shape)}, not "
                f"{expected[0]} and {expected[1]}"
            )


def plain_state(network: nn.Module) -> dict[str, Tensor]:
    """RETURNS (dict): The weights of a network without its adapter, under their usual names."""
    return {
        key.replace(_ORIGINAL, ".weight"): value
        for key, value in network.state_dict().items()
        if _OWN not in key
    }


def _linear_layers(network: nn.Module) -> dict[str, nn.Linear]:
    return {
        name: module for name, module in network.named_modules() if isinstance(module, nn.Linear)
    }


def _start(layer: nn.Linear, config: AdapterConfig) -> tuple[Tensor, Tensor]:
    first = layer.weight.new_empty(config.rank, layer.in_features)
    nn.init.kaiming_uniform_(first, a=sqrt(5))
    return first, layer.weight.new_zeros(layer.out_features, config.rank)
