"""Low-rank adapters in a network, in training and in use (section 5.7 of the reference): LoRA (Hu
et al. 2021, https://arxiv.org/abs/2106.09685) and DoRA (Liu et al. 2024,
https://arxiv.org/abs/2402.09353).

An adapter is a parametrization of the weights that it adapts: whoever reads `weight` gets them
adapted, with gradients to the adapter alone, and what was computed from them is computed anew. The
weights themselves stay as they are, so that taking the adapter away restores them exactly.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrize

from .adapter_config import TARGETS, AdapterConfig
from .precision import exact

ENCODER_LAYERS = ("query", "key", "value", "dense")
"""What the last part of a name contains if the target "encoder" means it."""

ALIASES = {
    "all_task_heads": TARGETS[1:],
    "classification_head": ("classifier",),
    "extractive_head": ("span_rep", "count_embed", "count_pred"),
}
"""The reference's names for several targets."""

_SHORTEST = 1e-12
"""Length of a row that DoRA divides by, at least."""

_ORIGINAL = ".parametrizations.weight.original"
_OWN = ".parametrizations.weight.0."


class Matrices(NamedTuple):
    """What an adapter has for a layer.

    first (Tensor): A. *Shape:* (rank, inputs)
    second (Tensor): B. *Shape:* (outputs, rank)
    lengths (Tensor): For DoRA, the length of each row of the adapted weight. *Shape:* (outputs,)
    """

    first: Tensor
    second: Tensor
    lengths: Tensor | None = None


class LowRank(nn.Module):
    """What an adapter makes of a weight.

    matrices (Matrices): What it has for it.
    config (AdapterConfig): Scale and dropout.
    """

    def __init__(self, matrices: Matrices, config: AdapterConfig) -> None:
        super().__init__()
        lengths = matrices.lengths
        self.lora_A, self.lora_B = map(nn.Parameter, matrices[:2])
        self.lora_lengths = None if lengths is None else nn.Parameter(lengths)
        self.dropout = config.dropout
        self._scale = config.scale

    def forward(self, weight: Tensor) -> Tensor:
        """RETURNS (Tensor): The weight with the adapter. *Shape:* (outputs, inputs)"""
        first: Tensor = self.lora_A
        if self.training and self.dropout:
            first = first * F.dropout(first.new_ones(first.shape[1]), self.dropout)
        return self._adapt(weight, first)

    def adapted(self, weight: Tensor) -> Tensor:
        """Adapt a weight without dropout.

        weight (Tensor): *Shape:* (outputs, inputs)
        RETURNS (Tensor): *Shape:* (outputs, inputs)
        """
        return self._adapt(weight, self.lora_A).detach()

    def _adapt(self, weight: Tensor, first: Tensor) -> Tensor:
        with exact(weight.device):
            added = torch.addmm(weight, self.lora_B, first, alpha=self._scale)
            if self.lora_lengths is not None:
                # The lengths that rows have are taken for constants, as in the paper (section 4.3).
                own = added.detach().norm(dim=1).clamp_min(_SHORTEST)
                added = added * (self.lora_lengths / own)[:, None]
            return added

    def matrices(self) -> Matrices:
        """RETURNS (Matrices): What it has at present."""
        lengths = self.lora_lengths
        return Matrices(
            self.lora_A.detach(),
            self.lora_B.detach(),
            None if lengths is None else lengths.detach(),
        )


class Adapter:
    """An adapter in a network.

    network (nn.Module): The network, without another adapter.
    config (AdapterConfig): What it is.
    matrices (Mapping): Its matrices by name of the layer, None for new ones, with which nothing
        changes yet.
    RAISES (ValueError): If a target is no part of the network, or a matrix does not fit.
    """

    def __init__(
        self,
        network: nn.Module,
        config: AdapterConfig,
        matrices: Mapping[str, Matrices] | None = None,
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
            added = LowRank(own, config).to(device).train(layer.training)
            parametrize.register_parametrization(layer, "weight", added, unsafe=True)

    def matrices(self) -> dict[str, Matrices]:
        """RETURNS (dict): Its matrices, by name of the layer."""
        return {name: added.matrices() for name, added, _ in self._parts()}

    def sums(self) -> dict[str, Tensor]:
        """RETURNS (dict): The weights as it makes them, by their names."""
        return {f"{name}.weight": added.adapted(weight) for name, added, weight in self._parts()}

    @property
    def dropout(self) -> float:
        """RETURNS (float): Its dropout."""
        return self.config.dropout

    @dropout.setter
    def dropout(self, share: float) -> None:
        self.config = replace(self.config, dropout=share)
        for _, added, _ in self._parts():
            added.dropout = share

    def _parts(self) -> Iterator[tuple[str, LowRank, Tensor]]:
        """YIELDS (tuple): The name of a layer, what adapts its weight, and the weight itself."""
        layers = _linear_layers(self._network)
        for name in self.names:
            own: Any = layers[name].parametrizations
            yield name, own.weight[0], own.weight.original

    def freeze_others(self) -> None:
        """Let nothing of the network learn but the adapter."""
        for name, weight in self._network.named_parameters():
            weight.requires_grad_(_OWN in f".{name}")

    def remove(self, *, merge: bool = False) -> None:
        """Take it out of the network, all of which can learn then.

        merge (bool): Whether the weights stay as it makes them.
        """
        layers = _linear_layers(self._network)
        for name, added, weight in list(self._parts()):
            # A weight that gets no gradient could not be replaced by one that does.
            weight.requires_grad_(True)
            added.eval()  # or a drawn dropout would be merged
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


def check_matrices(
    network: nn.Module, config: AdapterConfig, matrices: Mapping[str, Matrices]
) -> None:
    """See whether matrices fit a network.

    network (nn.Module): The network.
    config (AdapterConfig): Says their rank.
    matrices (Mapping): The matrices, by name of the layer.
    RAISES (ValueError): If one does not.
    """
    layers = _linear_layers(network)
    for name, (first, second, lengths) in matrices.items():
        if name not in layers:
            raise ValueError(f"{name!r} is no linear layer of this model")
        outputs, inputs = layers[name].weight.shape
        expected = (config.rank, inputs), (outputs, config.rank)
        if (tuple(first.shape), tuple(second.shape)) != expected:
            raise ValueError(
                f"{name!r}: the matrices are {tuple(first.shape)} and {tuple(second.shape)}, not "
                f"{expected[0]} and {expected[1]}"
            )
        given = None if lengths is None else tuple(lengths.shape)
        if given != ((outputs,) if config.dora else None):
            raise ValueError(
                f"{name!r}: the lengths of its {outputs} rows are {given}, and dora is "
                f"{config.dora}"
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


def _start(layer: nn.Linear, config: AdapterConfig) -> Matrices:
    first = layer.weight.new_empty(config.rank, layer.in_features)
    nn.init.kaiming_uniform_(first, a=sqrt(5))
    second = layer.weight.new_zeros(layer.out_features, config.rank)
    return Matrices(first, second, layer.weight.detach().norm(dim=1) if config.dora else None)
