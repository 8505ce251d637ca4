"""Texts with gold annotation, as Examples and as records of the reference."""

import random
from dataclasses import dataclass, field
from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_gliner2.inference.words import split_words
from spacy_gliner2.schema import FrozenSchema

from .cases import Case, spread

Value = dict[str, Any]
ENGLISH = spacy.blank("en")


@dataclass(frozen=True)
class Annotated:
    """A text with its schema and gold annotation; None for a task that was not annotated.

    text (str): The text.
    schema (dict): The schema.
    entities (dict): By label, the mentions.
    relations (list): Label, head and tail of each.
    records (dict): By structure, its records: by field, a text, a list of texts, or None.
    labels (dict): By task, the right labels.
    """

    text: str
    schema: dict[str, Any]
    entities: dict[str, list[str]] | None = None
    relations: list[tuple[str, str, str]] | None = None
    records: dict[str, list[dict[str, Any]]] | None = None
    labels: dict[str, list[str]] = field(default_factory=dict)

    def piece(self, words: str, offsets: bool) -> Value:
        """RETURNS (dict): The first occurrence of some words, with offsets unless these are off."""
        start = self.text.find(words)
        known = offsets and start >= 0
        return {"text": words, **({"start": start, "end": start + len(words)} if known else {})}

    def example(self, nlp: Language, *, offsets: bool = True) -> Example:
        """RETURNS (Example): The text with gold annotation, its own schema, and prefixed labels."""
        doc = nlp.make_doc(self.text)
        doc._.gliner2_schema = self.schema
        if self.entities is not None:
            doc.spans["gliner2"] = [
                doc.char_span(start, start + len(words), label, alignment_mode="expand")
                for label, mentions in self.entities.items()
                for words in mentions
                for start in [self.text.index(words)]
            ]
        if self.relations is not None:
            doc._.relations = [
                {"label": label, "head": self.piece(a, offsets), "tail": self.piece(b, offsets)}
                for label, a, b in self.relations
            ]
        if self.records is not None:
            doc._.structures = self._structures(offsets)
        doc.cats = {
            f"{task.task}:{part.label}": float(part.label in self.labels[task.task])
            for task in FrozenSchema.from_dict(self.schema).classifications
            if task.task in self.labels
            for part in task.labels
        }
        return Example(nlp.make_doc(self.text), doc)

    def _structures(self, offsets: bool) -> dict[str, list[dict[str, Any]]]:
        choices = {
            (part.name, one.name)
            for part in FrozenSchema.from_dict(self.schema).structures
            for one in part.fields
            if one.choices
        }

        def value(key: tuple[str, str], words: Any) -> Any:
            if isinstance(words, list):
                return [value(key, one) for one in words]
            return None if words is None else self.piece(words, offsets and key not in choices)

        return {
            name: [
                {key: value((name, key), words) for key, words in record.items()} for record in r
            ]
            for name, r in (self.records or {}).items()
        }

    def record(self) -> tuple[str, dict[str, Any]]:
        """RETURNS (tuple): The text and the schema with gold in the reference's form."""
        schema = FrozenSchema.from_dict(self.schema)
        made: dict[str, Any] = {}
        if self.entities is not None:
            made["entities"] = {p.label: self.entities.get(p.label, []) for p in schema.entities}
            made["entity_descriptions"] = _described(schema.entities)
        made["json_structures"] = [
            {part.name: {one.name: _gold(one, record.get(one.name)) for one in part.fields}}
            for part in schema.structures
            for record in (self.records or {}).get(part.name, [])
        ]
        made["json_descriptions"] = {
            part.name: {one.name: one.description for one in part.fields if one.description}
            for part in schema.structures
        }
        made["relations"] = [
            {part.label: {"head": head, "tail": tail}}
            for part in schema.relations
            for label, head, tail in self.relations or []
            if label == part.label
        ]
        made["relation_descriptions"] = _described(schema.relations)
        made["classifications"] = [
            {
                "task": task.task,
                "labels": [part.label for part in task.labels],
                "label_descriptions": _described(task.labels),
                "true_label": list(self.labels[task.task]),
                "multi_label": task.multi_label,
                "prompt": task.prompt,
                "examples": [list(pair) for pair in task.examples],
            }
            for task in schema.classifications
            if task.task in self.labels
        ]
        return self.text, made


def _described(parts: Any) -> dict[str, str]:
    return {part.label: part.description for part in parts if part.description}


def _gold(part: Any, words: Any) -> Any:
    value = "" if words is None else words
    return {"value": value, "choices": list(part.choices)} if part.choices else value


def make_annotated(count: int, max_width: int, seed: int = 0) -> list[Annotated]:
    """Annotate texts at random, every task of their schemas.

    count (int): How many.
    max_width (int): Most words of a mention.
    seed (int): Seed of the choices.
    RETURNS (list): The texts.
    """
    rng = random.Random(seed)
    return [_annotate(case, max_width, rng) for case in spread(count, seed)]


def _annotate(case: Case, max_width: int, rng: random.Random) -> Annotated:
    schema, words = FrozenSchema.from_dict(case.schema), split_words(case.text)
    doc = ENGLISH.make_doc(case.text)

    def mention() -> str | None:
        if not words:
            return None
        first = rng.randrange(len(words))
        last = min(first + rng.randrange(max_width), len(words) - 1)
        start, end = words[first][0], words[last][1]
        found = case.text[start:end]
        usable = doc.char_span(start, end) is not None and case.text.find(found) == start
        return found if usable and any(c.isalnum() for c in found) else None

    def mentions(most: int) -> list[str]:
        found = [mention() for _ in range(rng.randint(0, most))]
        return list(dict.fromkeys(one for one in found if one))

    def value(part: Any) -> Any:
        if part.choices:
            return rng.choice(part.choices)
        return mentions(2) if part.dtype == "list" else mention()

    def records(part: Any) -> list[dict[str, Any]]:
        # With choices the reference repeats them for each record, which ours does not.
        most = 1 if any(one.choices for one in part.fields) else 3
        made = [{one.name: value(one) for one in part.fields} for _ in range(rng.randint(0, most))]
        return [record for record in made if any(record.values())]

    pairs = [
        (part.label, a, b)
        for part in schema.relations
        for a, b in [(mention(), mention()) for _ in range(rng.randint(0, 3))]
        if a and b
    ]
    return Annotated(
        case.text,
        case.schema,
        entities={part.label: mentions(3) for part in schema.entities} or None,
        relations=pairs,
        records={part.name: records(part) for part in schema.structures},
        labels={
            task.task: rng.sample(
                [part.label for part in task.labels], rng.randint(1, 2 if task.multi_label else 1)
            )
            for task in schema.classifications
        },
    )
