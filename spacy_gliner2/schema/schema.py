"""The schema: what to extract, validated once and immutable from then on.

Every way in (config block, dict, JSON, builder, pydantic class) ends in `FrozenSchema`.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

import regex
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from typing_extensions import Self

from ..plain_json import parse_json
from .errors import PartError, SchemaError, schema_error
from .expressions import compile_expression
from .forms import as_items
from .shorthand import FieldDtype, parse_field

MARKERS = (
    "[SEP_STRUCT]",
    "[SEP_TEXT]",
    "[P]",
    "[C]",
    "[E]",
    "[R]",
    "[L]",
    "[EXAMPLE]",
    "[OUTPUT]",
    "[DESCRIPTION]",
)
"""The tokens that structure the model's prompt, in the order in which they get their ids."""

EntityDtype = Literal["list", "str"]
Activation = Literal["auto", "sigmoid", "softmax"]


def _check_text(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank; give it a text")
    return _check_free_text(value)


def _check_free_text(value: str) -> str:
    for marker in MARKERS:
        if marker in value:
            raise ValueError(f"contains {marker}, a token of the model's prompt; reword it")
    return value


def _check_part(
    location: tuple[int | str, ...], value: str, check: Callable[[str], object]
) -> None:
    try:
        check(value)
    except ValueError as error:
        raise PartError(location, value, str(error)) from error


def _unique(values: tuple[str, ...], what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"names {what} {value!r} twice; keep one of them")
        seen.add(value)


Name = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Threshold = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = cls.model_fields
        return {key: data[key] for key in data if data[key] is not None or key not in known}

    @field_validator("label", "name", "task", check_fields=False)
    @classmethod
    def _name_is_usable(cls, value: str) -> str:
        return _check_text(value)

    @field_validator("description", "prompt", check_fields=False)
    @classmethod
    def _text_is_usable(cls, value: str | None) -> str | None:
        return value if value is None else _check_free_text(value)


class Validator(_Part):
    """A regular expression that the text of a mention must satisfy.

    pattern (str): The expression, in the syntax of the `regex` library (a superset of `re`).
    mode (str): "full" to match the whole text, "partial" to find the pattern anywhere in it.
    exclude (bool): Keep what does not match instead of what does.
    flags (int): Flags as in `re`; case is ignored unless they say otherwise.
    on_timeout (str): What happens to a mention whose match takes too long: "drop" or "keep".
    """

    pattern: Name
    mode: Literal["full", "partial"] = "full"
    exclude: Flag = False
    flags: Annotated[int, Field(strict=True)] = int(re.IGNORECASE)
    on_timeout: Literal["drop", "keep"] = "drop"

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            compile_expression(self.pattern, self.flags)
        except regex.error as error:
            raise ValueError(
                f"the pattern {self.pattern!r} is no regular expression ({error}); correct it"
            ) from error
        return self


class Entity(_Part):
    """An entity type.

    label (str): Its name: what the model reads and what the mention is labelled with.
    description (str): What it is, in words; the model reads it too.
    dtype (str): "list" for all mentions, "str" for the best one.
    threshold (float): Smallest score of a mention; the component's threshold where it is None.
    validators (tuple): Regular expressions that a mention must all satisfy.
    """

    label: Name
    description: Name | None = None
    dtype: EntityDtype = "list"
    threshold: Threshold | None = None
    validators: tuple[Validator, ...] = ()


class StructureField(_Part):
    """One field of a structure.

    name (str): Its name: what the model reads, and the key in the record.
    dtype (str): "list" for all values, "str" for the best one, or "float", "int", "bool" or
        "date" for the best one together with its parsed value.
    choices (tuple): If given, the value is one of these (or several, with dtype "list").
    description (str): What it is, in words; the model reads it too.
    threshold (float): Smallest score of a value; the component's threshold where it is None.
    validators (tuple): Regular expressions that a value must all satisfy.
    """

    name: Name
    dtype: FieldDtype = "list"
    choices: tuple[Name, ...] | None = None
    description: Name | None = None
    threshold: Threshold | None = None
    validators: tuple[Validator, ...] = ()

    @field_validator("choices")
    @classmethod
    def _choices_are_usable(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None:
            if not value:
                raise ValueError("is empty; name at least one choice or leave the key out")
            for i, choice in enumerate(value):
                _check_part((i,), choice, _check_text)
            _unique(tuple(choice.lower() for choice in value), "the choice")
        return value

    @model_validator(mode="after")
    def _choices_fit_dtype(self) -> Self:
        if self.choices is not None and self.dtype not in ("list", "str"):
            raise ValueError(f"dtype {self.dtype!r} takes no choices; use 'str' or 'list'")
        if self.choices is not None and self.validators:
            raise ValueError("a field with choices takes no validators; leave one of them out")
        return self


class Structure(_Part):
    """A kind of record: a name and the fields that belong together.

    name (str): Its name: what the model reads, and the key of its records.
    fields (tuple): The fields, in the order in which the model reads them.
    """

    name: Name
    fields: tuple[StructureField, ...]

    @field_validator("fields", mode="before")
    @classmethod
    def _any_form(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            value = [parse_field(item) if isinstance(item, str) else item for item in value]
        return as_items(value, key="name", short="description")

    @field_validator("fields")
    @classmethod
    def _names_are_unique(cls, value: tuple[StructureField, ...]) -> tuple[StructureField, ...]:
        if not value:
            raise ValueError("is empty; give at least one field")
        _unique(tuple(part.name for part in value), "the field")
        return value


class Relation(_Part):
    """A relation between two spans of the text.

    label (str): Its name: what the model reads and what the relation is labelled with.
    description (str): What it means, in words; the model reads it too.
    threshold (float): Smallest score of each argument; the component's where it is None.
    head (tuple): Entity labels that the head may have; any span where it is empty.
    tail (tuple): Entity labels that the tail may have; any span where it is empty.
    """

    label: Name
    description: Name | None = None
    threshold: Threshold | None = None
    head: tuple[Name, ...] = ()
    tail: tuple[Name, ...] = ()

    @field_validator("head", "tail", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class ClassLabel(_Part):
    """One label of a classification task.

    label (str): Its name: what the model reads, and the key in `doc.cats`.
    description (str): What it means, in words; the model reads it too.
    """

    label: Name
    description: Name | None = None


class Classification(_Part):
    """A classification of the whole text.

    task (str): Its name, which the model reads.
    labels (tuple): The labels, at least two, in the order in which the model reads them.
    multi_label (bool): Whether several labels can hold at once.
    cls_threshold (float): With `multi_label`, the smallest probability of a chosen label.
    top_k (int): With `multi_label`, the largest number of chosen labels.
    class_act (str): "sigmoid", "softmax", or "auto" for sigmoid with `multi_label` only.
    prompt (str): An instruction that follows the task's name.
    examples (tuple): Pairs of a text and its label, which the model reads too.
    """

    task: Name
    labels: tuple[ClassLabel, ...]
    multi_label: Flag = False
    cls_threshold: Threshold = 0.5
    top_k: Annotated[int, Field(ge=1, strict=True)] | None = None
    class_act: Activation = "auto"
    prompt: Name | None = None
    examples: tuple[tuple[Name, Name], ...] = ()

    @field_validator("labels", mode="before")
    @classmethod
    def _any_form(cls, value: Any) -> Any:
        return as_items(value, key="label", short="description")

    @field_validator("labels")
    @classmethod
    def _labels_are_usable(cls, value: tuple[ClassLabel, ...]) -> tuple[ClassLabel, ...]:
        if len(value) < 2:
            raise ValueError("has fewer than two labels; give those that it chooses among")
        _unique(tuple(part.label for part in value), "the label")
        return value

    @model_validator(mode="after")
    def _examples_are_usable(self) -> Self:
        names = {part.label for part in self.labels}
        for i, (text, label) in enumerate(self.examples):
            _check_part(("examples", i, 0), text, _check_free_text)
            if label not in names:
                rest = "is not among the task's labels; add it to them or correct it"
                raise PartError(("examples", i, 1), label, rest)
        return self

    @property
    def softmax(self) -> bool:
        """RETURNS (bool): Whether the labels' probabilities sum to one."""
        return self.class_act == "softmax" or (self.class_act == "auto" and not self.multi_label)


class FrozenSchema(_Part):
    """What to extract from a text: validated once, immutable, hashable.

    entities (tuple): The entity types.
    structures (tuple): The kinds of records.
    relations (tuple): The relations.
    classifications (tuple): The classification tasks.

    The order of everything is the order in which it was given, which is the order in which
    the model reads it.
    """

    entities: tuple[Entity, ...] = ()
    structures: tuple[Structure, ...] = ()
    relations: tuple[Relation, ...] = ()
    classifications: tuple[Classification, ...] = ()

    @field_validator("entities", "relations", mode="before")
    @classmethod
    def _labelled(cls, value: Any) -> Any:
        return as_items(value, key="label", short="description")

    @field_validator("structures", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return as_items(value, key="name", short="fields")

    @field_validator("classifications", mode="before")
    @classmethod
    def _tasks(cls, value: Any) -> Any:
        return as_items(value, key="task", short="labels")

    @field_validator("entities")
    @classmethod
    def _entities_are_unique(cls, value: tuple[Entity, ...]) -> tuple[Entity, ...]:
        _unique(tuple(part.label for part in value), "the entity")
        return value

    @field_validator("structures")
    @classmethod
    def _structures_are_unique(cls, value: tuple[Structure, ...]) -> tuple[Structure, ...]:
        _unique(tuple(part.name for part in value), "the structure")
        return value

    @field_validator("relations")
    @classmethod
    def _relations_are_unique(cls, value: tuple[Relation, ...]) -> tuple[Relation, ...]:
        _unique(tuple(part.label for part in value), "the relation")
        return value

    @field_validator("classifications")
    @classmethod
    def _tasks_are_unique(cls, value: tuple[Classification, ...]) -> tuple[Classification, ...]:
        _unique(tuple(part.task for part in value), "the task")
        return value

    @model_validator(mode="after")
    def _argument_types_exist(self) -> Self:
        known = {part.label for part in self.entities}
        for i, relation in enumerate(self.relations):
            for role in ("head", "tail"):
                for label in getattr(relation, role):
                    if label not in known:
                        text = "is not among the entities; add it to them or leave it out here"
                        raise PartError(("relations", i, role), label, text)
        return self

    @classmethod
    def from_dict(cls, data: Any) -> "FrozenSchema":
        """Make a schema from plain data, in any of the forms that the documentation lists.

        data (dict): The schema, with keys among "entities", "structures", "relations" and
            "classifications".
        RETURNS (FrozenSchema): The schema.
        RAISES (SchemaError): If anything in it is wrong; names the key, the value, the remedy.
        """
        if isinstance(data, cls):
            return data
        if not isinstance(data, dict):
            raise SchemaError(
                f"schema: {data!r:.80} is a {type(data).__name__}; give a mapping with keys among "
                f"{', '.join(cls.model_fields)}"
            )
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise schema_error(error, data) from error

    @classmethod
    def from_json(cls, text: str | bytes) -> "FrozenSchema":
        """Make a schema from JSON text.

        text (str | bytes): The JSON form of what `from_dict` takes.
        RETURNS (FrozenSchema): The schema.
        RAISES (SchemaError): If it is no JSON or anything in it is wrong.
        """
        try:
            data = parse_json(text)
        except ValueError as error:
            raise SchemaError(f"schema: {text!r:.80} is no JSON ({error}); correct it") from error
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """Turn the schema into plain data, in the list form, which keeps every order and text.

        RETURNS (dict): What `from_dict` makes an equal schema of; defaults are left out.
        """
        return self.model_dump(mode="json", exclude_defaults=True)

    def __bool__(self) -> bool:
        return bool(self.entities or self.structures or self.relations or self.classifications)
