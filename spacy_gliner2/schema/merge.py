"""Several schemas as one."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from .parts import Classification, Structure
from .schema import FrozenSchema

T = TypeVar("T")


def merge_schemas(schemas: Iterable[FrozenSchema]) -> FrozenSchema:
    """Make a schema that has everything that any of several has.

    schemas (Iterable): The schemas. Of what has one name in several, the first one's options hold;
        fields and class labels of all are taken.
    RETURNS (FrozenSchema): The schema.
    """
    given = list(dict.fromkeys(schemas))
    if len(given) == 1:
        return given[0]
    structures = _merged((s.structures for s in given), lambda s: s.name, _merge_structures)
    tasks = _merged((s.classifications for s in given), lambda t: t.task, _merge_tasks)
    return FrozenSchema(
        entities=_merged((s.entities for s in given), lambda part: part.label, _first),
        structures=structures,
        relations=_merged((s.relations for s in given), lambda part: part.label, _first),
        classifications=tasks,
    )


def _merged(
    groups: Iterable[tuple[T, ...]], name: Callable[[T], str], join: Callable[[list[T]], T]
) -> tuple[T, ...]:
    by_name: dict[str, list[T]] = {}
    for group in groups:
        for part in group:
            by_name.setdefault(name(part), []).append(part)
    return tuple(join(parts) for parts in by_name.values())


def _first(parts: list[T]) -> T:
    return parts[0]


def _merge_structures(parts: list[Structure]) -> Structure:
    fields = _merged((part.fields for part in parts), lambda field: field.name, _first)
    return parts[0].model_copy(update={"fields": fields})


def _merge_tasks(parts: list[Classification]) -> Classification:
    labels = _merged((part.labels for part in parts), lambda label: label.label, _first)
    several = any(part.multi_label for part in parts)
    return parts[0].model_copy(update={"labels": labels, "multi_label": several})
