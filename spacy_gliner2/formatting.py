"""Extractions in the shapes of the reference (its section 3.9), always complete."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .extraction import Argument, Decision, Extraction, FieldValue, Mention
from .schema import FrozenSchema, SchemaError

RELATIONS = "relation_extraction"
"""Key of the relations in a result."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an item of a result tells beside its text.

    confidence (bool): Its score.
    spans (bool): Its offsets.
    """

    confidence: bool = False
    spans: bool = False


def check_names(schema: FrozenSchema) -> None:
    """Refuse a schema whose results would share a key.

    schema (FrozenSchema): The schema.
    RAISES (SchemaError): If a structure or a task has the name of something else.
    """
    taken = {"entities", RELATIONS}
    for name in (
        *(part.name for part in schema.structures),
        *(part.task for part in schema.classifications),
    ):
        if name in taken:
            raise SchemaError(
                f"schema: the name {name!r} would be two keys of one result; rename the structure "
                "or the task"
            )
        taken.add(name)


def format_extraction(extraction: Extraction, schema: FrozenSchema, shape: Shape) -> dict[str, Any]:
    """Bring an extraction into the reference's shape.

    extraction (Extraction): What was found.
    schema (FrozenSchema): What was asked for; everything in it has its key in the result.
    shape (Shape): What each item tells.
    RETURNS (dict): The result.
    """
    result: dict[str, Any] = {
        part.name: [
            {
                field.name: _field(record.fields[field.name], shape, field.dtype)
                for field in part.fields
            }
            for record in extraction.records.get(part.name, ())
        ]
        for part in schema.structures
    }
    if schema.entities:
        result["entities"] = _entities(extraction, schema, shape)
    for task, decision in zip(schema.classifications, extraction.decisions, strict=True):
        result[task.task] = _decision(decision, task.multi_label, shape)
    if schema.relations:
        result[RELATIONS] = {
            part.label: [
                _pair(found.head, found.tail, shape)
                for found in extraction.relations
                if found.label == part.label
            ]
            for part in schema.relations
        }
    return result


def _entities(extraction: Extraction, schema: FrozenSchema, shape: Shape) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for entity in schema.entities:
        found = [mention for mention in extraction.mentions if mention.label == entity.label]
        items = [_item(one, shape) for one in (found if shape.spans else _once(found))]
        if entity.dtype == "list":
            result[entity.label] = items
        else:
            result[entity.label] = items[0] if items else None
    return result


def _once(found: Sequence[Any]) -> Iterable[Any]:
    """Keep the best of the items that nothing but their place in the text tells apart."""
    seen: dict[str, Any] = {}
    for one in found:
        seen.setdefault(one.text.lower(), one)
    return seen.values()


def _item(one: Mention | Argument | FieldValue, shape: Shape) -> Any:
    spans = shape.spans and one.start is not None  # a choice is nowhere in the text
    if not shape.confidence and not spans:
        return one.text
    item: dict[str, Any] = {"text": one.text}
    if shape.confidence:
        item["confidence"] = one.score
    if spans:
        item.update(start=one.start, end=one.end)
    return item


def _field(values: Any, shape: Shape, dtype: str) -> Any:
    if dtype == "list":
        return [_item(one, shape) for one in (values if shape.spans else _once(values))]
    if values is None:
        return None
    item = _item(values, shape)
    if dtype == "str":
        return item
    if isinstance(item, dict):
        return {**item, "value": values.value}
    # A value that could not be parsed is better than none: its words.
    return item if values.value is None else values.value


def _pair(head: Argument, tail: Argument, shape: Shape) -> Any:
    if shape.confidence or shape.spans:
        return {"head": _item(head, shape), "tail": _item(tail, shape)}
    return (head.text, tail.text)


def _decision(decision: Decision, multi_label: bool, shape: Shape) -> Any:
    def item(label: str) -> Any:
        if not shape.confidence:
            return label
        return {"label": label, "confidence": decision.scores[label]}

    if multi_label:
        return [item(label) for label in decision.chosen]
    return item(decision.chosen[0])
