"""Relations to ask of a text, under names that users may give."""

import random

from .example import MOST_INSTANCES, Example
from .labels import Labels, plain
from .rows import Row, Span


def ask_relations(example: Example, labels: Labels, most_absent: int = 3) -> None:
    """Ask for relations, some of which the text states.

    example (Example): The example; its output is added to.
    labels (Labels): The tables.
    most_absent (int): How many to ask for, at most, that it does not state.
    """
    row, rng = example.row, example.rng
    ids = {} if row.synthetic else labels.relation_ids(row.source)
    here: dict[str, list[tuple[Span, Span]]] = {}
    for label, head, tail in row.relations:
        key = label if row.synthetic else ids.get(label, "")
        if key.endswith(" reversed"):
            key, head, tail = key.removesuffix(" reversed"), tail, head
        if key:
            here.setdefault(key, []).append((tuple(head), tuple(tail)))  # type: ignore[arg-type]
    asked = [key for key in here if len(here[key]) <= MOST_INSTANCES]
    rng.shuffle(asked)
    asked = asked[: rng.choice((1, 1, 2, 2, 3, 4))]
    absent = draw_absent_relations(row, labels, set(here), rng)
    absent = absent[: rng.randint(0 if asked else 1, most_absent)]
    _write_relations(example, labels, [*asked, *absent], here)


def draw_absent_relations(
    row: Row, labels: Labels, here: set[str], rng: random.Random
) -> list[str]:
    """Draw relations that the text does not state.

    row (Row): The text.
    labels (Labels): The tables.
    here (set): Those that it states.
    rng (Random): The source of chance.
    RETURNS (list): Relations, shuffled.
    """
    ids = {
        label: key.removesuffix(" reversed")
        for label, key in labels.relation_ids(row.source).items()
    }
    unsure = {ids.get(label, label) for label in row.unsure}
    if row.synthetic:
        pool = set(labels.relations)
    elif row.relations or ids:
        pool = set(ids.values())
    else:
        groups = FOREIGN_RELATIONS.get(row.source, ())
        pool = {key for key, entry in labels.relations.items() if entry.group in groups}
    pool = {
        key
        for key in pool
        if not any(labels.relations_may_coincide(key, other) for other in here | unsure)
    }
    drawn = sorted(pool)
    rng.shuffle(drawn)
    likely = [key for key in drawn if key in row.likely]
    if likely and rng.random() < 0.75:  # those that one would look for in such a text
        drawn = [*likely, *(key for key in drawn if key not in row.likely)]
    return drawn


BIOMEDICAL = ("business", "people", "sports", "travel", "crime", "politics", "commerce", "history")
COMMANDS = ("business", "people", "medicine", "politics", "history", "science", "crime")
FOREIGN_RELATIONS = {
    **dict.fromkeys(("bc5cdr", "ncbi", "anatem", "anem"), BIOMEDICAL),
    **dict.fromkeys(("snips", "hwu64", "restaurant8k", "clinc150", "sgd"), COMMANDS),
    "sec_filings": ("people", "medicine", "sports", "science", "culture", "geography"),
    "goemotions": ("business", "medicine", "biology", "geography", "travel", "science"),
}
"""Groups of relations of which the texts of a corpus state nothing."""


def _write_relations(
    example: Example, labels: Labels, keys: list[str], here: dict[str, list[tuple[Span, Span]]]
) -> None:
    rng = example.rng
    rng.shuffle(keys)
    entries = [labels.relations[key] for key in here]
    stated = {name.lower() for entry in entries for name in (*entry.names, *entry.inverse)}
    items, about = [], {}
    for key in keys:
        entry = labels.relations[key]
        inverse = bool(entry.inverse) and rng.random() < 0.3
        name = example.name(entry, "relations", inverse)
        if name is None or (key not in here and plain(name) in stated):
            continue
        pairs = [(tail, head) if inverse else (head, tail) for head, tail in here.get(key, ())]
        for head, tail in sorted(set(pairs)):
            items.append({name: {"head": example.value(head), "tail": example.value(tail)}})
        if not pairs:
            items.append({name: {"head": "", "tail": ""}})
        if example.described and entry.about and not inverse and rng.random() < 0.6:
            about[name] = rng.choice(entry.about)
    if items:
        example.output["relations"] = items
        if about:
            example.output["relation_descriptions"] = about
