"""A schema from a pydantic class: its fields are those of a structure."""

import enum
import re
import types
from datetime import date, datetime
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .errors import SchemaError
from .schema import FrozenSchema

_DTYPES: dict[Any, str] = {
    str: "str",
    float: "float",
    int: "int",
    bool: "bool",
    date: "date",
    datetime: "date",
}


def schema_from_pydantic(model: type) -> FrozenSchema:
    """Make a schema of a pydantic class.

    The class is a structure, and so is every class among the types of its fields; one that has
    only such fields is none itself. Texts, numbers, truth values and dates are fields of these
    dtypes; a list of texts has the dtype "list"; Literal and Enum are choices.

    model (type): The class.
    RETURNS (FrozenSchema): The schema.
    RAISES (SchemaError): If it is no such class, or a field has a type that has no counterpart.
    """
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise SchemaError(f"schema: {model!r} is no pydantic class; give one, or a mapping")
    structures: dict[str, dict[str, Any]] = {}
    _collect(model, structures, ())
    return FrozenSchema.from_dict({"structures": list(structures.values())})


def _collect(model: type[BaseModel], structures: dict[str, Any], above: tuple[type, ...]) -> None:
    if model in above:
        raise SchemaError(
            f"schema: {model.__name__} contains itself; give its fields a class that does not"
        )
    fields, nested = [], []
    for name, info in model.model_fields.items():
        kind, many = _unwrap(info.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            nested.append(kind)
        else:
            fields.append(_field(model, info.alias or name, info, kind, many))
    if fields:
        name = _name(model)
        structures[name] = {"name": name, "fields": fields}
    for kind in nested:
        _collect(kind, structures, (*above, model))


def _name(model: type[BaseModel]) -> str:
    title = model.model_config.get("title")
    return title or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", model.__name__).lower()


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """Take off Optional and list.

    RETURNS (tuple): The type within, and whether there may be many of it.
    """
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        return _unwrap(rest[0]) if len(rest) == 1 else (annotation, False)
    if origin in (list, tuple, set, frozenset):
        inner = [part for part in get_args(annotation) if part is not Ellipsis]
        if len(inner) == 1:
            return _unwrap(inner[0])[0], True
    return annotation, False


def _field(
    model: type[BaseModel], name: str, info: FieldInfo, kind: Any, many: bool
) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name}
    if info.description:
        field["description"] = info.description
    choices = _choices(kind)
    if choices is not None:
        return {**field, "choices": choices, "dtype": "list" if many else "str"}
    dtype = _DTYPES.get(kind)
    if dtype is None or (many and kind is not str):
        raise SchemaError(
            f"schema: the field {model.__name__}.{name} has the type {info.annotation!r}, which "
            "has no counterpart; use str, float, int, bool, date, Literal, Enum, list[str] or "
            "another pydantic class"
        )
    return {**field, "dtype": "list" if many else dtype}


def _choices(kind: Any) -> list[str] | None:
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [str(member.value) for member in kind]
    return None
