"""The labels by which a page can be filtered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..reading import split_class_key
from ..rows import Row
from .colors import label_hues

KINDS = {
    "entity": "Entities",
    "relation": "Relations",
    "record": "Records",
    "label": "Labels",
}
"""Kinds of labels, each with its heading: two kinds may have a label in common."""

LIKELY = 0.5
"""Probability from which a label counts as found."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A label that the page can be filtered by.

    label (str): The label.
    key (str): What the filter knows it by.
    hue (int): Its colour, as an angle.
    count (int): How often it occurs.
    """

    label: str
    key: str
    hue: int
    count: int


def key_of(kind: str, label: str) -> str:
    """RETURNS (str): What the filter knows a label by."""
    return f"{kind}:{label}"


def found_labels(cats: Mapping[str, float]) -> set[str]:
    """Tell which labels of a whole document, which all have a probability, count as found.

    cats (Mapping): The labels with their probabilities. If all begin with a task and a colon, each
        task is looked at by itself.
    RETURNS (set): The labels of each task that are likely, or else its most probable one.
    """
    prefix = all(":" in key for key in cats)
    tasks: dict[str, dict[str, float]] = {}
    for key, score in cats.items():
        tasks.setdefault(split_class_key(key, prefix, "")[0], {})[key] = score
    return {
        key
        for scores in tasks.values()
        for key, score in scores.items()
        if score >= min(LIKELY, max(scores.values()))
    }


def count_labels(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Count how often each label occurs.

    Of the labels of a whole document those count that `found_labels` returns.

    rows (Iterable): The rows.
    RETURNS (dict): By kind and label, in the order of first occurrence.
    """
    counts: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    for row in rows:
        labels = [("entity", entity["label"]) for entity in row["entities"]]
        labels += [("relation", relation["label"]) for relation in row["relations"]]
        labels += [("record", name) for name, found in row["structures"].items() for _ in found]
        for kind, label in labels:
            counts[kind][label] = counts[kind].get(label, 0) + 1
        found_here = found_labels(row["cats"])
        for label in row["cats"]:
            counts["label"][label] = counts["label"].get(label, 0) + (label in found_here)
    return counts


def hues_of(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    """RETURNS (dict): A hue for every label that is drawn in its colour."""
    drawn = [label for kind in ("entity", "relation", "record") for label in counts[kind]]
    return label_hues(drawn)


def make_chips(
    counts: dict[str, dict[str, int]], hues: dict[str, int]
) -> list[tuple[str, list[Chip]]]:
    """RETURNS (list): For each kind that occurs, its heading and its labels."""
    return [
        (
            heading,
            [
                Chip(label, key_of(kind, label), hues.get(label, 0), count)
                for label, count in counts[kind].items()
            ],
        )
        for kind, heading in KINDS.items()
        if counts[kind]
    ]
