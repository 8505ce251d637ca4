"""How right a checkpoint is, and how far its scores can be believed."""

from collections.abc import Iterable
from dataclasses import dataclass

from .items import Item
from .predict import LOWEST, Found

THRESHOLDS = tuple(round(LOWEST + 0.05 * i, 2) for i in range(19))
BINS = 10


@dataclass(frozen=True, slots=True)
class PRF:
    """Precision, recall and their harmonic mean, in percent.

    precision (float): How much of what was found is right.
    recall (float): How much of what is right was found.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """RETURNS (float): The harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def score(items: list[Item], found: list[Found], threshold: float) -> PRF:
    """Compare what was found with what is right, all texts together.

    items (list): The items.
    found (list): What was found in each.
    threshold (float): The smallest score that counts.
    RETURNS (PRF): The result.
    """
    right = total = gold = 0
    for item, things in zip(items, found, strict=True):
        kept = {thing for thing, value in things.items() if value >= threshold}
        if item.multi and not kept and things:
            kept = {max(things, key=lambda thing: things[thing])}
        right += len(kept & item.gold)
        total += len(kept)
        gold += len(item.gold)
    return PRF(100 * right / total if total else 0.0, 100 * right / gold if gold else 0.0)


def accuracy(items: list[Item], found: list[Found]) -> float:
    """RETURNS (float): Percent of items whose best label is right."""
    right = sum(
        max(things, key=lambda thing: things[thing]) in item.gold
        for item, things in zip(items, found, strict=True)
    )
    return 100 * right / len(items)


def best_threshold(items: list[Item], found: list[Found]) -> float:
    """RETURNS (float): The threshold with the highest F1."""
    return max(THRESHOLDS, key=lambda threshold: score(items, found, threshold).f1)


def reliability(pairs: Iterable[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Sort scores into bins.

    pairs (Iterable): Scores, and whether what has them is right.
    RETURNS (list): For each bin that is not empty: mean score, share that is right, number.
    """
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for value, right in pairs:
        bins[min(int(value * BINS), BINS - 1)].append((value, right))
    return [
        (sum(v for v, _ in part) / len(part), sum(r for _, r in part) / len(part), len(part))
        for part in bins
        if part
    ]


def calibration_error(table: list[tuple[float, float, int]]) -> float:
    """RETURNS (float): The expected calibration error: mean distance of score and share right."""
    total = sum(count for _, _, count in table)
    return sum(abs(mean - share) * count for mean, share, count in table) / total if total else 0.0


def judged(items: list[Item], found: list[Found]) -> Iterable[tuple[float, bool]]:
    """YIELDS (tuple): Score of each thing found, and whether it is right."""
    for item, things in zip(items, found, strict=True):
        if item.task == "classes" and not item.multi:
            best = max(things, key=lambda thing: things[thing])
            yield things[best], best in item.gold
        else:
            for thing, value in things.items():
                yield value, thing in item.gold
