"""The schema: what to extract, validated once and immutable from then on.

Every way in (config block, dict, JSON, builder, pydantic class) ends in `FrozenSchema`.
"""

from typing import Any, NamedTuple

from pydantic import ValidationError, ValidationInfo, field_validator, model_validator
from typing_extensions import Self

from ..plain_json import parse_json
from .errors import PartError, SchemaError, schema_error
from .forms import as_items
from .parts import Classification, Entity, Part, Relation, Structure, check_unique


class _Section(NamedTuple):
    key: str
    short: str
    what: str


_SECTIONS = {
    "entities": _Section("label", "description", "the entity"),
    "structures": _Section("name", "fields", "the structure"),
    "relations": _Section("label", "description", "the relation"),
    "classifications": _Section("task", "labels", "the task"),
}
"""By section: the key of its parts' names, that of what a short form gives, and how to call one."""


class FrozenSchema(Part):
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

    @field_validator(*_SECTIONS, mode="before")
    @classmethod
    def _any_form(cls, value: Any, info: ValidationInfo) -> Any:
        section = _SECTIONS[str(info.field_name)]
        return as_items(value, key=section.key, short=section.short)

    @field_validator(*_SECTIONS)
    @classmethod
    def _names_are_unique(cls, value: tuple[Part, ...], info: ValidationInfo) -> tuple[Part, ...]:
        section = _SECTIONS[str(info.field_name)]
        check_unique(tuple(getattr(part, section.key) for part in value), section.what)
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
