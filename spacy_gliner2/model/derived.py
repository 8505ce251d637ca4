"""What is computed from weights once and used until they change."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from .precision import Precision, numbers

T = TypeVar("T")


class WeightCache(Generic[T]):
    """One value made from weights. Copies and pickles of it are empty."""

    def __init__(self) -> None:
        self._weights: list[Tensor] = []
        self._versions: list[int] = []
        self._value: T | None = None

    def get(self, weights: Sequence[Tensor], make: Callable[[], T]) -> T:
        """Return the value, making it anew if the weights are not those it was made from.

        weights (Sequence): The weights it is made from.
        make (Callable): Makes it.
        RETURNS (T): The value.
        """
        if self._value is None or not self._holds(weights):
            self._value = make()
            # An alias keeps the memory, so that no other weight can come to lie there.
            self._weights = [weight.detach() for weight in weights]
            self._versions = [_version(weight) for weight in weights]
        return self._value

    def _holds(self, weights: Sequence[Tensor]) -> bool:
        return len(weights) == len(self._weights) and all(
            new.data_ptr() == old.data_ptr() and _version(new) == version
            for new, old, version in zip(weights, self._weights, self._versions, strict=True)
        )

    def clear(self) -> None:
        """Forget the value."""
        self._weights, self._versions, self._value = [], [], None

    def __reduce__(self) -> tuple[type["WeightCache[T]"], tuple[()]]:
        return type(self), ()


def _version(weight: Tensor) -> int:
    # How often it was written in place; inference tensors do not count.
    return 0 if weight.is_inference() else weight._version


class DerivingModule(nn.Module):
    """A module that remembers what follows from its weights, as long as these do not change.

    precision (str): What it computes with where no gradient is recorded. Its weights keep the
        type that they have.
    """

    def __init__(self) -> None:
        super().__init__()
        self._precision: Precision = "float32"
        self._cache: WeightCache[object] = WeightCache()

    @property
    def precision(self) -> Precision:
        """RETURNS (str): What it computes with where no gradient is recorded."""
        return self._precision

    @precision.setter
    def precision(self, precision: Precision) -> None:
        self._precision = precision
        self._cache.clear()

    @property
    def records(self) -> bool:
        """RETURNS (bool): Whether the forward pass may be followed by a backward pass."""
        return self.training or torch.is_grad_enabled()

    def cast(self, states: Tensor) -> Tensor:
        """RETURNS (Tensor): States of the type that is computed with."""
        return states if self.records else states.to(numbers(self.precision, states.dtype))

    def derived(self, modules: Sequence[nn.Module], make: Callable[[], T]) -> T:
        """Return what is computed from weights, remembered unless gradients are recorded.

        modules (Sequence): The modules that have the weights.
        make (Callable): Computes it.
        RETURNS (T): The value.
        """
        if self.records:
            return make()
        weights = [weight for module in modules for weight in module.parameters()]
        value: T = self._cache.get(weights, make)  # type: ignore[assignment]
        return value

    def forget(self) -> None:
        """Forget what was computed from the weights."""
        self._cache.clear()

    def train(self, mode: bool = True) -> "DerivingModule":
        """Switch between training and evaluation.

        mode (bool): True for training.
        RETURNS (DerivingModule): The module itself.
        """
        if mode != self.training:
            self._cache.clear()
        super().train(mode)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "DerivingModule":
        self._cache.clear()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _load_from_state_dict(self, *args: object, **kwargs: object) -> None:
        self._cache.clear()
        super()._load_from_state_dict(*args, **kwargs)


def forget(network: nn.Module) -> None:
    """Forget all that was computed from the weights of a network, after these have changed.

    network (Module): The network.
    """
    for module in network.modules():
        if isinstance(module, DerivingModule):
            module.forget()
