"""Classifications to ask of a text, under names that users may give."""

import random
from typing import Any

from .example import Example
from .labels import Entry, Labels, write


def ask_class(example: Example, labels: Labels, label_set: str, gold: list[str]) -> bool:
    """Ask for the labels of a set that hold of the text.

    example (Example): The example; its output is added to.
    labels (Labels): The tables.
    label_set (str): The set.
    gold (list): Those of its labels that hold.
    RETURNS (bool): Whether it could be asked.
    """
    rng = example.rng
    table = labels.classes[label_set]
    known = [label for label in gold if label in table["labels"]]
    if len(known) < len(gold) or not known:
        return False
    others = _others(table, known, rng)
    if not others:
        return False
    chosen = [*known, *others[: _count_others(rng, len(others))]]
    rng.shuffle(chosen)
    style = example.style if rng.random() < 0.5 else "plain"
    names = _names(example, table, chosen, style)
    task = example.name(Entry(label_set, tuple(table["tasks"])), "tasks")
    if names is None or task is None:
        return False
    multi = (bool(table.get("multi")) and rng.random() < 0.7) or len(known) > 1
    item: dict[str, Any] = {
        "task": task,
        "labels": [names[label] for label in chosen],
        "true_label": [names[label] for label in known],
    }
    if multi or rng.random() < 0.05:
        item["multi_label"] = True
    about = {names[key]: text for key, text in _about(table, chosen, example) if text != names[key]}
    if about:
        item["label_descriptions"] = about
    example.output.setdefault("classifications", []).append(item)
    return True


def _others(table: Any, known: list[str], rng: random.Random) -> list[str]:
    """RETURNS (list): Labels that do not hold, shuffled."""
    out = {label for group in table.get("near", ()) if {*known} & {*group} for label in group}
    if len(known) > 1:  # annotators who gave several labels meant those and no others
        out = set()
    others = [label for label in table["labels"] if label not in known and label not in out]
    rng.shuffle(others)
    return others


def _count_others(rng: random.Random, available: int) -> int:
    low, high = rng.choices([(1, 1), (2, 3), (4, 6), (7, 12), (13, 25)], [14, 32, 28, 18, 8])[0]
    return min(rng.randint(low, high), available)


def _names(example: Example, table: Any, chosen: list[str], style: str) -> dict[str, str] | None:
    """RETURNS (dict): A name for each label, all different in the whole example; None if not."""
    taken = example.taken.setdefault("classes", set())
    names: dict[str, str] = {}
    first = example.rng.random() < 0.35
    for label in chosen:
        entry = Entry(label, tuple(table["labels"][label]))
        for _ in range(5):
            name = write(entry.names[0] if first else entry.name(example.rng), style)
            if name.lower() not in taken:
                break
        else:
            return None
        taken.add(name.lower())
        names[label] = name
    return names


def _about(table: Any, chosen: list[str], example: Example) -> list[tuple[str, str]]:
    """RETURNS (list): Descriptions of some labels: the table's, or another of their names."""
    if not example.described:
        return []
    rng = example.rng
    described = []
    for label in chosen:
        texts = table.get("about", {}).get(label) or rng.choice(table["labels"][label])
        if rng.random() < 0.7:
            described.append((label, texts))
    return described
