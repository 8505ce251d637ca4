"""Documents from files: text, JSONL, CSV, Parquet and `.spacy`, one after the other."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..plain_json import parse_json
from ..rows import FIELDS_KEY, Row
from .docbin import read_docs

STANDARD = Path("-")
"""The path that means standard input or output."""

SUFFIXES = {
    ".txt": "txt",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".spacy": "spacy",
}
"""Format of a file by how its name ends."""


@dataclass(frozen=True, slots=True)
class Item:
    """A document as a file holds it.

    number (int): Its number in the file, from 1.
    fields (dict): Its own fields, one of them its text.
    doc (Doc): The Doc, from a `.spacy` file.
    error (str): Why it could not be read, if it could not.
    """

    number: int
    fields: Row
    doc: Doc | None = None
    error: str | None = None


def find_format(path: Path, given: str | None, known: tuple[str, ...], remedy: str) -> str:
    """Find the format of a file.

    path (Path): The file, or "-".
    given (str): The format that the user named, if any.
    known (tuple): The formats that are possible here.
    remedy (str): What the user can do if it is none of them.
    RETURNS (str): The format.
    RAISES (ValueError): If it is none of them.
    """
    found = given or ("jsonl" if path == STANDARD else SUFFIXES.get(path.suffix.lower(), "unknown"))
    if found not in known:
        raise ValueError(f"{path}: the format {found!r} is none of {', '.join(known)}; {remedy}")
    return found


def read_items(path: Path, kind: str, vocab: Vocab) -> Iterator[Item]:
    """Read the documents of a file.

    path (Path): The file, or "-".
    kind (str): One of the keys of `READERS`.
    vocab (Vocab): The vocabulary of Docs.
    YIELDS (Item): The documents.
    RAISES (ValueError): If the file is not in this format.
    """
    if path != STANDARD and not path.is_file():
        raise ValueError(f"{path}: no such file; correct the path")
    standard = path == STANDARD
    with nullcontext(sys.stdin.buffer) if standard else path.open("rb") as file:
        try:
            yield from READERS[kind](file, vocab)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def _read_text(file: IO[bytes], vocab: Vocab) -> Iterator[Item]:
    for number, line in enumerate(_lines(file), 1):
        try:
            yield Item(number, {"text": line.decode("utf8")})
        except UnicodeDecodeError as error:
            yield Item(number, {}, error=f"is not UTF-8: {error}")


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """YIELDS (bytes): The lines that are not blank, without their ends."""
    for number, line in enumerate(file):
        if number == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield line.rstrip(b"\r\n")


def _read_jsonl(file: IO[bytes], vocab: Vocab) -> Iterator[Item]:
    for number, line in enumerate(_lines(file), 1):
        yield parse_line(number, line)


def parse_line(number: int, line: str | bytes) -> Item:
    """Read a line of JSONL.

    number (int): The number of the document.
    line (str | bytes): The line.
    RETURNS (Item): The document, or why it could not be read.
    """
    try:
        fields = parse_json(line)
    except ValueError as error:
        return Item(number, {}, error=f"is no JSON: {error}")
    if isinstance(fields, dict):
        return Item(number, fields)
    return Item(number, {}, error="is no JSON object")


def _read_csv(file: IO[bytes], vocab: Vocab, delimiter: str = ",") -> Iterator[Item]:
    csv.field_size_limit(2**31 - 1)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        for number, fields in enumerate(csv.DictReader(text, delimiter=delimiter, strict=True), 1):
            own = {key: value for key, value in fields.items() if key is not None}
            more = "has more values than there are columns" if None in fields else None
            yield Item(number, own, error=more)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"is no table in UTF-8 that can be read: {error}") from error
    finally:
        text.detach()


def _read_tsv(file: IO[bytes], vocab: Vocab) -> Iterator[Item]:
    return _read_csv(file, vocab, delimiter="\t")


def _read_parquet(file: IO[bytes], vocab: Vocab) -> Iterator[Item]:
    from .parquet import read_parquet

    for number, fields in enumerate(read_parquet(_whole(file)), 1):
        yield Item(number, fields)


def _read_spacy(file: IO[bytes], vocab: Vocab) -> Iterator[Item]:
    for number, doc in enumerate(read_docs(file.read(), vocab), 1):
        yield Item(number, {"text": doc.text, **doc.user_data.get(FIELDS_KEY, {})}, doc)


def _whole(file: IO[bytes]) -> IO[bytes]:
    """RETURNS (IO): The file, or its content if one cannot go back in it."""
    return file if file.seekable() else io.BytesIO(file.read())


READERS: dict[str, Callable[[IO[bytes], Vocab], Iterator[Item]]] = {
    "txt": _read_text,
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "tsv": _read_tsv,
    "parquet": _read_parquet,
    "spacy": _read_spacy,
}
"""How to read each format; text has one document a line, and blank lines are none."""


def to_json(row: Any) -> str:
    """Write a value as one line of JSON.

    row (Any): The value; dates and the like become text.
    RETURNS (str): The line, which UTF-8 can hold.
    """
    text = json.dumps(row, ensure_ascii=False, default=_plain)
    try:
        text.encode("utf8")
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can stand for
        return json.dumps(row, default=_plain)
    return text


def _plain(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, bytes):
        raise ValueError("holds bytes, which JSON cannot; choose Parquet for the output")
    return str(value)
