"""The losses of a batch (section 5.4 of the reference)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ..inference.prompt import Group, Kind
from ..model.network import Network
from ..model.rows import pool_rows
from .targets import GroupTarget, TrainingSequence

PARTS = ("entities", "relations", "records", "labels", "counts")
"""The losses, by what they are of."""

_SPAN_PARTS = {Kind.ENTITIES: 0, Kind.RELATION: 1, Kind.STRUCTURE: 2}

_LEFT_OUT = -100.0
"""Logit of a span that is not counted: its loss as a wrong span is 0 in float32."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A group of a sequence, and what the network should say of it.

    owner (int): Index of the sequence.
    base (int): Position of the sequence's first token among all tokens.
    group (Group): The group.
    target (GroupTarget): What the network should say.
    """

    owner: int
    base: int
    group: Group
    target: GroupTarget

    @property
    def children(self) -> list[int]:
        """RETURNS (list): Position of the token before each label among all tokens."""
        return [self.base + child for child in self.group.children]


def compute_losses(
    network: Network, batch: Sequence[TrainingSequence], drop_negatives: float
) -> Tensor:
    """Compute the losses of a batch, each summed over all that it is of.

    network (Network): The network.
    batch (Sequence): The sequences and what the network should say of them.
    drop_negatives (float): Share of the wrong spans that is left out, if the network is training.
    RETURNS (Tensor): One loss for each of `PARTS`.
    """
    states = network.encode([item.sequence for item in batch])
    bases = [0, *accumulate(len(item) for item in batch)][:-1]
    tasks = [
        _Task(owner, base, group, target)
        for owner, (item, base) in enumerate(zip(batch, bases, strict=True))
        for group, target in zip(item.sequence.prompt.groups, item.targets, strict=True)
    ]
    spans = _span_losses(network, states, batch, tasks, drop_negatives if network.training else 0)
    labels = _label_loss(network, states, [task for task in tasks if task.target.labels])
    counts = _count_loss(network, states, [t for t in tasks if t.target.count is not None])
    return torch.cat([spans, labels[None], counts[None]])


def _label_loss(network: Network, states: Tensor, tasks: Sequence[_Task]) -> Tensor:
    if not tasks:
        return states.new_zeros(())
    rows = torch.tensor([child for task in tasks for child in task.children], device=states.device)
    truth = [value for task in tasks for value in task.target.labels]
    weights = [task.target.weight for task in tasks for _ in task.target.labels]
    return F.binary_cross_entropy_with_logits(
        network.classifier(states[rows]).squeeze(-1).float(),
        torch.tensor(truth, device=states.device),
        torch.tensor(weights, device=states.device),
        reduction="sum",
    )


def _count_loss(network: Network, states: Tensor, tasks: Sequence[_Task]) -> Tensor:
    if not tasks:
        return states.new_zeros(())
    rows = torch.tensor([task.base + task.group.parent for task in tasks], device=states.device)
    counts = torch.tensor([task.target.count for task in tasks], device=states.device)
    return F.cross_entropy(network.count_pred(states[rows]).float(), counts, reduction="sum")


def _span_losses(
    network: Network,
    states: Tensor,
    batch: Sequence[TrainingSequence],
    tasks: Sequence[_Task],
    drop: float,
) -> Tensor:
    """Compute the losses of entities, relations and records. *Shape:* (3,)"""
    losses = states.new_zeros(len(_SPAN_PARTS))
    # Sorting is stable, so that the queries of a sequence are next to each other.
    asked = [task for task in tasks if task.target.slots]
    if not asked:
        return losses
    queries = _queries(network, states, asked)
    sizes = [query.shape[0] for query in queries]
    folded, bias = network.spans.fold(torch.cat(queries))
    by_query = _losses_by_query(network, states, batch, asked, sizes, folded, bias, drop)
    parts = [_SPAN_PARTS[task.group.kind] for task in asked]
    part_of_query = torch.tensor(parts).repeat_interleave(torch.tensor(sizes))
    return losses.index_add(0, part_of_query.to(states.device), by_query)


def _queries(network: Network, states: Tensor, tasks: Sequence[_Task]) -> list[Tensor]:
    """Make the queries of each group; those alike in labels and instances are made at once.

    RETURNS (list): The queries of each group. *Shape:* (instances * labels, hidden)
    """
    alike: dict[tuple[int, int], list[int]] = {}
    for i, task in enumerate(tasks):
        alike.setdefault((len(task.group.children), task.target.slots), []).append(i)
    queries: list[Tensor] = [states] * len(tasks)
    for (_, slots), members in alike.items():
        rows = torch.tensor([tasks[i].children for i in members], device=states.device)
        for i, made in zip(members, network.count_embed(states[rows], slots), strict=True):
            queries[i] = made.flatten(0, 1)
    return queries


def _losses_by_query(
    network: Network,
    states: Tensor,
    batch: Sequence[TrainingSequence],
    tasks: Sequence[_Task],
    sizes: Sequence[int],
    folded: Tensor,
    bias: Tensor,
    drop: float,
) -> Tensor:
    """Sum the losses of all spans for each query. *Shape:* (queries,)"""
    members: dict[int, list[int]] = {}
    for i, task in enumerate(tasks):
        members.setdefault(task.owner, []).append(i)
    rows = pool_rows(
        states,
        [
            (tasks[own[0]].base + first, size)
            for n, own in members.items()
            for first, size in batch[n].sequence.rows
        ],
        network.config.token_pooling,
    )
    starts, ends = network.spans.project(rows)
    losses = []
    row = query = 0
    for n, own in members.items():
        last, end = row + len(batch[n].sequence.rows), query + sum(sizes[i] for i in own)
        logits = network.spans(starts[row:last], ends[row:last], folded[query:end], bias[query:end])
        losses.append(_span_loss(logits.float(), [tasks[i] for i in own], drop))
        row, query = last, end
    return torch.cat(losses)


def _span_loss(logits: Tensor, tasks: Sequence[_Task], drop: float) -> Tensor:
    """Compute the binary cross-entropy of the spans of a sequence.

    logits (Tensor): Minus infinity where there is no span. *Shape:* (queries, rows, max_width)
    tasks (Sequence): The groups of the sequence, in the order of the queries.
    drop (float): Share of the wrong spans to leave out.
    RETURNS (Tensor): The sum over the spans of each query. *Shape:* (queries,)
    """
    left_out = logits.isneginf()
    if drop:
        left_out |= torch.rand_like(logits) < drop
    cells = []
    first = 0
    for task in tasks:
        labels = len(task.group.children)
        cells += [(first + s * labels + k, row, width) for s, k, row, width in task.target.cells]
        last = first + task.target.slots * labels
        for low, high in task.target.unknown:
            for width in range(logits.shape[2]):
                left_out[first:last, max(0, low - width) : max(0, high + 1), width] = True
        first = last
    right = torch.tensor(cells, dtype=torch.long, device=logits.device).reshape(-1, 3).unbind(1)
    left_out[right] = False
    gold = torch.zeros_like(logits)
    gold[right] = 1.0
    kept = logits.masked_fill(left_out, _LEFT_OUT)
    return F.binary_cross_entropy_with_logits(kept, gold, reduction="none").sum(dim=(1, 2))
