"""Annotated documents from files: `.spacy`, and what `extract` writes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from spacy.vocab import Vocab

from ..plain_json import parse_json
from ..row_check import RowError, check_row
from ..rows import DEFAULT_PLACES, Places, Row, doc_to_row
from .inputs import Item, find_format, read_items

KINDS = ("spacy", "jsonl", "parquet")


def read_annotated(
    path: Path,
    kind: str | None = None,
    text_field: str = "text",
    places: Sequence[Places] = DEFAULT_PLACES,
) -> Iterator[Row]:
    """Read annotated documents.

    path (Path): The file.
    kind (str): "spacy", "jsonl" or "parquet"; None to go by the file's name.
    text_field (str): The field that holds the text.
    places (Sequence): Where to look for the annotations of Docs.
    YIELDS (dict): Rows as `check_row` passes them.
    RAISES (RowError): If one is wrong; names the file and the row.
    """
    vocab = Vocab()
    for item in read_items(
        path, find_format(path, kind, KINDS, "convert or rename the file"), vocab
    ):
        where = f"{path}, row {item.number}"
        if item.error:
            raise RowError(f"{where}: {item.error}; correct or remove it")
        if item.doc is None:
            yield check_row(_unpacked(item, where), where, text_field)
        else:
            yield {**_titled(item), **doc_to_row(item.doc, places)}


def _unpacked(item: Item, where: str) -> Row:
    """RETURNS (dict): A row of Parquet with its records, which are JSON text there."""
    records = item.fields.get("structures")
    if not isinstance(records, str):
        return item.fields
    try:
        return {**item.fields, "structures": parse_json(records)}
    except ValueError as error:
        raise RowError(f"{where}: structures is no JSON ({error}); correct it") from error


def _titled(item: Item) -> Row:
    title = item.doc.user_data.get("title") if item.doc is not None else None
    return {"title": title} if title else {}
