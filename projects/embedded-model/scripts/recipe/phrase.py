"""From rows to training examples: which tasks are asked of a text, and how."""

import random
import re
from typing import Any

from .ask_classes import ask_class
from .ask_entities import ask_entities
from .ask_records import ask_records
from .ask_relations import FOREIGN_RELATIONS, ask_relations
from .example import Example
from .labels import Labels
from .length import shorten
from .rows import Row

GENRES = {
    **dict.fromkeys(("fewnerd", "wikigold", "redocred"), "encyclopedia"),
    **dict.fromkeys(("bc5cdr", "ncbi", "anatem", "anem"), "biomedical abstract"),
    **dict.fromkeys(("restaurant8k", "sgd"), "dialogue"),
    "btc": "tweet",
    "sec_filings": "contract",
    "litbank": "novel",
    "goemotions": "web comment",
}
"""The genre of all texts of a corpus."""


def phrase(row: Row, labels: Labels, rng: random.Random) -> dict[str, Any] | None:
    """Make a training example of a row.

    row (Row): The text and its gold annotation.
    labels (Labels): The tables.
    rng (Random): The source of chance.
    RETURNS (dict): A record of the reference's JSONL; None if there is nothing to ask.
    """
    row = vary_case(row, rng)
    example = Example.of(row, rng)
    if _asks_entities(row, labels, rng):
        ask_entities(example, labels)
    _ask_relations(example, labels)
    _ask_records(example, labels)
    _ask_classes(example, labels)
    if not example.output or not shorten(example.output):
        return None
    record = {"input": row.text, "output": example.output, "source": row.source}
    if row.synthetic:
        record["synthetic"] = True
    return record


def _asks_entities(row: Row, labels: Labels, rng: random.Random) -> bool:
    if row.annotated is None and not labels.inventory(row.source):
        return False
    left_out = (row.records and rng.random() < 0.35) or (row.relations and rng.random() < 0.3)
    return not left_out


def _ask_relations(example: Example, labels: Labels) -> None:
    row, rng = example.row, example.rng
    annotated = bool(labels.relation_ids(row.source)) or bool(row.relations)
    likely = any(key in labels.relations for key in row.likely)
    if row.relations or (annotated and rng.random() < 0.6) or (likely and rng.random() < 0.35):
        ask_relations(example, labels)
    elif rng.random() < 0.06 and (row.source in FOREIGN_RELATIONS or row.synthetic):
        ask_relations(example, labels, most_absent=2)


def _ask_records(example: Example, labels: Labels) -> None:
    row, rng = example.row, example.rng
    if row.records and rng.random() < 0.7:
        ask_records(example, labels, absent=rng.choices((0, 1, 2), (75, 20, 5))[0])
    elif rng.random() < (0.25 if any(key in labels.structures for key in row.likely) else 0.07):
        ask_records(example, labels, absent=rng.choice((1, 1, 2)))


def _ask_classes(example: Example, labels: Labels) -> None:
    row, rng = example.row, example.rng
    sets = dict(row.classes)
    genre = GENRES.get(row.source)
    if genre:
        sets["genre"] = [genre]
    chance = dict.fromkeys(("sentiment", "topic", "aspect", "urgency", "ticket topic"), 0.7)
    chance["genre"] = 0.12 if example.output else 0.5
    alone = not example.output
    keys = list(sets)
    rng.shuffle(keys)
    for key in keys:
        last_chance = alone and "classifications" not in example.output and key == keys[-1]
        if last_chance or rng.random() < chance.get(key, 0.65 if alone else 0.4):
            ask_class(example, labels, key, sets[key])


def vary_case(row: Row, rng: random.Random) -> Row:
    """Write a few texts in small letters and fewer in capitals, where that keeps their length.

    row (Row): The row.
    rng (Random): The source of chance.
    RETURNS (Row): The row, its text as it was or in another case.
    """
    chance = rng.random()
    text = row.text
    if chance < 0.05:
        text = text.lower()
    elif chance < 0.065:
        text = text.upper()
    if len(text) != len(row.text):
        return row
    if chance < 0.13 and not row.source.startswith("fewrel") and re.search(r"\w[.]$", text):
        text = text[:-1] if not _ends_at(row, len(text)) else text
    if text == row.text:
        return row
    data = {name: getattr(row, name) for name in Row.__slots__}
    return Row(**{**data, "text": text})


def _ends_at(row: Row, end: int) -> bool:
    return any(span[1] == end for span in row.spans())
