"""The parts of a schema, each validated by itself and immutable from then on."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

import regex
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from typing_extensions import Self

from .errors import PartError
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


def check_unique(values: tuple[str, ...], what: str) -> None:
    """Refuse a name that is given twice.

    values (tuple): The names.
    what (str): What they name.
    RAISES (ValueError): If one is given twice.
    """
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"names {what} {value!r} twice; keep one of them")
        seen.add(value)


Name = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Threshold = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False, strict=True)]


class Part(BaseModel):
    """What the schema and all of its parts have in common."""

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


class Validator(Part):
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


class Entity(Part):
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


class StructureField(Part):
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
            check_unique(tuple(choice.lower() for choice in value), "the choice")
        return value

    @model_validator(mode="after")
    def _choices_fit_dtype(self) -> Self:
        if self.choices is not None and self.dtype not in ("list", "str"):
            raise ValueError(f"dtype {self.dtype!r} takes no choices; use 'str' or 'list'")
        if self.choices is not None and self.validators:
            raise ValueError("a field with choices takes no validators; leave one of them out")
        return self


class Structure(Part):
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
        check_unique(tuple(part.name for part in value), "the field")
        return value


class Relation(Part):
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


class ClassLabel(Part):
    """One label of a classification task.

    label (str): Its name: what the model reads, and the key in `doc.cats`.
    description (str): What it means, in words; the model reads it too.
    """

    label: Name
    description: Name | None = None


class Classification(Part):
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
        check_unique(tuple(part.label for part in value), "the label")
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
