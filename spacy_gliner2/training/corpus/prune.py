"""Leaving out of a record what cannot be said for certain."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from ...schema import FrozenSchema
from .record import CorpusRecord, GoldRelation, GoldValues, field_values

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """Labels of which a value could not be found."""

    entities: set[str]
    relations: set[str]
    structures: set[str]


def without_labels(record: CorpusRecord, missing: GoldValues) -> CorpusRecord:
    """Leave out every label that has a value among the missing ones.

    record (CorpusRecord): The record.
    missing (tuple): Some of its values.
    RETURNS (CorpusRecord): The record, which says neither of the labels that they are there nor
        that they are not.
    """
    gone = _doubtful(record, missing)
    schema = record.schema
    return replace(
        record,
        schema=FrozenSchema(
            entities=tuple(e for e in schema.entities if e.label not in gone.entities),
            relations=tuple(r for r in schema.relations if r.label not in gone.relations),
            structures=tuple(s for s in schema.structures if s.name not in gone.structures),
            classifications=schema.classifications,
        ),
        entities=_kept(record.entities, gone.entities),
        relations=_kept_relations(record, gone.relations),
        structures=_kept(record.structures, gone.structures),
    )


def without_tasks(record: CorpusRecord, missing: GoldValues) -> CorpusRecord:
    """Leave out all entities, relations or structures if a value of one of them is missing.

    record (CorpusRecord): The record.
    missing (tuple): Some of its values.
    RETURNS (CorpusRecord): The record, which says nothing of these tasks.
    """
    gone = _doubtful(record, missing)
    return replace(
        record,
        entities=None if gone.entities else record.entities,
        relations=None if gone.relations else record.relations,
        structures=None if gone.structures else record.structures,
    )


def _doubtful(record: CorpusRecord, missing: GoldValues) -> _Doubtful:
    lost = set(missing)
    return _Doubtful(
        entities={
            label for label, values in (record.entities or {}).items() if lost.intersection(values)
        },
        relations={r.label for r in record.relations or () if lost & {r.head, r.tail}},
        structures={
            name
            for name, instances in (record.structures or {}).items()
            for instance in instances
            for part in instance.values()
            if lost.intersection(field_values(part))
        },
    )


def _kept(found: Mapping[str, T] | None, gone: set[str]) -> dict[str, T] | None:
    """Leave labels out; nothing is said where none stays."""
    if found is None or not gone:
        return None if found is None else dict(found)
    return {label: found[label] for label in found if label not in gone} or None


def _kept_relations(record: CorpusRecord, gone: set[str]) -> tuple[GoldRelation, ...] | None:
    labels = {part.label for part in record.schema.relations}
    if record.relations is None or (gone and gone >= labels):
        return None
    return tuple(r for r in record.relations if r.label not in gone)
