"""What is computed from weights once and used until they change."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from torch import Tensor

T = TypeVar("T")
Stamp = tuple[tuple[int, int], ...]


class WeightCache(Generic[T]):
    """One value made from weights. Copies and pickles of it are empty."""

    def __init__(self) -> None:
        self._entry: tuple[Stamp, T] | None = None

    def get(self, weights: Iterable[Tensor], make: Callable[[], T]) -> T:
        """Return the value, making it anew if the weights are not those it was made from.

        weights (Iterable): The weights it is made from.
        make (Callable): Makes it.
        RETURNS (T): The value.
        """
        stamp = tuple(_stamp(weight) for weight in weights)
        if self._entry is None or self._entry[0] != stamp:
            self._entry = (stamp, make())
        return self._entry[1]

    def clear(self) -> None:
        """Forget the value."""
        self._entry = None

    def __reduce__(self) -> tuple[type["WeightCache[T]"], tuple[()]]:
        return type(self), ()


def _stamp(weight: Tensor) -> tuple[int, int]:
    # Where a tensor lies and how often it was written in place; inference tensors do not count.
    return weight.data_ptr(), 0 if weight.is_inference() else weight._version
