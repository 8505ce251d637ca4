"""The schema as the service reads it: section 7 of the reference.

The service is asked for everything that it knows: all values of a field and the probability of
every label. What of it holds is decided here, by the same rules as for a local model.
"""

import warnings
from typing import Any

from ..schema import Entity, FrozenSchema, Relation, Structure


def wire_schema(schema: FrozenSchema) -> dict[str, Any]:
    """Write a schema.

    schema (FrozenSchema): The schema.
    RETURNS (dict): The schema as the service reads it.
    """
    found: dict[str, Any] = {}
    if schema.entities:
        found["entities"] = _labelled(schema.entities)
    if schema.relations:
        found["relations"] = _labelled(schema.relations)
    if schema.structures:
        found["structures"] = {part.name: _fields(part) for part in schema.structures}
    if schema.classifications:
        found["classifications"] = {
            task.task: {
                "labels": [part.label for part in task.labels],
                "multi_label": True,
                "cls_threshold": 0.0,
            }
            for task in schema.classifications
        }
        _warn_of_left_out(schema)
    return found


def _labelled(parts: tuple[Entity, ...] | tuple[Relation, ...]) -> Any:
    options = {part.label: _options(part, "description", "threshold") for part in parts}
    return options if any(options.values()) else list(options)


def _fields(structure: Structure) -> list[dict[str, Any]]:
    return [
        {
            "name": part.name,
            "dtype": "list",
            **_options(part, "description", "threshold"),
            **({"choices": list(part.choices)} if part.choices else {}),
        }
        for part in structure.fields
    ]


def _options(part: Any, *keys: str) -> dict[str, Any]:
    return {key: getattr(part, key) for key in keys if getattr(part, key) is not None}


def _warn_of_left_out(schema: FrozenSchema) -> None:
    for task in schema.classifications:
        left_out = {
            "prompt": task.prompt,
            "examples": task.examples,
            "descriptions of labels": any(part.description for part in task.labels),
        }
        named = [key for key, value in left_out.items() if value]
        if named:
            warnings.warn(
                f"schema.classifications: the protocol of the hosted model has no place for the "
                f"{' and '.join(named)} of the task {task.task!r}, which it will not read; say it "
                "in the name of the task or of the labels",
                stacklevel=2,
            )
