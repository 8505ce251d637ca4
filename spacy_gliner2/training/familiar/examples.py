"""Examples as the `gliner2` package has them; each becomes a record of its JSONL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Value = str | Mapping[str, Any] | None
"""Words of the text, or these with their offsets: `{"text", "start", "end"}`."""


@dataclass(slots=True)
class Classification:
    """A task with its labels and what is right.

    task (str): The task.
    labels (Sequence): All its labels.
    true_label (str | Sequence): The right ones.
    multi_label (bool): Whether several may be right; they may where several are.
    prompt (str): What to ask instead of the task's name.
    examples (Sequence): Pairs of a text and its label.
    label_descriptions (Mapping): By label, what it means.
    """

    task: str
    labels: Sequence[str]
    true_label: str | Sequence[str]
    multi_label: bool = False
    prompt: str | None = None
    examples: Sequence[Sequence[str]] | None = None
    label_descriptions: Mapping[str, str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The task as a record has it."""
        right = [self.true_label] if isinstance(self.true_label, str) else list(self.true_label)
        options = {
            "multi_label": self.multi_label or len(right) > 1,
            "prompt": self.prompt,
            "examples": [list(pair) for pair in self.examples or ()],
            "label_descriptions": self.label_descriptions,
        }
        given = {key: value for key, value in options.items() if value}
        return {"task": self.task, "labels": list(self.labels), "true_label": right, **given}


@dataclass(slots=True)
class ChoiceField:
    """A field whose value is one of several.

    value (str): The right one.
    choices (Sequence): All of them.
    """

    value: str
    choices: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The field as a record has it."""
        return {"value": self.value, "choices": list(self.choices)}


class Structure:
    """A record.

    struct_name (str): The structure's name.
    _descriptions (Mapping): By field, what it means.
    **fields (Any): By field, its value, a list of values, or a `ChoiceField`.
    """

    def __init__(
        self, struct_name: str, _descriptions: Mapping[str, str] | None = None, **fields: Any
    ) -> None:
        self.struct_name = struct_name
        self.descriptions = _descriptions
        self.fields = fields

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The record, under its structure's name."""
        return {
            self.struct_name: {
                name: value.to_dict() if isinstance(value, ChoiceField) else value
                for name, value in self.fields.items()
            }
        }


class Relation:
    """A relation.

    name (str): Its label.
    head (Value): The one end.
    tail (Value): The other end.
    **fields (Any): Arguments of other names, in place of both.
    """

    def __init__(self, name: str, head: Value = None, tail: Value = None, **fields: Any) -> None:
        if fields and (head is not None or tail is not None):
            raise ValueError(
                f"relation {name!r}: has head or tail beside {', '.join(fields)}; give either"
            )
        self.name = name
        self.fields = fields or {"head": head, "tail": tail}

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The relation, under its label."""
        return {self.name: self.fields}


@dataclass(slots=True)
class InputExample:
    """A text and what is right.

    text (str): The text.
    entities (Mapping): By type, its mentions; an empty list says that there are none.
    entity_descriptions (Mapping): By type, what it means.
    classifications (Sequence): Tasks.
    structures (Sequence): Records.
    relations (Sequence): Relations.
    """

    text: str
    entities: Mapping[str, Sequence[Value]] | None = None
    entity_descriptions: Mapping[str, str] | None = None
    classifications: Sequence[Classification] | None = None
    structures: Sequence[Structure] | None = None
    relations: Sequence[Relation] | None = None

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The record that stands for it in JSONL."""
        structures = self.structures or ()
        described = {part.struct_name: part.descriptions for part in structures}
        output = {
            "entities": self.entities,
            "entity_descriptions": self.entity_descriptions,
            "classifications": [part.to_dict() for part in self.classifications or ()],
            "json_structures": [part.to_dict() for part in structures],
            "json_descriptions": {name: own for name, own in described.items() if own},
            "relations": [part.to_dict() for part in self.relations or ()],
        }
        return {"input": self.text, "output": {key: own for key, own in output.items() if own}}
