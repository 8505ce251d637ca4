"""Scores that are given instead of computed, so that a decision can be seen in both packages."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from gliner2 import GLiNER2
from torch import Tensor

from spacy_gliner2.inference.prompt import Kind
from spacy_gliner2.inference.scores import GroupScores, SequenceScores
from spacy_gliner2.inference.sequences import TokenSequence
from spacy_gliner2.model.network import Network

Place = tuple[int, int, int, int]
"""Instance, label, first row and width index of a span; rows of choices come before the words."""

Crafted = Sequence[Mapping[Place, float]]
"""For each group but classifications, in the order of the prompt, the probability of its spans."""

REST = 0.01
"""The probability of every other span."""


@contextmanager
def crafted(scores: Crafted, counts: Sequence[int] | None = None) -> Iterator[None]:
    """Let both packages read these scores, whatever the text.

    scores (Sequence): The scores.
    counts (Sequence): Number of instances of each group; by default as many as have scores.
    """
    if counts is None:
        counts = [1 + max((place[0] for place in group), default=0) for group in scores]

    def ours(network: Network, sequences: Sequence[TokenSequence]) -> list[SequenceScores]:
        return [_for_us(network, sequence, scores, counts) for sequence in sequences]

    def theirs(model: Any, batch: Any, rows: Sequence[Tensor], states: Any) -> Any:
        made = [
            _for_them(model, sample, states[i], len(rows[i]), scores, counts)
            for i, sample in enumerate(batch.task_types)
        ]
        return [logits for logits, _ in made], [given for _, given in made]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "forward", ours)
        patch.setattr(GLiNER2, "_compute_direct_span_logits_batched", theirs)
        yield


def _for_us(
    network: Network, sequence: TokenSequence, scores: Crafted, counts: Sequence[int]
) -> SequenceScores:
    made = []
    given = iter(zip(scores, counts, strict=True))
    for group in sequence.prompt.groups:
        size = len(group.children)
        if group.kind is Kind.CLASSIFICATION:
            made.append(GroupScores(0, np.zeros(size, dtype=np.float32)))
            continue
        own, count = next(given)
        values = _fill(own, count, size, len(sequence.rows), network.config.max_width)
        made.append(GroupScores(count, values.numpy() if count else None))
    return tuple(made)


def _for_them(
    model: Any, tasks: Sequence[str], states: Any, rows: int, scores: Crafted, counts: Sequence[int]
) -> tuple[list[Tensor | None], list[int]]:
    logits: list[Tensor | None] = []
    numbers = []
    given = iter(zip(scores, counts, strict=True))
    for task, own_states in zip(tasks, states, strict=True):
        if task == "classifications":
            logits.append(None)
            numbers.append(0)
            continue
        own, count = next(given)
        values = _fill(own, count, len(own_states) - 1, rows, model.config.max_width)
        logits.append(values.logit() if count else None)
        numbers.append(count)
    return logits, numbers


def _fill(own: Mapping[Place, float], count: int, size: int, rows: int, width: int) -> Tensor:
    values = torch.full((count, size, rows, width), REST)
    for place, probability in own.items():
        values[place] = probability
    return values
