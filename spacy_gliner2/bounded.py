"""Caches that do not grow without end."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST_SCHEMAS = 256
"""Of how many schemas it is kept what was made of them."""


class BoundedCache(dict[K, V]):
    """What was made, by what it was made of; it starts anew when it is full.

    size (int): How much it holds at most.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def keep(self, key: K, value: V) -> V:
        """Keep something.

        key (K): What it was made of.
        value (V): What was made.
        RETURNS (V): The same.
        """
        if len(self) >= self.size:
            self.clear()
        self[key] = value
        return value
