"""Rows: what a corpus says of one text, under the corpus' own names."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import srsly

Span = tuple[int, int]


@dataclass(slots=True)
class Row:
    """A text and its gold annotation.

    text (str): The text, as people write it.
    source (str): The corpus; the label tables say under this name what it annotates.
    entities (list): Start, end and label of each mention.
    relations (list): Label, head and tail of each relation.
    records (list): Name and fields of each record; a field's value is a list of spans, or a
        mapping with "value" and "choices".
    classes (dict): By label set, the labels that hold of the text.
    synthetic (bool): Whether the text was made from templates.
    annotated (list): Entity labels that were annotated wherever they occur, where that differs
        from row to row; otherwise the tables say it for the whole corpus.
    unsure (list): Relations of which the text may or may not tell.
    likely (list): Relations and records that texts of its kind state: negatives worth asking for.
    """

    text: str
    source: str
    entities: list[tuple[int, int, str]] = field(default_factory=list)
    relations: list[tuple[str, Span, Span]] = field(default_factory=list)
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    classes: dict[str, list[str]] = field(default_factory=dict)
    synthetic: bool = False
    annotated: list[str] | None = None
    unsure: list[str] = field(default_factory=list)
    likely: list[str] = field(default_factory=list)

    def check(self) -> None:
        """RAISES (ValueError): If an offset lies outside of the text or a span has blank ends."""
        for start, end in self.spans():
            piece = self.text[start:end]
            if not 0 <= start < end <= len(self.text) or piece != piece.strip():
                raise ValueError(f"{self.source}: span {start}-{end} {piece!r} of {self.text!r}")

    def spans(self) -> Iterator[Span]:
        """YIELDS (tuple): Start and end of everything annotated."""
        yield from ((start, end) for start, end, _ in self.entities)
        for _, head, tail in self.relations:
            yield from (tuple(head), tuple(tail))  # type: ignore[misc]
        for _, fields in self.records:
            for value in fields.values():
                if isinstance(value, list):
                    yield from (tuple(span) for span in value)


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows, one a line, leaving out what is empty.

    path (Path): The file.
    rows (Iterable): The rows.
    RETURNS (int): How many there were.
    """
    count = 0
    with path.open("w", encoding="utf8") as file:
        for row in rows:
            row.check()
            data = {key: value for key, value in asdict(row).items() if value}
            file.write(srsly.json_dumps(data) + "\n")
            count += 1
    return count


def read_rows(path: Path) -> Iterator[Row]:
    """Read what `write_rows` wrote.

    path (Path): The file.
    YIELDS (Row): The rows.
    """
    for data in srsly.read_jsonl(path):
        yield Row(**data)


def join_rows(rows: list[Row], between: str) -> Row:
    """Put texts one after the other.

    rows (list): The texts with their facts.
    between (str): What is between them.
    RETURNS (Row): One text with all facts, each stated once.
    """
    whole = Row("", rows[0].source, synthetic=rows[0].synthetic, annotated=rows[0].annotated)
    stated = set()
    for row in rows:
        if whole.text:
            whole.text += between
        shift = len(whole.text)
        whole.entities += [(a + shift, b + shift, kind) for a, b, kind in row.entities]
        for label, head, tail in row.relations:
            key = (label, row.text[slice(*head)], row.text[slice(*tail)])
            if key not in stated:
                stated.add(key)
                whole.relations.append((label, _move(head, shift), _move(tail, shift)))
        for name, fields in row.records:
            moved = {
                key: [_move(span, shift) for span in value] if isinstance(value, list) else value
                for key, value in fields.items()
            }
            _add_record(whole.records, name, moved)
        for label_set, labels in row.classes.items():
            known = whole.classes.setdefault(label_set, [])
            known += [label for label in labels if label not in known]
        whole.text += row.text
        whole.unsure += row.unsure
        whole.likely += [key for key in row.likely if key not in whole.likely]
    return whole


ANCHORS = frozenset(
    {
        *("name", "product name", "item", "drug", "ingredient", "job title", "patient", "company"),
        *("invoice number", "order number", "flight number", "from", "to", "acquirer", "investor"),
        *("home team", "winner", "property type", "age", "seller", "method", "airline"),
    }
)
"""Fields that begin a record of their own. Without any of them, "The ticket costs 9 euros." goes on
with the record before it."""


def _add_record(records: list[tuple[str, dict[str, Any]]], name: str, fields: Any) -> None:
    for other, known in records:
        if other == name and not known.keys() & fields.keys() and not ANCHORS & fields.keys():
            known.update(fields)
            return
    records.append((name, fields))


def _move(span: tuple[int, int], shift: int) -> tuple[int, int]:
    return span[0] + shift, span[1] + shift
