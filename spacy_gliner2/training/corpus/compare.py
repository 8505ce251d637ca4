"""What training and evaluation data say of each other and of the component."""

from collections.abc import Iterator

from ...schema import FrozenSchema
from .findings import TASKS, CorpusCounts, Finding, Kind, LabelCount
from .inspect import Inspector, schema_labels

FEW = 20
"""Number of examples below which a label is reported."""

_PREFIX = {
    "entities": "entity ",
    "relations": "relation ",
    "structures": "structure ",
    "fields": "field ",
    "classifications": "label ",
}


def compare(train: Inspector, dev: Inspector, schema: FrozenSchema | None) -> Iterator[Finding]:
    """Compare training and evaluation data.

    train (Inspector): It has looked through the training data.
    dev (Inspector): It has looked through the evaluation data.
    schema (FrozenSchema): The component's schema; None if each text is asked for what its own
        schema names.
    YIELDS (Finding): What is wrong.
    """
    for text, places in train.places.items():
        if text in dev.places:
            where = f"{places[0]} and {dev.places[text][0]}"
            yield Finding(Kind.LEAK, where, repr(text[:40]))
        if len(places) > 1:
            yield Finding(Kind.TWICE, f"{places[0]} and {places[1]}", repr(text[:40]))
    learned, asked = _used(train.counts), _used(dev.counts)
    for label in schema_labels(schema) if schema is not None else ():
        if label not in learned:
            yield Finding(Kind.UNUSED_LABEL, "", label)
    for label in asked:
        if label not in learned:
            yield Finding(Kind.UNLEARNED_LABEL, "", label)
    yield from _thin(train.counts)


def _used(counts: CorpusCounts) -> dict[str, None]:
    """RETURNS (dict): Every label that occurs, in order."""
    return {_PREFIX[task] + label: None for task, label, count in _labels(counts) if count.gold}


def _thin(counts: CorpusCounts) -> Iterator[Finding]:
    for task, label, count in _labels(counts):
        if 0 < count.gold < FEW:
            yield Finding(Kind.FEW, "", f"{_PREFIX[task]}{label}: {count.gold}")
        if task in ("entities", "relations", "structures") and count.gold and not count.absent:
            yield Finding(Kind.NEVER_ABSENT, "", _PREFIX[task] + label)


def _labels(counts: CorpusCounts) -> Iterator[tuple[str, str, LabelCount]]:
    for task in TASKS:
        for label, count in getattr(counts, task).items():
            yield task, label, count
