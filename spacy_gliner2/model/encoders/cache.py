"""What is computed from weights once and used until they change."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from torch import Tensor

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
