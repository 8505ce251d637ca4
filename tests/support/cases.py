"""Texts and schemas on which both implementations must agree; the same ones in every run."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import texts
from .schemas import PARTS

COMBINATIONS = tuple(
    tasks for size in range(1, len(PARTS) + 1) for tasks in itertools.combinations(PARTS, size)
)
"""The four tasks in all their combinations."""

THRESHOLDS = (0.05, 0.3, 0.5, 0.5, 0.8)


@dataclass(frozen=True)
class Case:
    """A text, what to extract from it and the threshold of the call."""

    text: str
    schema: dict[str, Any]
    threshold: float


def spread(count: int, seed: int = 0) -> list[Case]:
    """Pair texts with schemas so that all texts, combinations of tasks and parts come in turn.

    count (int): Number of cases.
    seed (int): Decides which text meets which schema.
    RETURNS (list): The cases.
    """
    rng = random.Random(seed)
    every_text = _in_turn(texts.ALL, rng)
    tasks = itertools.cycle(COMBINATIONS)
    parts = {task: _in_turn(pool, rng) for task, pool in PARTS.items()}
    return [
        Case(
            next(every_text),
            {task: next(parts[task]) for task in next(tasks)},
            rng.choice(THRESHOLDS),
        )
        for _ in range(count)
    ]


def _in_turn(pool: tuple[Any, ...], rng: random.Random) -> Iterator[Any]:
    """YIELDS (Any): All of a pool in a random order, then all of it in another, and so on."""
    while True:
        yield from rng.sample(pool, len(pool))
