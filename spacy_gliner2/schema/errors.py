"""Errors of a schema: each line names the key, the value and the remedy."""

from typing import Any

from pydantic import ValidationError


class SchemaError(ValueError):
    """A schema that cannot be used."""


_REMEDIES = {
    "extra_forbidden": "is not a key that is known here; correct or remove it",
    "missing": "is missing; add it",
    "string_type": "is not a text; write it as one",
    "literal_error": "is none of {expected}; choose one of them",
    "greater_than_equal": "is below {ge}; give at least that",
    "less_than_equal": "is above {le}; give at most that",
    "float_parsing": "is not a number; give one",
    "float_type": "is not a number; give one",
    "finite_number": "is not a finite number; give one",
    "int_type": "is not a whole number; give one",
    "int_parsing": "is not a whole number; give one",
    "bool_type": "is not true or false; write one of the two",
    "bool_parsing": "is not true or false; write one of the two",
    "tuple_type": "is not a list; write it as one",
    "list_type": "is not a list; write it as one",
    "dict_type": "is not a mapping; write its keys and values",
    "too_short": "is empty; give at least {min_length}",
    "model_type": "is not a mapping; write its keys and values",
}


def schema_error(error: ValidationError, key: str = "schema") -> SchemaError:
    """Say in the words of the schema what pydantic found.

    error (ValidationError): What pydantic raised.
    key (str): The name of the whole, which comes before every key.
    RETURNS (SchemaError): The same, one line for each finding.
    """
    return SchemaError("\n".join(_line(key, detail) for detail in error.errors()))


def _line(key: str, detail: Any) -> str:
    path = key
    for step in detail["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    value = repr(detail["input"])
    if len(value) > 80:
        value = value[:77] + "..."
    remedy = _REMEDIES.get(detail["type"])
    if detail["type"] == "value_error":
        text = str(detail["ctx"]["error"])
    elif remedy is not None:
        text = remedy.format(**detail.get("ctx", {}))
    else:
        text = detail["msg"]
    return f"{path}: {value} {text}"
