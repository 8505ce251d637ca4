"""What a checkpoint finds in texts, down to a low score."""

from collections.abc import Hashable, Iterator
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from .items import Item

LOWEST = 0.05
"""Scores below this one are not looked at."""

Found = dict[Hashable, float]
"""Things found, in the form of an item's gold, with their scores."""


def load(checkpoint: str) -> Language:
    """Make a pipeline of one component.

    checkpoint (str): A directory, or "embedded".
    RETURNS (Language): The pipeline.
    """
    nlp = spacy.blank("en")
    config = {"threshold": LOWEST, "annotate_ents": False, "model": {"name": checkpoint}}
    config["schema"] = {"entities": ["entity"]}
    nlp.add_pipe("gliner2", config=config)
    return nlp


def predict(nlp: Language, items: list[Item]) -> list[Found]:
    """Find what items ask for.

    nlp (Language): The pipeline.
    items (list): The items.
    RETURNS (list): For each item, what was found.
    """
    docs = []
    for item in items:
        doc = nlp.make_doc(item.text)
        doc._.gliner2_schema = item.schema
        docs.append(doc)
    pairs = zip(nlp.pipe(docs, batch_size=64), items, strict=True)
    return [_things(doc, item) for doc, item in pairs]


def _things(doc: Doc, item: Item) -> Found:
    things = dict(READ[item.task](doc))
    if item.task == "classes":  # a Doc has the labels of all its tasks
        things = {label: score for label, score in things.items() if label in item.labels}
    return things


def _entities(doc: Doc) -> Iterator[tuple[Hashable, float]]:
    """YIELDS (tuple): Mentions without overlaps: of two that overlap, the higher score stays."""
    group = doc.spans["gliner2"]
    pairs = zip(group, group.attrs["scores"], strict=True)
    taken: list[tuple[int, int]] = []
    for span, score in sorted(pairs, key=lambda pair: -pair[1]):
        start, end = span.start_char, span.end_char
        if all(end <= a or b <= start for a, b in taken):
            taken.append((start, end))
            yield (span.label_, start, end), score


def _relations(doc: Doc) -> Iterator[tuple[Hashable, float]]:
    for relation in doc._.relations:
        head, tail = relation["head"], relation["tail"]
        ends = (head["start"], head["end"]), (tail["start"], tail["end"])
        yield (relation["label"], *ends), relation["score"]


def _records(doc: Doc) -> Iterator[tuple[Hashable, float]]:
    for name, records in doc._.structures.items():
        for record in records:
            for field, values in record.items():
                for value in values if isinstance(values, list) else [values] if values else []:
                    yield (name, field, _place(value)), value["score"]


def _place(value: dict[str, Any]) -> Hashable:
    return (value["start"], value["end"]) if "start" in value else value["text"]


READ = {
    "entities": _entities,
    "relations": _relations,
    "records": _records,
    "classes": lambda doc: iter(doc.cats.items()),
}
"""How what was found is read from a Doc, by task."""
