"""Disentangled attention's positional scores (He et al. 2021, https://arxiv.org/abs/2006.03654).

A score depends on the distance of a query from a key, and a sequence of `n` tokens has only
`2n - 1` distances. With one projected row for each distance, in order, all scores of a query lie
next to each other in one product, and a strided view of it is the matrix of queries by keys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

KEYS = 64
"""Keys of a tile that is compared with positions."""


@dataclass(frozen=True, slots=True)
class Distances:
    """Which row of the relative embeddings stands for a distance.

    buckets (int): Buckets of each direction, 0 if each distance has a row.
    limit (int): Distance that the last bucket reaches.
    """

    buckets: int
    limit: int

    @property
    def span(self) -> int:
        """RETURNS (int): Rows of each direction."""
        return self.buckets or self.limit

    def rows(self, length: int, device: torch.device) -> Tensor:
        """Give the row of each distance that a sequence has.

        length (int): Tokens of the sequence.
        device (torch.device): Where to put the result.
        RETURNS (Tensor): Rows, from distance `1 - length` up. *Shape:* (2 * length - 1,)
        """
        distances = torch.arange(1 - length, length)
        if self.buckets:
            distances = self._bucket(distances)
        return (distances + self.span).clamp(0, 2 * self.span - 1).to(device)

    def _bucket(self, distances: Tensor) -> Tensor:
        # Short distances have buckets of their own, longer ones share them by their logarithm.
        middle = self.buckets // 2
        sizes = distances.abs().clamp(min=middle)
        base = torch.log(torch.tensor((self.limit - 1) / middle))
        steps = torch.ceil(torch.log(sizes / middle) / base * (middle - 1)).long() + middle
        return torch.where(distances.abs() <= middle, distances, steps * distances.sign())


@dataclass(frozen=True, slots=True)
class PositionTables:
    """A layer's projections of the relative embeddings, scaled. *Shape:* (heads, rows, width).

    keys (Tensor | None): What queries are compared with, None if the layer does not do so.
    queries (Tensor | None): What keys are compared with, None if the layer does not do so.
    """

    keys: Tensor | None
    queries: Tensor | None

    def by_distance(self, rows: Tensor) -> "PositionTables":
        """Give each distance its row.

        rows (Tensor): Rows of the distances, from the lowest up.
        RETURNS (PositionTables): Keys from the highest distance down, queries from the lowest up.
        """
        return PositionTables(
            None if self.keys is None else self.keys.index_select(1, rows.flip(0)),
            None if self.queries is None else self.queries.index_select(1, rows),
        )

    def bias(self, query: Tensor, key: Tensor, first: int) -> Tensor | None:
        """Compute what positions add to the scores, for some of the queries and all keys.

        Of tables that are ordered by distance.

        query (Tensor): Queries. *Shape:* (sequences, heads, queries, width)
        key (Tensor): Keys. *Shape:* (sequences, heads, keys, width)
        first (int): Position of the first query.
        RETURNS (Tensor | None): Scores. *Shape:* (sequences, heads, queries, keys)
        """
        if self.keys is None and self.queries is None:
            return None
        length = key.shape[2]
        if self.keys is not None:
            middle, last = self.keys.shape[1] // 2, first + query.shape[2] - 1
            rows = self.keys[:, middle - last : middle - first + length]
            scores = _skewed(query, rows, length)
        else:
            scores = query.new_zeros(*query.shape[:3], length)
        if self.queries is not None:
            _add_to_queries(scores, self.queries, key, first)
        return scores


class Tables(Protocol):
    """A layer's projections of the relative embeddings, prepared or to be made."""

    def by_distance(self, rows: Tensor) -> PositionTables:
        """RETURNS (PositionTables): A row for each distance, as `PositionTables` says."""
        ...


class RecordedTables:
    """Projections whose gradients are recorded. They are made for each batch, and of those
    embeddings alone that its distances have.

    relative (Tensor): The relative embeddings. *Shape:* (rows, hidden)
    make (Callable): Projects some of them.
    """

    def __init__(self, relative: Tensor, make: Callable[[Tensor], PositionTables]) -> None:
        self._relative = relative
        self._make = make

    def by_distance(self, rows: Tensor) -> PositionTables:
        """RETURNS (PositionTables): A row for each distance, as `PositionTables` says."""
        kinds, where = rows.unique(return_inverse=True)
        return self._make(self._relative[kinds]).by_distance(where)


def _add_to_queries(scores: Tensor, table: Tensor, key: Tensor, first: int) -> None:
    # All keys of a tile are compared with the distances of any of them, so that most products
    # would be in vain if a tile had more keys than there are queries.
    middle, asked = table.shape[1] // 2, scores.shape[2]
    for start in range(0, key.shape[2], KEYS):
        tile = key[:, :, start : start + KEYS]
        stop = start + tile.shape[2]
        rows = table[:, middle + first - stop + 1 : middle + first - start + asked]
        scores[..., start:stop] += _skewed(tile, rows, asked).transpose(2, 3)


def _skewed(states: Tensor, table: Tensor, columns: int) -> Tensor:
    """Compare states with rows of a table, where each state starts one row before the last one.

    states (Tensor): *Shape:* (sequences, heads, states, width)
    table (Tensor): *Shape:* (heads, states + columns - 1, width)
    columns (int): Rows that each state is compared with.
    RETURNS (Tensor): A view of the products. *Shape:* (sequences, heads, states, columns)
    """
    sequences, heads, count, _ = states.shape
    rows = table.shape[1]
    products = torch.bmm(states.transpose(0, 1).flatten(1, 2), table.transpose(1, 2))
    size = (sequences, heads, count, columns)
    strides = (count * rows, sequences * count * rows, rows - 1, 1)
    return products.as_strided(size, strides, products.storage_offset() + count - 1)
