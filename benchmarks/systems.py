"""What is compared end to end: our pipe in each precision, and the reference package."""

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import spacy
from gliner2 import GLiNER2
from spacy.language import Language
from spacy.tokens import Doc

SCHEMAS: dict[str, dict[str, Any]] = {
    "entities": {"entities": ["company", "person", "product", "location"]},
    "all four tasks": {
        "entities": ["company", "person", "product", "location"],
        "classifications": [{"task": "sentiment", "labels": ["positive", "negative", "neutral"]}],
        "relations": ["works_for", "located_in"],
        "structures": {
            "booking": {
                "fields": [
                    {"name": "place", "dtype": "str"},
                    {"name": "time", "dtype": "str"},
                ]
            }
        },
    },
}
"""What is extracted, by the name of the column."""

CHUNK = {"chunk_size": 256, "chunk_overlap": 64}
"""Windows of the reference on long texts, which its encoder of 512 positions can just read."""


def make_pipeline(name: str, schema: dict[str, Any], precision: str = "float32") -> Language:
    """RETURNS (Language): A blank pipeline with our component."""
    nlp = spacy.blank("en")
    config = {"schema": schema, "model": {"name": name, "precision": precision}}
    nlp.add_pipe("gliner2", config=config)
    nlp("Warm-up.")
    return nlp


def run_pipeline(nlp: Language, texts: Sequence[str]) -> list[Doc]:
    """RETURNS (list): The annotated texts."""
    return list(nlp.pipe(texts))


class Reference:
    """The `gliner2` package with a schema.

    path (Path): The checkpoint's directory.
    schema (dict): What to extract.
    """

    def __init__(self, path: Path, schema: dict[str, Any]) -> None:
        self.model = GLiNER2.from_pretrained(str(path)).float().eval()
        built = self.model.create_schema().entities(schema["entities"])
        for task in schema.get("classifications", ()):
            built = built.classification(task["task"], task["labels"])
        if "relations" in schema:
            built = built.relations(schema["relations"])
        for structure, options in schema.get("structures", {}).items():
            fields = built.structure(structure)
            for field in options["fields"]:
                fields = fields.field(field["name"], dtype=field["dtype"])
            built = fields
        self.schema = built

    def batch(self, texts: Sequence[str]) -> list[Any]:
        """RETURNS (list): What it extracts in batches of 8, its default."""
        found: list[Any] = self.model.batch_extract(list(texts), self.schema, batch_size=8)
        return found

    def batch_long(self, texts: Sequence[str]) -> list[Any]:
        """RETURNS (list): What it extracts from long texts, window by window."""
        found: list[Any] = self.model.batch_extract_long(
            list(texts), self.schema, batch_size=8, **CHUNK
        )
        return found

    def one_by_one(self, texts: Sequence[str]) -> list[Any]:
        """RETURNS (list): What it extracts, a text at a time."""
        return [self.model.extract(text, self.schema) for text in texts]


def decisions(docs: Iterable[Doc]) -> set[Hashable]:
    """RETURNS (set): Everything that was decided: spans, best labels, relations, field values."""
    found: set[Hashable] = set()
    for n, doc in enumerate(docs):
        found |= {(n, span.start_char, span.end_char, span.label_) for span in doc.spans["gliner2"]}
        if doc.cats:
            found.add((n, max(doc.cats, key=lambda label: doc.cats[label])))
        for relation in doc._.relations:
            ends = [(relation[role]["start"], relation[role]["end"]) for role in ("head", "tail")]
            found.add((n, relation["label"], *ends))
        for name, records in doc._.structures.items():
            for record in records:
                values = (value for value in record.items() if value[1])
                found |= {(n, name, field, value["text"]) for field, value in values}
    return found


def agreement(ours: set[Hashable], theirs: set[Hashable]) -> float:
    """RETURNS (float): F1 of one set of decisions against another."""
    return 2 * len(ours & theirs) / max(len(ours) + len(theirs), 1)
