"""The network of a checkpoint while it learns."""

import torch
from thinc.api import Optimizer

from ..model.adapter import Adapter, find_layers
from ..model.adapter_config import AdapterConfig
from ..model.checkpoint import Checkpoint
from ..model.dropout import set_dropout
from ..model.network import Network
from .optimisation import Optimisation
from .weights import WeightMover


class Trainee:
    """Gets a network ready to learn, and moves what of it learns: its weights or its adapter.

    optimisation (Optimisation): How the weights move.
    lora (AdapterConfig): The adapter to train; None to train the weights.
    texts (int): Of how many texts gradients were added since the last step.
    """

    def __init__(self, optimisation: Optimisation, lora: AdapterConfig | None = None) -> None:
        self.optimisation = optimisation
        self.lora = lora
        self.texts = 0
        self._mover: WeightMover | None = None
        self._adapter: Adapter | None = None

    def ready(self, checkpoint: Checkpoint, drop: float) -> Network:
        """Get the network of a checkpoint ready for gradients.

        checkpoint (Checkpoint): The checkpoint. Another one than the last time, or another
            adapter, begins anew.
        drop (float): Dropout.
        RETURNS (Network): The network.
        RAISES (ValueError): If it has another adapter than the one to train.
        """
        network = checkpoint.network
        set_dropout(network, drop)
        known = self._mover is not None and self._mover.network is network
        if not known or checkpoint.adapter is not self._adapter:
            self._adapter = self._find_adapter(checkpoint)
            if self._adapter is None:
                # What is learned would get lost in the rounding to a smaller type.
                checkpoint.dtype = torch.float32
            self._mover = WeightMover(network, self.optimisation)
            self.texts = 0
        return network.train()

    def step(self, rule: Optimizer, scale: float) -> None:
        """Move what learns against the gradients that were added since the last step.

        rule (Optimizer): Says how.
        scale (float): What to multiply the gradients with first.
        """
        self.texts = 0
        if self._mover is not None:
            self._mover.step(rule, scale)

    def forget(self) -> None:
        """Forget the gradients that were added since the last step."""
        self.texts = 0
        if self._mover is not None:
            self._mover.network.zero_grad()

    def _find_adapter(self, checkpoint: Checkpoint) -> Adapter | None:
        """RETURNS (Adapter): The adapter that learns: the one that is in use, or a new one."""
        if self.lora is None:
            if checkpoint.adapter is not None:
                raise ValueError(
                    "lora: is null, and the model has an adapter; set it to train the adapter, or "
                    "merge or unload the adapter to train the weights"
                )
            return None
        if checkpoint.adapter is None:
            checkpoint.adapter = Adapter(checkpoint.network, self.lora)
        _check_same(self.lora, checkpoint.adapter, checkpoint.network)
        checkpoint.adapter.dropout = self.lora.dropout
        checkpoint.adapter.freeze_others()
        return checkpoint.adapter

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_mover": None, "_adapter": None, "texts": 0}


def _check_same(wanted: AdapterConfig, adapter: Adapter, network: Network) -> None:
    """See whether an adapter in use is the one that is to be trained, but for its dropout."""
    for key in ("rank", "alpha", "dora"):
        value, own = getattr(wanted, key), getattr(adapter.config, key)
        if value != own:
            raise ValueError(
                f"lora.{key}: {value}, and the model has an adapter of {key} {own}; set it to "
                "that, or merge or unload the adapter"
            )
    layers = find_layers(network, wanted)
    if sorted(layers) != sorted(adapter.names):
        differing = sorted(set(layers) ^ set(adapter.names))
        more = ", ..." if len(differing) > 3 else ""
        raise ValueError(
            f"lora.targets: {list(wanted.targets)!r} are other layers than those of the adapter "
            f"that the model has: {', '.join(differing[:3])}{more} are in one of them alone; name "
            "the same ones, or merge or unload the adapter"
        )
