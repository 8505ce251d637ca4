"""What is right for a text: the annotation of a Doc, in the words of a schema."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from spacy.tokens import Doc

from ..inference.words import Offsets
from ..reading import class_keys, entity_spans, extension_value
from ..schema import FrozenSchema, Structure
from .problems import Problem, Problems


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the text, or a choice.

    text (str): Its words.
    start (int): Offset of its first character in the text; None for every occurrence of the
        words, and for a choice.
    end (int): Offset after its last character; None where `start` is.
    """

    text: str
    start: int | None = None
    end: int | None = None


Pieces: TypeAlias = tuple[Piece, ...]
Pair: TypeAlias = tuple[Piece, Piece]
GoldRecord: TypeAlias = Mapping[str, Pieces]


@dataclass(frozen=True, slots=True)
class Gold:
    """What is right for a text. What is None or not there is not known.

    entities (Mapping): By label, the mentions.
    relations (Mapping): By label, the pairs of head and tail.
    records (Mapping): By structure, the records: by field, the values.
    labels (Mapping): By classification task, for each label how true it is, from 0 to 1.
    unknown (tuple): Stretches of the text of whose entities nothing is known.
    """

    entities: Mapping[str, Pieces] | None = None
    relations: Mapping[str, tuple[Pair, ...]] | None = None
    records: Mapping[str, tuple[GoldRecord, ...]] | None = None
    labels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unknown: tuple[Offsets, ...] = ()

    def __bool__(self) -> bool:
        """RETURNS (bool): Whether anything is known."""
        known = any(part is not None for part in (self.entities, self.relations, self.records))
        return known or bool(self.labels)


@dataclass(frozen=True, slots=True)
class GoldKeys:
    """Where in a Doc the annotation is; each is documented with the factory.

    spans_key (str): Key of `doc.spans`.
    relations_attr (str): Extension of Doc for the relations.
    structures_attr (str): Extension of Doc for the records.
    cats_prefix (bool): Whether keys of `doc.cats` begin with the task.
    """

    spans_key: str
    relations_attr: str
    structures_attr: str
    cats_prefix: bool


class GoldReader:
    """Reads the annotation of Docs.

    keys (GoldKeys): Where it is.
    problems (Problems): Counts what is not in the schema.
    """

    def __init__(self, keys: GoldKeys, problems: Problems) -> None:
        self._keys = keys
        self._problems = problems

    def read(self, doc: Doc, schema: FrozenSchema) -> Gold:
        """Read what is right for a Doc.

        doc (Doc): The Doc, annotated.
        schema (FrozenSchema): The schema; what is not in it is ignored and counted.
        RETURNS (Gold): What is right.
        RAISES (ValueError): If the annotation has not the form that it must have.
        """
        check_annotation(doc, self._keys)
        return Gold(
            entities=self._entities(doc, schema),
            relations=self._relations(doc, schema),
            records=self._records(doc, schema),
            labels=self._labels(doc, schema),
            unknown=() if self._keys.spans_key in doc.spans else tuple(_unknown(doc)),
        )

    def _entities(self, doc: Doc, schema: FrozenSchema) -> dict[str, Pieces] | None:
        spans = entity_spans(doc, self._keys.spans_key)
        if spans is None or not schema.entities:
            return None
        found: dict[str, list[Piece]] = {part.label: [] for part in schema.entities}
        for span in spans:
            piece = Piece(span.text, span.start_char, span.end_char)
            self._put(found, span.label_, piece, "entity")
        return {label: tuple(pieces) for label, pieces in found.items()}

    def _relations(self, doc: Doc, schema: FrozenSchema) -> dict[str, tuple[Pair, ...]] | None:
        relations = extension_value(doc, self._keys.relations_attr)
        if relations is None or not schema.relations:
            return None
        found: dict[str, list[Pair]] = {part.label: [] for part in schema.relations}
        for relation in relations:
            where = f"doc._.{self._keys.relations_attr}"
            pair = (read_piece(relation, "head", where), read_piece(relation, "tail", where))
            self._put(found, relation["label"], pair, "relation")
        return {label: tuple(pairs) for label, pairs in found.items()}

    def _records(self, doc: Doc, schema: FrozenSchema) -> dict[str, tuple[GoldRecord, ...]] | None:
        structures = extension_value(doc, self._keys.structures_attr)
        if structures is None or not schema.structures:
            return None
        known = {part.name: part for part in schema.structures}
        found: dict[str, list[GoldRecord]] = {name: [] for name in known}
        for name, records in structures.items():
            for record in records:
                read = self._record(known[name], record) if name in known else {}
                self._put(found, name, read, "structure")
        return {name: tuple(records) for name, records in found.items()}

    def _record(self, structure: Structure, record: Mapping[str, Any]) -> GoldRecord:
        fields: dict[str, list[Piece]] = {part.name: [] for part in structure.fields}
        for name in record:
            where = f"doc._.{self._keys.structures_attr}[{structure.name!r}]"
            for piece in read_pieces(record, name, where):
                self._put(fields, name, piece, f"field of {structure.name!r}")
        return {name: tuple(pieces) for name, pieces in fields.items()}

    def _labels(self, doc: Doc, schema: FrozenSchema) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        used: set[str] = set()
        for task in schema.classifications:
            labels = [part.label for part in task.labels]
            keys = class_keys(task.task, labels, self._keys.cats_prefix)
            truth = {name: float(doc.cats[key]) for name, key in keys.items() if key in doc.cats}
            right = sum(value >= 0.5 for value in truth.values())
            if not task.multi_label and right > 1:
                self._problems.add(Problem.SEVERAL, f"task {task.task!r}")
            if not task.multi_label and right:
                truth = {name: truth.get(name, 0.0) for name in keys}
            if truth:
                found[task.task] = truth
                used.update(keys.values())
        if schema.classifications:
            for key in doc.cats.keys() - used:
                self._problems.add(Problem.UNKNOWN, f"class label {key!r}")
        return found

    def _put(self, found: dict[str, Any], label: str, value: object, kind: str) -> None:
        if label in found:
            found[label].append(value)
        else:
            self._problems.add(Problem.UNKNOWN, f"{kind} {label!r}")


def check_annotation(doc: Doc, keys: GoldKeys) -> None:
    """See whether relations, records and labels of a Doc have the form that they must have.

    doc (Doc): The Doc.
    keys (GoldKeys): Where they are.
    RAISES (ValueError): If they have not; names the place, the value and the form.
    """
    where = f"doc._.{keys.relations_attr}"
    for relation in _sequence(extension_value(doc, keys.relations_attr), where):
        if not isinstance(_mapping(relation, where).get("label"), str):
            raise ValueError(f"{where}: {relation!r:.80} has no text as its 'label'; give it one")
        for role in ("head", "tail"):
            read_piece(relation, role, where)
    where = f"doc._.{keys.structures_attr}"
    for name, records in _mapping(extension_value(doc, keys.structures_attr) or {}, where).items():
        own = f"{where}[{name!r}]"
        for record in _sequence(records, own):
            for part in _mapping(record, own):
                for _ in read_pieces(record, part, own):
                    pass
    for key, value in doc.cats.items():
        if not isinstance(value, Real | np.bool_) or not 0 <= value <= 1:
            raise ValueError(
                f"doc.cats[{key!r}]: {value!r} is no number from 0 to 1; give one, or leave the "
                "label out if it is not known"
            )


def _sequence(value: Any, where: str) -> Sequence[Any]:
    if value is not None and not isinstance(value, list | tuple):
        raise ValueError(f"{where}: is {value!r:.80}; give a list")
    return value or ()


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: is or has {value!r:.80}; give a mapping in its place")
    return value


def _unknown(doc: Doc) -> Iterator[Offsets]:
    """YIELDS (tuple): Start and end of each run of tokens whose entities are not annotated."""
    if doc.has_annotation("ENT_IOB", require_complete=True):
        return
    for missing, run in groupby(doc, key=lambda token: token.ent_iob == 0):
        tokens = list(run)
        if missing:
            yield tokens[0].idx, tokens[-1].idx + len(tokens[-1])


def read_pieces(record: Mapping[str, Any], name: str, where: str) -> Iterator[Piece]:
    """Read a field of a record.

    record (Mapping): The record.
    name (str): The field.
    where (str): What to call the record in errors.
    YIELDS (Piece): Its values.
    RAISES (ValueError): If a value has not the form that it must have.
    """
    values = record[name]
    if values is None:
        return
    for value in values if isinstance(values, list | tuple) else [values]:
        yield read_piece({name: value}, name, where)


def read_piece(owner: Any, name: str, where: str) -> Piece:
    """Read a piece of the text.

    owner (Any): The mapping that has it.
    name (str): Its key there.
    where (str): What to call the mapping in errors.
    RETURNS (Piece): The piece.
    RAISES (ValueError): If it has not the form that it must have.
    """
    value = owner.get(name) if isinstance(owner, Mapping) else None
    if isinstance(value, Mapping) and isinstance(value.get("text"), str):
        start, end = value.get("start"), value.get("end")
        if (start is None and end is None) or _ordered(start, end):
            return Piece(value["text"], start, end)
    raise ValueError(
        f"{where}: {name!r} is {value!r:.80}; give a mapping with 'text' and, unless every "
        "occurrence of the words or a choice is meant, 'start' and 'end'"
    )


def _ordered(start: object, end: object) -> bool:
    return isinstance(start, int) and isinstance(end, int) and 0 <= start < end
