"""Looking through a corpus: what is in it, and what cannot be learned from it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ...annotate import SCHEMA_ATTR
from ...inference.occurrences import Occurrences, make_split
from ...reading import class_keys, entity_spans, split_class_key
from ...schema import Classification, FrozenSchema, SchemaError
from ..gold import GoldKeys, check_annotation
from ..targets import MOST_INSTANCES
from .counting import count_doc
from .doc_schema import doc_schema
from .findings import CorpusCounts, Finding, Kind
from .options import CorpusOptions
from .reader import Reading


@dataclass(frozen=True, slots=True)
class _Value:
    label: str
    text: str
    start: int | None
    end: int | None


class Inspector:
    """Looks through a corpus.

    nlp (Language): The pipeline.
    options (CorpusOptions): How the annotation stands in Docs.
    schema (FrozenSchema): The component's schema; None where each text is asked for what its own
        schema names.
    max_width (int): Most words of a span of the model.
    """

    def __init__(
        self,
        nlp: Language,
        options: CorpusOptions,
        *,
        schema: FrozenSchema | None,
        max_width: int,
    ) -> None:
        self.counts = CorpusCounts()
        self.findings: list[Finding] = []
        self.places: dict[str, list[str]] = {}
        self._unknown: dict[str, list[str]] = {}
        self._options = options
        self._keys = GoldKeys(
            options.spans_key,
            options.relations_attr,
            options.structures_attr,
            options.cats_prefix,
        )
        self._schema = schema
        self._max_width = max_width
        self._split = make_split(nlp, options.word_splitter)

    def look_through(self, readings: Iterable[Reading]) -> None:
        """Look through a corpus.

        readings (Iterable): What became of each of its records.
        """
        for reading in readings:
            if reading.doc is None:
                self._find(Kind.UNREADABLE, reading.where, str(reading.error))
                continue
            try:
                check_annotation(reading.doc, self._keys)
            except ValueError as error:
                self._find(Kind.UNREADABLE, reading.where, str(error))
                continue
            for value in reading.missing:
                self._find(Kind.MISSING, reading.where, f"{value.key}: {value.text!r}")
            self._look_at(reading.doc, reading.where)
        for label, places in self._unknown.items():
            self._find(Kind.UNKNOWN_LABEL, places[0], f"{label}, in {len(places)} texts")
        if not self.counts.texts:
            self._find(Kind.NO_TEXTS, "", "none")

    def _find(self, kind: Kind, where: str, what: str) -> None:
        self.findings.append(Finding(kind, where, what))

    def _look_at(self, doc: Doc, where: str) -> None:
        places = Occurrences(doc.text, self._split)
        self._look_at_text(doc.text, len(places), where)
        asked = self._schema if doc._.get(SCHEMA_ATTR) is None else None  # its own goes before
        try:
            cats = (
                self._own_cats(doc, where) if asked is None else self._known_cats(doc, asked, where)
            )
            annotated = doc_schema(doc, self._options, asked, "label", cats)
        except SchemaError as error:
            self._find(Kind.UNREADABLE, where, str(error))
            return
        if asked is not None:
            self._check_labels(annotated, asked, where)
        self._check_tasks(doc, asked or annotated, where)
        if not count_doc(self.counts, doc, asked or annotated, self._options):
            self._find(Kind.NO_ANNOTATION, where, repr(doc.text[:40]))
        for value in self._values(doc, annotated):
            self._check_words(value, places, where)
        self._check_ends(doc, where)
        self._check_number(doc, where)

    def _look_at_text(self, text: str, words: int, where: str) -> None:
        self.counts.texts += 1
        self.counts.words += words
        self.counts.longest = max(self.counts.longest, words)
        if text.strip():
            self.places.setdefault(" ".join(text.split()), []).append(where)
        else:
            self._find(Kind.BLANK, where, repr(text[:40]))

    def _known_cats(self, doc: Doc, asked: FrozenSchema, where: str) -> dict[str, float]:
        """RETURNS (dict): The class labels that a schema has; the others are noted."""
        known = {key for task in asked.classifications for key in self._keys_of(task)}
        for key in doc.cats.keys() - known:
            task, label = split_class_key(key, self._options.cats_prefix, "")
            name = f"label {task}: {label}" if task else f"label {label}"
            self._unknown.setdefault(name, []).append(where)
        return {key: value for key, value in doc.cats.items() if key in known}

    def _own_cats(self, doc: Doc, where: str) -> dict[str, float]:
        """RETURNS (dict): The class labels that make a task; those that are alone are noted."""
        own = FrozenSchema.from_dict(doc._.get(SCHEMA_ATTR) or {})
        known = {key for task in own.classifications for key in self._keys_of(task)}
        tasks: dict[str, list[str]] = {}
        for key in doc.cats.keys() - known:
            task, _ = split_class_key(key, self._options.cats_prefix, "")
            tasks.setdefault(task, []).append(key)
        alone = {keys[0] for keys in tasks.values() if len(keys) == 1}
        for key in alone:
            self._find(Kind.LONE_LABEL, where, key)
        return {key: value for key, value in doc.cats.items() if key not in alone}

    def _keys_of(self, task: Classification) -> list[str]:
        labels = (part.label for part in task.labels)
        return list(class_keys(task.task, labels, self._options.cats_prefix).values())

    def _check_tasks(self, doc: Doc, schema: FrozenSchema, where: str) -> None:
        for task in schema.classifications:
            right = [key for key in self._keys_of(task) if doc.cats.get(key, 0.0) >= 0.5]
            if len(right) > 1 and not task.multi_label:
                what = f"{task.task}: {', '.join(right)}"
                self._find(Kind.SEVERAL_LABELS, where, what)

    def _check_labels(self, annotated: FrozenSchema, asked: FrozenSchema, where: str) -> None:
        known = set(schema_labels(asked))
        for label in schema_labels(annotated):
            if label not in known:
                self._unknown.setdefault(label, []).append(where)

    def _values(self, doc: Doc, schema: FrozenSchema) -> Iterator[_Value]:
        """YIELDS (_Value): Every value that must be in the text."""
        for span in entity_spans(doc, self._options.spans_key) or ():
            yield _Value(f"entity {span.label_}", span.text, span.start_char, span.end_char)
        for relation in doc._.get(self._options.relations_attr) or ():
            for role in ("head", "tail"):
                yield _value(f"{role} of {relation['label']}", relation[role])
        choices = {
            (structure.name, part.name)
            for structure in schema.structures
            for part in structure.fields
            if part.choices
        }
        for name, records in (doc._.get(self._options.structures_attr) or {}).items():
            for record in records:
                for part, values in record.items():
                    if (name, part) not in choices:
                        for value in _as_list(values):
                            yield _value(f"field {name}.{part}", value)

    def _check_words(self, value: _Value, places: Occurrences, where: str) -> None:
        what = f"{value.label}: {value.text!r}"
        if value.start is None or value.end is None:
            found = places.find(value.text)
            if not found:
                self._find(Kind.MISSING, where, what)
                return
            start, end = found[0]
        else:
            start, end = value.start, value.end
            if not places.are_words(start, end):
                self._find(Kind.INSIDE_WORD, where, what)
        if places.width(start, end) > self._max_width:
            self._find(Kind.TOO_WIDE, where, what)

    def _check_ends(self, doc: Doc, where: str) -> None:
        spans = entity_spans(doc, self._options.spans_key)
        if spans is None:
            return
        mentions = {(span.start_char, span.end_char) for span in spans}
        texts = {span.text.lower() for span in spans}
        for relation in doc._.get(self._options.relations_attr) or ():
            for role in ("head", "tail"):
                part = relation[role]
                start = part.get("start")
                known = part["text"].lower() in texts
                if start is not None:
                    known = (start, part["end"]) in mentions
                if not known:
                    what = f"{role} of {relation['label']}: {part['text']!r}"
                    self._find(Kind.LOOSE_END, where, what)

    def _check_number(self, doc: Doc, where: str) -> None:
        relations = doc._.get(self._options.relations_attr) or ()
        found = Counter(f"relation {relation['label']}" for relation in relations)
        for name, records in (doc._.get(self._options.structures_attr) or {}).items():
            found[f"structure {name}"] = len(records)
        for label, number in found.items():
            if number > MOST_INSTANCES:
                self._find(Kind.TOO_MANY, where, f"{label}: {number}")


def schema_labels(schema: FrozenSchema) -> Iterator[str]:
    """YIELDS (str): Every label of a schema, after what it is a label of."""
    yield from (f"entity {part.label}" for part in schema.entities)
    yield from (f"relation {part.label}" for part in schema.relations)
    for structure in schema.structures:
        yield f"structure {structure.name}"
        yield from (f"field {structure.name}.{part.name}" for part in structure.fields)
    for task in schema.classifications:
        yield from (f"label {task.task}: {part.label}" for part in task.labels)


def _value(label: str, value: Mapping[str, Any]) -> _Value:
    return _Value(label, value["text"], value.get("start"), value.get("end"))


def _as_list(values: Any) -> list[Any]:
    if values is None:
        return []
    return list(values) if isinstance(values, list | tuple) else [values]
