"""Errors of a schema: each line names the key, the value and the remedy."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ..messages import member


class SchemaError(ValueError):
    """A schema that cannot be used."""


class PartError(ValueError):
    """What the check of a whole has to say of one of its parts.

    location (tuple): The keys and places that lead from the whole to the part.
    value (Any): What stands there.
    text (str): What is wrong with it, and the remedy.
    """

    def __init__(self, location: tuple[int | str, ...], value: Any, text: str) -> None:
        super().__init__(text)
        self.location = location
        self.value = value


_REMEDIES = {
    "extra_forbidden": "is not a key that is known here; correct or remove it",
    "string_type": "is not a text; write it as one",
    "invalid_key": "is not a text; write it as one",
    "literal_error": "is none of {expected}; choose one of them",
    "greater_than_equal": "is below {ge}; give at least that",
    "less_than_equal": "is above {le}; give at most that",
    "float_type": "is not a number; give one",
    "finite_number": "is not a finite number; give one",
    "int_type": "is not a whole number; give one",
    "bool_type": "is not true or false; write one of the two",
    "tuple_type": "is not a list; write it as one",
    "too_long": "has {actual_length} items; give {max_length}",
    "list_type": "is not a list; write it as one",
    "dict_type": "is not a mapping; write its keys and values",
    "too_short": "is empty; give at least {min_length}",
    "model_type": "is not a mapping; write its keys and values",
}


def schema_error(error: ValidationError, data: Any) -> SchemaError:
    """Say in the words of the schema what pydantic found.

    error (ValidationError): What pydantic raised.
    data (Any): The schema as it was written.
    RETURNS (SchemaError): The same, one line for each finding.
    """
    return SchemaError("\n".join(_line(detail, data) for detail in error.errors()))


def _line(detail: Any, data: Any) -> str:
    location, given = detail["loc"], detail["input"]
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, PartError):
        location, given = (*location, *error.location), error.value
    path, value = _path(location, data), repr(given)
    if len(value) > 80:
        value = value[:77] + "..."
    remedy = _REMEDIES.get(detail["type"])
    if detail["type"] == "missing":
        return f"{path}: is missing in {value}; add it"
    if detail["type"] == "value_error":
        text = str(error)
    elif remedy is not None:
        text = remedy.format(**detail.get("ctx", {}))
    else:
        text = detail["msg"]
    return f"{path}: {value} {text}"


def _path(location: Sequence[int | str], data: Any) -> str:
    """Follow pydantic's location through the schema as it was written.

    Where the user wrote a mapping, pydantic sees the list that was made of it.
    """
    path = "schema"
    for step in location:
        if isinstance(step, str):
            path = member(path, step)
            data = data.get(step) if isinstance(data, Mapping) else data
        elif isinstance(data, Mapping) and step < len(data):
            name = list(data)[step]
            path = member(path, name)
            data = data[name]
        else:
            path += f"[{step}]"
            data = data[step] if isinstance(data, list | tuple) and step < len(data) else None
    return path
