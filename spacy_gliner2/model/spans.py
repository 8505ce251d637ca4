"""The span head: from the states of rows to the scores of the spans that they begin and end.

Formulas: sections 1.3 and 1.6 of the reference. Parameter names are those of its checkpoints.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from ..inference.scores import FloatArray
from .derived import DerivingModule
from .dropout import Dropout, dropout
from .linear import Linear, make_linear
from .rounding import keeps_kernels, repeat_last

NUMBERS = 1 << 20
"""About how many numbers to hold at once for the spans of some rows, on a processor."""

QUERIES = 64
"""About how many queries to compare them with."""

NUMBERS_GPU, QUERIES_GPU = 1 << 26, 1 << 10
"""The same on another device, where many small steps are slow."""


@dataclass(frozen=True, slots=True)
class _RowProjection:
    """What the states of rows go through on their way to the spans of one side.

    inner (Linear): First half of the projection.
    outer (Linear): Second half of the projection.
    half (Linear): The half of the first layer of `out_project` that reads this side.
    """

    inner: Linear
    outer: Linear
    half: Linear

    def __call__(self, rows: Tensor) -> Tensor:
        return self.half(self.outer(self.inner(rows)))


class SpanMarker(DerivingModule):
    """Scores spans by their first and last word, without a vector for each span.

    hidden (int): Width of the encoder.
    max_width (int): Most words of a span.
    dropout (float): Share of the inner units that are left out in training.
    """

    def __init__(self, hidden: int, max_width: int, dropout: float) -> None:
        super().__init__()
        self.max_width = max_width
        self.project_start = self._projection(hidden, hidden, dropout)
        self.project_end = self._projection(hidden, hidden, dropout)
        self.out_project = self._projection(2 * hidden, hidden, dropout)

    @staticmethod
    def _projection(inputs: int, hidden: int, dropout: float) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(inputs, 4 * hidden),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(4 * hidden, hidden),
        )

    def project(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Do once for each row what its spans share.

        The first layer of `out_project` is linear in the start and the end, so that its two
        halves are applied to rows and not to spans.

        rows (Tensor): Encoder states of the rows. *Shape:* (rows, hidden)
        RETURNS (tuple): What a row adds to the spans that start and that end there.
            *Shape:* (rows, 4 * hidden) each.
        """
        if not self.records:
            return self._project(rows)
        out = linear_layer(self.out_project, 0)
        starts, ends = out.weight.chunk(2, dim=1)
        return (
            F.linear(F.relu(self.project_start(rows)), starts, out.bias),
            F.linear(F.relu(self.project_end(rows)), ends),
        )

    def _project(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        sources = [self.project_start, self.project_end, self.out_project]
        starts, ends = self.derived(sources, self._prepare)
        count, rows = len(rows), self.cast(rows)
        if keeps_kernels(rows.device):
            rows = repeat_last(rows)
        return starts(rows)[:count], ends(rows)[:count]

    def _prepare(self) -> tuple[_RowProjection, _RowProjection]:
        out = linear_layer(self.out_project, 0)
        starts, ends = out.weight.chunk(2, dim=1)
        return (
            self._prepare_side(self.project_start, starts, out.bias),
            self._prepare_side(self.project_end, ends, torch.zeros_like(out.bias)),
        )

    def _prepare_side(self, layers: nn.Sequential, half: Tensor, bias: Tensor) -> _RowProjection:
        inner, outer = linear_layer(layers, 0), linear_layer(layers, 3)
        return _RowProjection(
            make_linear(inner.weight, inner.bias, self.precision, "relu"),
            make_linear(outer.weight, outer.bias, self.precision, "relu", after="relu"),
            make_linear(half, bias, self.precision, after="relu"),
        )

    def fold(self, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the last layer of `out_project` to the queries, which are fewer than the spans.

        queries (Tensor): *Shape:* (queries, hidden)
        RETURNS (tuple): The folded queries and what each adds to a score.
            *Shape:* (queries, 4 * hidden) and (queries,)
        """
        last = linear_layer(self.out_project, 3)
        return queries @ last.weight, queries @ last.bias

    def forward(
        self, starts: Tensor, ends: Tensor, rows: Sequence[int], queries: Sequence[Tensor]
    ) -> list[Tensor]:
        """Score all spans of all sequences of a batch, to learn from it.

        starts (Tensor): From `project`, for the rows of one sequence after the other.
        ends (Tensor): From `project`, for the same rows.
        rows (Sequence): Number of rows of each sequence.
        queries (Sequence): The queries of each sequence. *Shape:* (queries, hidden)
        RETURNS (list): Logits, without a meaning where `beyond` says so.
            *Shape:* (rows, max_width, queries) each.
        """
        folded, bias = self.fold(torch.cat(list(queries)))
        share = self.out_project[2].p if self.training else 0.0
        units: Tensor = _Units.apply(starts, ends, self.max_width, share)  # type: ignore[no-untyped-call]
        sizes = [len(own) for own in queries]
        parts = zip(units.split(list(rows)), folded.split(sizes), bias.split(sizes), strict=True)
        return [F.linear(*part) for part in parts]

    def score(
        self,
        starts: Tensor,
        ends: Tensor,
        rows: Sequence[int],
        queries: Sequence[Tensor],
    ) -> list[FloatArray]:
        """Score all spans of all sequences of a batch.

        starts (Tensor): From `project`, for the rows of one sequence after the other.
        ends (Tensor): From `project`, for the same rows.
        rows (Sequence): Number of rows of each sequence.
        queries (Sequence): The queries of each sequence. *Shape:* (queries, hidden)
        RETURNS (list): Probabilities, 0 for spans that end after the last row of their sequence.
            *Shape:* (rows, max_width, queries) each.
        """
        folded, bias = self.fold(torch.cat(list(queries)))
        folded = folded.to(starts.dtype)
        without = beyond(rows, self.max_width).to(starts.device)
        ends = F.pad(ends, (0, 0, 0, self.max_width - 1))
        parts: list[list[FloatArray]] = [[] for _ in rows]
        limits = _limits(starts, self.max_width)
        for tile in _tiles(rows, [len(own) for own in queries], *limits):
            first, last = tile.rows
            spans = _join(starts[first:last], ends[first : last + self.max_width - 1])
            asked = slice(*tile.queries)
            logits = F.linear(spans, folded[asked]).float() + bias[asked]
            logits.masked_fill_(without[first:last, :, None], -torch.inf)
            scores = logits.sigmoid_().cpu().numpy()
            for n, own_rows, own_queries in tile.members:
                parts[n].append(scores[own_rows, :, own_queries])
        return [own[0] if len(own) == 1 else np.concatenate(own) for own in parts]


class _Units(torch.autograd.Function):
    """From starts and ends to `dropout(relu(start + end))` of all spans.

    A unit that is left out is 0 as one is that relu has cut, so that the units themselves say all
    that their gradients need.
    """

    @staticmethod
    def forward(ctx: Any, starts: Tensor, ends: Tensor, max_width: int, share: float) -> Tensor:
        """RETURNS (Tensor): The units. *Shape:* (rows, max_width, 4 * hidden)"""
        units = dropout(_join(starts, F.pad(ends, (0, 0, 0, max_width - 1))), share)
        ctx.save_for_backward(units)
        ctx.scale = 1 / (1 - share)
        return units

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """RETURNS (tuple): The gradients of the starts and of the ends."""
        (units,) = ctx.saved_tensors
        kept = torch.ops.aten.threshold_backward(gradients[0], units, 0).mul_(ctx.scale)
        ends = kept[:, 0].clone()
        for width in range(1, kept.shape[1]):
            ends[width:] += kept[:-width, width]
        return kept.sum(dim=1), ends, None, None


def _join(starts: Tensor, ends: Tensor) -> Tensor:
    """Make `relu(start + end)` of all spans that begin in some rows.

    starts (Tensor): What the rows add to spans that start there. *Shape:* (rows, units)
    ends (Tensor): What these rows, and those after them that a span reaches, add to spans that
        end there. *Shape:* (rows + max_width - 1, units)
    RETURNS (Tensor): *Shape:* (rows, max_width, units)
    """
    width = len(ends) - len(starts) + 1
    reach = ends.unfold(0, width, 1).transpose(1, 2)
    return (starts[:, None] + reach).relu_()


def beyond(rows: Sequence[int], max_width: int) -> Tensor:
    """Tell which spans end after the last row of their sequence.

    rows (Sequence): Number of rows of each sequence.
    max_width (int): Most words of a span.
    RETURNS (Tensor): *Shape:* (rows, max_width)
    """
    left = torch.cat([torch.arange(count, 0, -1) for count in rows])
    return torch.arange(max_width) >= left[:, None]


def _limits(starts: Tensor, max_width: int) -> tuple[int, int]:
    """RETURNS (tuple): Most rows and most queries of a tile."""
    numbers, queries = (
        (NUMBERS, QUERIES) if starts.device.type == "cpu" else (NUMBERS_GPU, QUERIES_GPU)
    )
    return max(1, numbers // (max_width * starts.shape[1])), queries


@dataclass(frozen=True, slots=True)
class _Tile:
    """Rows whose spans are scored at once, for the queries of all their sequences.

    rows (tuple): First row, and the row after the last.
    queries (tuple): First query, and the query after the last.
    members (list): Each sequence with its rows and its queries, counted from the first here.
    """

    rows: tuple[int, int]
    queries: tuple[int, int]
    members: list[tuple[int, slice, slice]]


def _tiles(
    rows: Sequence[int], queries: Sequence[int], max_rows: int, max_queries: int
) -> Iterator[_Tile]:
    """Divide a batch into tiles: short sequences share one, a long one has several.

    What the rows of one sequence are compared with queries of another is in vain, but costs less
    than many small products.
    """
    row_bounds, query_bounds = _bounds(rows), _bounds(queries)
    start = 0
    while start < len(rows):
        stop = start + 1
        while (
            stop < len(rows)
            and row_bounds[stop + 1] - row_bounds[start] <= max_rows
            and query_bounds[stop + 1] - query_bounds[start] <= max_queries
        ):
            stop += 1
        first, last = row_bounds[start], row_bounds[stop]
        asked = (query_bounds[start], query_bounds[stop])
        if stop == start + 1:
            for row in range(first, last, max_rows):
                end = min(last, row + max_rows)
                yield _Tile((row, end), asked, [(start, slice(None), slice(None))])
        else:
            members = [
                (
                    n,
                    slice(row_bounds[n] - first, row_bounds[n + 1] - first),
                    slice(query_bounds[n] - asked[0], query_bounds[n + 1] - asked[0]),
                )
                for n in range(start, stop)
            ]
            yield _Tile((first, last), asked, members)
        start = stop


def _bounds(sizes: Sequence[int]) -> list[int]:
    return [0, *accumulate(sizes)]


def linear_layer(layers: nn.Sequential, index: int) -> nn.Linear:
    """RETURNS (nn.Linear): The linear layer at a place."""
    layer = layers[index]
    assert isinstance(layer, nn.Linear)
    return layer
