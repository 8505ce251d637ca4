"""What a row that comes from a file must look like, so that it can be shown or converted."""

from copy import deepcopy
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .messages import member
from .rows import ANNOTATIONS, Row

Offset = Annotated[int, Field(ge=0, strict=True)]
Score = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class RowError(ValueError):
    """A row that is not one."""


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Spot(_Open):
    start: Offset
    end: Offset
    text: str | None = None
    score: Score | None = None


class _Mention(_Spot):
    label: str


class _Argument(_Spot):
    label: str | None = None


class _Relation(_Open):
    label: str
    score: Score | None = None
    head: _Argument
    tail: _Argument


class _Value(_Open):
    text: str
    score: Score | None = None
    start: Offset | None = None
    end: Offset | None = None


_Values: TypeAlias = _Value | list[_Value] | None


class _Row(_Open):
    text: str
    entities: list[_Mention] = []
    cats: dict[str, float] = {}
    relations: list[_Relation] = []
    structures: dict[str, list[dict[str, _Values]]] = {}


def check_row(row: Any, where: str, text_field: str = "text") -> Row:
    """Check a row and give it every field that it may lack.

    row (Any): The row.
    where (str): What to call it in errors, such as "news.jsonl, row 3".
    text_field (str): The field that holds its text.
    RETURNS (dict): The row, its text under "text" and each mention with the text that it covers.
    RAISES (RowError): If it is no row; names the key, the value and the remedy.
    """
    if not isinstance(row, dict) or not isinstance(row.get(text_field), str):
        raise RowError(
            f"{where}: has no text under {text_field!r}; name the field that holds the text "
            "(--text-field)"
        )
    own = {key: value for key, value in row.items() if key not in (text_field, *ANNOTATIONS)}
    given = {key: deepcopy(row[key]) for key in ANNOTATIONS if row.get(key) is not None}
    whole: Row = {**own, "text": row[text_field], "entities": [], "cats": {}}
    whole.update({"relations": [], "structures": {}, **given})
    try:
        _Row.model_validate(whole)
    except ValidationError as error:
        raise RowError(_explain(error, where)) from error
    for spot, path in _spots(whole):
        _check_offsets(spot, whole["text"], f"{where}: {path}")
    return whole


_REMEDIES = {
    "missing": "lacks this key; add it",
    "list_type": "is not a list; write it as one",
    "dict_type": "is not a mapping; write its keys and values",
    "model_type": "is not a mapping; write its keys and values",
    "string_type": "is not a text; write it as one",
    "int_type": "is not a whole number; give one",
    "float_type": "is not a number; give one",
    "float_parsing": "is not a number; give one",
    "greater_than_equal": "is below {ge}; give at least that",
    "less_than_equal": "is above {le}; give at most that",
}


def _explain(error: ValidationError, where: str) -> str:
    """RETURNS (str): The first finding: its key, its value and the remedy."""
    detail: Any = error.errors()[0]
    path = where
    for step in detail["loc"]:
        path = f"{path}[{step}]" if isinstance(step, int) else member(path, step)
    value = repr(detail["input"])
    shown = value if len(value) <= 80 else f"{value[:77]}..."
    text = _REMEDIES.get(detail["type"], detail["msg"]).format(**detail.get("ctx", {}))
    return f"{path}: {shown} {text}"


def _spots(row: Row) -> list[tuple[dict[str, Any], str]]:
    """RETURNS (list): Everything in a row that has offsets, with its path."""
    spots = [(entity, f"entities[{n}]") for n, entity in enumerate(row["entities"])]
    for n, relation in enumerate(row["relations"]):
        spots += [(relation[role], f"relations[{n}].{role}") for role in ("head", "tail")]
    for name, records in row["structures"].items():
        for n, record in enumerate(records):
            for field, values in record.items():
                for value in values if isinstance(values, list) else [values]:
                    if value is not None and value.get("start") is not None:
                        spots.append((value, member(f"{member('structures', name)}[{n}]", field)))
    return spots


def _check_offsets(spot: dict[str, Any], text: str, where: str) -> None:
    start, end = spot["start"], spot.get("end")
    if end is None or not start <= end <= len(text):
        raise RowError(
            f"{where}: {start} to {end} is no part of the text, which has {len(text)} characters; "
            "correct the offsets"
        )
    covered = text[start:end]
    if spot.get("text") is None:
        spot["text"] = covered
    if spot["text"] != covered:
        raise RowError(
            f"{where}: the text is {spot['text']!r}, and the offsets {start} to {end} cover "
            f"{covered!r}; correct one of them"
        )
