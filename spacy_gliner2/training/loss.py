"""The losses of a batch (section 5.4 of the reference)."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ..inference.prompt import Kind
from ..inference.sequences import TokenSequence
from ..model.network import Network
from ..model.places import Asked, Places, States
from ..model.spans import beyond
from .targets import GroupTarget, TrainingSequence

PARTS = ("entities", "relations", "records", "labels", "counts")
"""The losses, by what they are of."""

_SPAN_PARTS = {Kind.ENTITIES: 0, Kind.RELATION: 1, Kind.STRUCTURE: 2}

_LEFT_OUT = -100.0
"""Logit of a span that is not counted: its loss as a wrong span is 0 in float32."""


def compute_losses(
    network: Network, batch: Sequence[TrainingSequence], drop_negatives: float
) -> Tensor:
    """Compute the losses of a batch, each summed over all that it is of.

    network (Network): The network.
    batch (Sequence): The sequences and what the network should say of them.
    drop_negatives (float): Share of the wrong spans that is left out, if the network is training.
    RETURNS (Tensor): One loss for each of `PARTS`.
    """
    sequences = [item.sequence for item in batch]
    targets = [target for item in batch for target in item.targets]
    places = Places(sequences, network.config.token_pooling)
    states = places.pick(network.encode(sequences, places.wanted))
    drop = drop_negatives if network.training else 0.0
    spans = _span_losses(network, places, sequences, states, targets, drop)
    labels = _label_loss(network, states, targets)
    counts = _count_loss(network, places, states, targets)
    return torch.cat([spans, labels[None], counts[None]])


def _label_loss(network: Network, states: States, targets: Sequence[GroupTarget]) -> Tensor:
    groups = [i for i, target in enumerate(targets) if target.labels]
    if not groups:
        return states.parents.new_zeros(())
    rows = torch.cat([states.labels[i] for i in groups])
    truth = [value or 0.0 for i in groups for value in targets[i].labels]
    weights = [
        0.0 if value is None else targets[i].weight for i in groups for value in targets[i].labels
    ]
    return F.binary_cross_entropy_with_logits(
        network.classifier(rows).squeeze(-1).float(),
        torch.tensor(truth, device=rows.device),
        torch.tensor(weights, device=rows.device),
        reduction="sum",
    )


def _count_loss(
    network: Network, places: Places, states: States, targets: Sequence[GroupTarget]
) -> Tensor:
    read = [target for one, target in zip(places.asked, targets, strict=True) if not one.classifies]
    known = [(n, target.count) for n, target in enumerate(read) if target.count is not None]
    if not known:
        return states.parents.new_zeros(())
    rows, counts = torch.tensor(known, device=states.parents.device).unbind(1)
    logits = network.count_pred(states.parents[rows]).float()
    return F.cross_entropy(logits, counts, reduction="sum")


def _span_losses(
    network: Network,
    places: Places,
    sequences: Sequence[TokenSequence],
    states: States,
    targets: Sequence[GroupTarget],
    drop: float,
) -> Tensor:
    """Compute the losses of entities, relations and records. *Shape:* (3,)"""
    losses = states.parents.new_zeros(len(_SPAN_PARTS))
    slots = {i: target.slots for i, target in enumerate(targets) if target.slots}
    if not slots:
        return losses
    asked = network.span_inputs(places, sequences, states, slots)
    logits = network.spans(asked.starts, asked.ends, asked.rows, asked.flat)
    groups = [(places.asked[i], targets[i]) for i in slots]
    by_query = torch.cat(_losses_by_query(logits, asked.rows, groups, drop))
    parts = [
        _SPAN_PARTS[one.group.kind]
        for one, target in groups
        for _ in range(target.slots * len(one.children))
    ]
    return losses.index_add(0, torch.tensor(parts, device=losses.device), by_query)


def _losses_by_query(
    logits: Sequence[Tensor],
    rows: Sequence[int],
    groups: Sequence[tuple[Asked, GroupTarget]],
    drop: float,
) -> list[Tensor]:
    """Sum the binary cross-entropy of all spans for each query.

    logits (Sequence): Of each sequence. *Shape:* (rows, max_width, queries) each.
    rows (Sequence): Number of rows of each sequence.
    groups (Sequence): The groups in the order of the queries, and what should be said of them.
    drop (float): Share of the wrong spans to leave out.
    RETURNS (list): The losses of the queries of each sequence. *Shape:* (queries,) each.
    """
    shapes = [own.shape for own in logits]
    sizes = [own.numel() for own in logits]
    flat = torch.cat([own.flatten() for own in logits]).float()
    left_out = _left_out(shapes, rows, groups).to(flat.device)
    if drop:
        left_out |= torch.rand_like(flat) < drop
    right = torch.tensor(list(_cells(shapes, groups)), dtype=torch.long, device=flat.device)
    left_out[right] = False
    gold = torch.zeros_like(flat)
    gold[right] = 1.0
    kept = flat.masked_fill(left_out, _LEFT_OUT)
    found = F.binary_cross_entropy_with_logits(kept, gold, reduction="none").split(sizes)
    return [own.view(shape).sum(dim=(0, 1)) for own, shape in zip(found, shapes, strict=True)]


def _left_out(
    shapes: Sequence[torch.Size],
    rows: Sequence[int],
    groups: Sequence[tuple[Asked, GroupTarget]],
) -> Tensor:
    """Tell of which spans nothing is learned. *Shape:* (logits of all sequences,)"""
    without = beyond(rows, shapes[0][1]).split(list(rows))
    left_out = [
        own[:, :, None].repeat(1, 1, shape[2]) for own, shape in zip(without, shapes, strict=True)
    ]
    for n, first, one, target in _numbered(groups):
        last = first + target.slots * len(one.children)
        for low, high in target.unknown:
            for width in range(shapes[n][1]):
                left_out[n][max(0, low - width) : max(0, high + 1), width, first:last] = True
    return torch.cat([own.flatten() for own in left_out])


def _cells(
    shapes: Sequence[torch.Size], groups: Sequence[tuple[Asked, GroupTarget]]
) -> Iterator[int]:
    """YIELDS (int): The spans that are right, by their places among the logits of all sequences."""
    bases = [0, *accumulate(shape.numel() for shape in shapes)]
    for n, first, one, target in _numbered(groups):
        _, widths, queries = shapes[n]
        for slot, label, row, width in target.cells:
            query = first + slot * len(one.children) + label
            yield bases[n] + (row * widths + width) * queries + query


def _numbered(
    groups: Sequence[tuple[Asked, GroupTarget]],
) -> Iterator[tuple[int, int, Asked, GroupTarget]]:
    """YIELDS (tuple): The number of a group's sequence, that of its first query in it, and the
    group.
    """
    n = first = 0
    for i, (one, target) in enumerate(groups):
        if i and one.owner != groups[i - 1][0].owner:
            n, first = n + 1, 0
        yield n, first, one, target
        first += target.slots * len(one.children)
