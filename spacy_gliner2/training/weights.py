"""Moving the weights of a network as a thinc optimizer says, but with torch and as a whole.

thinc would call its optimizer once for each tensor: it clips each gradient by itself, decays
biases and norms, knows one learning rate, and runs on one core.
"""

import warnings
from collections.abc import Iterator, Sequence
from math import isfinite

import torch
from thinc.api import Optimizer
from torch import Tensor, nn

from ..model.derived import forget
from .optimisation import Optimisation
from .row_gradients import RowGradients

NO_DECAY = ("bias", "b1", "b2")
"""Names of parameters that are biases although some are matrices."""

ADAPTER = (".lora_A", ".lora_B", ".lora_lengths")
"""Ends of the names of an adapter's parameters."""


class WeightMover:
    """Moves the weights of a network and keeps what its optimizer remembers.

    network (Module): The network, with an `encoder`.
    options (Optimisation): How its weights move.
    RAISES (ValueError): If a frozen part is not there.
    """

    def __init__(self, network: nn.Module, options: Optimisation) -> None:
        self.network = network
        self._options = options
        self._optimizer: torch.optim.Optimizer | None = None
        self._rule: Optimizer | None = None
        self._rows = RowGradients(network)
        _freeze(network, options.frozen)

    def step(self, rule: Optimizer, scale: float) -> None:
        """Move the weights against their gradients, which start anew afterwards.

        rule (Optimizer): Says how, with its values at present. Another one than the last time
            begins anew.
        scale (float): What to multiply the gradients with first.
        RAISES (ValueError): If a gradient is not finite; then no weight moves.
        """
        weights = [w for w in self.network.parameters() if w.grad is not None]
        if not weights:
            return
        gradients = self._rows.values(weights)
        length = _length(gradients) * scale
        if not isfinite(length):
            self.network.zero_grad()
            raise ValueError(
                f"the gradients have the length {length}, so that the weights would get lost; "
                "lower the learning rate (training.optimizer.learn_rate), or go on from an earlier "
                "checkpoint"
            )
        if rule.grad_clip:
            scale *= min(1.0, float(rule.grad_clip) / (length + 1e-6))
        if scale != 1.0:
            torch._foreach_mul_(gradients, scale)
        optimizer = self._follow(rule)
        with self._rows.spread(weights):
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        forget(self.network)  # since fused steps do not count as writing to the weights

    def _follow(self, rule: Optimizer) -> torch.optim.Optimizer:
        """Bring the torch optimizer to what the thinc one says at present."""
        if self._optimizer is None or rule is not self._rule:
            # What the last one remembers is its own, and this may be one of another kind.
            self._optimizer = _make_optimizer(rule, list(self._groups()))
            self._rule = rule
        for group in self._optimizer.param_groups:
            group["lr"] = rule.learn_rate * group["rate"]
            group["weight_decay"] = rule.L2 if group["decays"] else 0.0
            if "betas" in group:
                group["betas"], group["eps"] = (rule.b1, rule.b2), rule.eps
        return self._optimizer

    def _groups(self) -> Iterator[dict[str, object]]:
        groups: dict[tuple[bool, bool], list[Tensor]] = {}
        for name, weight in self.network.named_parameters():
            if weight.requires_grad:
                decays = weight.ndim > 1 and name.rpartition(".")[2] not in NO_DECAY
                # What begins as nothing learns as the heads do.
                encoder = name.startswith("encoder.") and not name.endswith(ADAPTER)
                groups.setdefault((encoder, decays), []).append(weight)
        for (encoder, decays), weights in groups.items():
            rate = self._options.encoder_rate if encoder else 1.0
            yield {"params": weights, "rate": rate, "decays": decays, "lr": 0.0}


def _make_optimizer(rule: Optimizer, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    if rule.averages is not None:
        warnings.warn(
            "training.optimizer.use_averages is true, which has no effect on a torch model: its "
            "weights are saved as they are; set it to false",
            stacklevel=2,
        )
    betas = (rule.b1, rule.b2)
    if rule.use_radam:
        return torch.optim.RAdam(
            groups, betas=betas, decoupled_weight_decay=rule.L2_is_weight_decay
        )
    if not any(betas):
        return torch.optim.SGD(groups)
    kind = torch.optim.AdamW if rule.L2_is_weight_decay else torch.optim.Adam
    try:
        return kind(groups, betas=betas, eps=rule.eps, fused=True)
    except RuntimeError:  # this version of torch has no such step for this device
        return kind(groups, betas=betas, eps=rule.eps)


def _freeze(network: nn.Module, parts: Sequence[str]) -> None:
    for part in parts:
        frozen = [
            weight
            for name, weight in network.named_parameters()
            if name == part or name.startswith(f"{part}.")
        ]
        if not frozen:
            known = ", ".join(name for name, _ in network.named_children())
            raise ValueError(
                f"optimisation.frozen: no parameter's name begins with {part!r}; the parts are "
                f"{known} and what is inside of them"
            )
        for weight in frozen:
            weight.requires_grad_(False)


def _length(gradients: Sequence[Tensor]) -> float:
    """RETURNS (float): The length of all gradients together."""
    norms = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    return float(torch.linalg.vector_norm(norms))
