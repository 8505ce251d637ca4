"""What the formats of annotation tools have in common."""

import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..plain_json import parse_json
from ..row_check import RowError, check_row
from ..rows import ANNOTATIONS, Places, Row, row_to_doc

ARGUMENT = "argument"
"""Label of an argument of a relation that is no entity: these tools connect labelled spans only."""

CERTAIN = 0.5
"""Smallest probability of a class label that is proposed."""


def split_arguments(spans: list[Row], relations: list[Row]) -> list[Row]:
    """Take away the spans that are there only for a relation to end at them.

    spans (list): The spans.
    relations (list): The relations; such ends of them lose their label.
    RETURNS (list): The entities.
    """
    ends = set()
    for relation in relations:
        for part in (relation["head"], relation["tail"]):
            if part["label"] == ARGUMENT:
                part["label"] = None
                ends.add((part["start"], part["end"]))
    return [
        span
        for span in spans
        if span["label"] != ARGUMENT or (span["start"], span["end"]) not in ends
    ]


def chosen_labels(cats: Mapping[str, float]) -> list[str]:
    """RETURNS (list): The class labels that are proposed."""
    return [label for label, score in cats.items() if score >= CERTAIN]


def spot(text: str, start: int, end: int, label: str | None) -> Row:
    """RETURNS (dict): A part of the text, as rows have it."""
    return {"text": text[start:end], "start": start, "end": end, "label": label}


def own_fields(task: Row, keep_structures: bool) -> Row:
    """Take a document's own fields out of a task.

    task (dict): The task, or its data.
    keep_structures (bool): Whether the records that passed through the tool are among them.
    RETURNS (dict): The fields, without annotations.
    """
    kept = ("structures",) if keep_structures else ()
    return {key: value for key, value in task.items() if key in kept or key not in ANNOTATIONS}


def gold_doc(row: Row, where: str, nlp: Language, places: Places) -> Doc:
    """Make a Doc of what people annotated.

    row (dict): The row; the annotations that it lacks are not known.
    where (str): What to call it in errors.
    nlp (Language): The pipeline whose tokenizer makes the Doc.
    places (Places): Where the Doc gets its annotations.
    RETURNS (Doc): The Doc.
    RAISES (RowError): If it is no row.
    """
    checked = check_row(row, where)
    return row_to_doc({key: checked[key] for key in row}, nlp, places)


def report_left_out(path: Path, reasons: "Counter[str]") -> None:
    """Warn once of what was left out.

    path (Path): The file.
    reasons (Counter): Why, and how often.
    """
    if reasons:
        counts = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        warnings.warn(f"{path}: left out {counts}", stacklevel=3)


def read_json(text: str, where: str) -> Any:
    """Read JSON.

    text (str): The text.
    where (str): What to call it in errors.
    RETURNS (Any): What it says.
    RAISES (RowError): If it is no JSON.
    """
    try:
        return parse_json(text)
    except ValueError as error:
        raise RowError(f"{where}: is no JSON ({error}); correct or remove it") from error


def lookup(data: Any, key: str, kind: type, where: str) -> Any:
    """Take a value out of an object.

    data (Any): The object.
    key (str): The key.
    kind (type): What the value must be.
    where (str): What to call the object in errors.
    RETURNS (Any): The value.
    RAISES (RowError): If there is no such value.
    """
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RowError(
            f"{where}: has {value!r:.80} under {key!r}; give one of type {kind.__name__}"
        )
    return value
