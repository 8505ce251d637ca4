"""What the templates show of a document: a row brought into the order of the page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ..rows import ANNOTATIONS, Row
from .arcs import draw_relations, parse_relations
from .chips import found_labels, key_of
from .marks import Mark, render_marks


@dataclass(frozen=True, slots=True)
class Bar:
    """A label of the whole document.

    label (str): The label.
    key (str): What the filter knows it by.
    score (float): Its probability.
    found (bool): Whether it counts as found.
    """

    label: str
    key: str
    score: float
    found: bool


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a record's field.

    text (str): The words in the text, or the choice.
    parsed (str): What a typed field was parsed to; None where it is not typed.
    score (float): Its score.
    ref (str): What it shares with its mark in the text; None for a choice.
    """

    text: str
    parsed: str | None
    score: float | None
    ref: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A record.

    name (str): The structure.
    key (str): What the filter knows it by.
    hue (int): Its colour, as an angle.
    fields (tuple): Pairs of a field's name and its values.
    """

    name: str
    key: str
    hue: int
    fields: tuple[tuple[str, tuple[Value, ...]], ...]


@dataclass(frozen=True, slots=True)
class View:
    """A document on the page.

    number (int): Its number, from 1.
    title (str): Its title, if it has one.
    error (str): Why it could not be annotated, if it could not.
    facts (tuple): Pairs of the name and the content of its other fields.
    text (Markup): Its text with the mentions and the fields of records marked in it.
    bars (tuple): The labels of the whole.
    tables (tuple): The records.
    figures (tuple): The relations, as SVG.
    """

    number: int
    title: str | None
    error: str | None
    facts: tuple[tuple[str, str], ...]
    text: Markup
    bars: tuple[Bar, ...]
    tables: tuple[Table, ...]
    figures: tuple[Markup, ...]


def make_view(row: Row, number: int, hues: dict[str, int]) -> View:
    """Bring a row into the order of the page.

    row (dict): The row, as `check_row` passes it.
    number (int): Its number.
    hues (dict): Hue of each label.
    RETURNS (View): What the templates show.
    """
    tables, fields = _records(row, number, hues)
    marks = [*_entity_marks(row, hues), *fields]
    return View(
        number=number,
        title=next((str(own["title"]) for own in (row, _meta(row)) if own.get("title")), None),
        error=row["error"] if isinstance(row.get("error"), str) else None,
        facts=_facts(row),
        text=render_marks(row["text"], marks),
        bars=make_bars(row["cats"]),
        tables=tables,
        figures=draw_figures(row, f"relations-{number}", hues),
    )


def _meta(row: Row) -> Row:
    """RETURNS (dict): What stands under "meta", by which many formats mean such facts."""
    meta = row.get("meta")
    return meta if isinstance(meta, dict) else {}


def _facts(row: Row) -> tuple[tuple[str, str], ...]:
    hidden = {"text", "title", "error", *ANNOTATIONS, *(["meta"] if _meta(row) else [])}
    own = {key: value for key, value in row.items() if key not in hidden}
    more = {key: value for key, value in _meta(row).items() if key != "title"}
    facts = [*own.items(), *more.items()]
    return tuple((str(key), _plain(value)) for key, value in facts if value is not None)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def make_bars(cats: dict[str, float]) -> tuple[Bar, ...]:
    """RETURNS (tuple): A bar for each label, in the order of the schema."""
    found = found_labels(cats)
    return tuple(
        Bar(label, key_of("label", label), score, label in found) for label, score in cats.items()
    )


def _entity_marks(row: Row, hues: dict[str, int]) -> list[Mark]:
    return [
        Mark(
            start=entity["start"],
            end=entity["end"],
            key=key_of("entity", entity["label"]),
            name=entity["label"],
            hue=hues[entity["label"]],
            score=entity.get("score"),
        )
        for entity in row["entities"]
    ]


def _records(row: Row, number: int, hues: dict[str, int]) -> tuple[tuple[Table, ...], list[Mark]]:
    """RETURNS (tuple): The records as tables, and the marks of their values in the text."""
    tables: list[Table] = []
    marks: list[Mark] = []
    for name, records in row["structures"].items():
        for record in records:
            place = f"{number}.{len(tables)}"
            fields = tuple(
                (field, _values(values, f"{place}.{n}"))
                for n, (field, values) in enumerate(record.items())
            )
            tables.append(Table(name, key_of("record", name), hues[name], fields))
            for (field, shown), values in zip(fields, record.values(), strict=True):
                pairs = zip(shown, _as_list(values), strict=True)
                marks += [_field_mark(tables[-1], field, *pair) for pair in pairs if pair[0].ref]
    return tuple(tables), marks


def _as_list(values: Any) -> Sequence[Any]:
    if values is None:
        return []
    return values if isinstance(values, list) else [values]


def _values(values: Any, place: str) -> tuple[Value, ...]:
    return tuple(
        Value(
            text=value["text"],
            parsed=_plain(value["value"]) if value.get("value") is not None else None,
            score=value.get("score"),
            ref=f"{place}.{n}" if value.get("start") is not None else None,
        )
        for n, value in enumerate(_as_list(values))
    )


def _field_mark(table: Table, field: str, shown: Value, value: Row) -> Mark:
    return Mark(
        start=value["start"],
        end=value["end"],
        key=table.key,
        name=field,
        hue=table.hue,
        score=shown.score,
        ref=shown.ref or "",
    )


def draw_figures(row: Row, name: str, hues: dict[str, int]) -> tuple[Markup, ...]:
    """Draw the relations of a row, each arc in its colour and known to the filter.

    row (dict): The row.
    name (str): What the ids of the pictures begin with.
    hues (dict): Hue of each label.
    RETURNS (tuple): SVGs.
    """
    figures = []
    for n, parsed in enumerate(parse_relations(row)):
        svg = draw_relations(parsed, f"{name}-{n}", letter=6.8)
        plain = '<g class="displacy-arrow">'
        pieces = svg.split(plain)
        html = pieces[0]
        for arc, piece in zip(parsed["arcs"], pieces[1:], strict=True):
            label = str(Markup(arc["label"]).unescape())
            html += f"{_arrow(label, arc['score'], hues[label])}{piece}"
        figures.append(Markup(html))
    return tuple(figures)


def _arrow(label: str, score: float | None, hue: int) -> str:
    known = "" if score is None else Markup(' data-s="{}"').format(score)
    return Markup(
        '<g class="displacy-arrow" style="--h:{}" data-k="{}"{}><title>{}</title>'
    ).format(
        hue, key_of("relation", label), known, label if score is None else f"{label} {score:.2f}"
    )
