"""Results to files, so that an interrupted run goes on where it stopped.

While a run lasts, what it has done is in a directory beside the output, OUTPUT.partial; the output
itself is there only when it is complete.
"""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from spacy.tokens import Doc, DocBin

from ..files import replacing
from ..rows import FIELDS_KEY, Row
from .inputs import to_json

PART_SIZE = 256
"""Documents in a part of an output that is not written line by line."""


@dataclass(frozen=True, slots=True)
class Result:
    """A document after extraction.

    number (int): Its number in the input, from 1.
    fields (dict): Its own fields, as `own_fields` has them.
    doc (Doc): The Doc; without annotations if the extraction failed.
    found (dict): The annotations, or why it failed, under the names that they get.
    error (str): Why it failed, if it did.
    """

    number: int
    fields: Row
    doc: Doc
    found: Row
    error: str | None = None

    def to_row(self) -> Row:
        """RETURNS (dict): Its own fields beside what was found, or beside the error."""
        return {**self.fields, **self.found}


class Sink(Protocol):
    """Where results go.

    done (int): Documents that an interrupted run has left there.
    """

    done: int

    def write(self, result: Result) -> None:
        """Take a result; it is kept even if the run is interrupted after the next ones."""

    def pause(self) -> None:
        """Keep what was taken, and leave it so that another run can go on."""

    def finish(self) -> None:
        """Make the output complete."""


class StandardOutput:
    """JSONL on standard output."""

    done = 0

    def write(self, result: Result) -> None:
        sys.stdout.buffer.write(f"{to_json(result.to_row())}\n".encode())
        sys.stdout.buffer.flush()

    def pause(self) -> None:
        sys.stdout.buffer.flush()

    def finish(self) -> None:
        sys.stdout.buffer.flush()


class JsonlSink:
    """JSONL in a file: complete lines count, a torn last one is dropped.

    path (Path): The output.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = partial_directory(path) / "rows.jsonl"
        self._file = self._partial.open("a+b")
        self.done = self._drop_torn_line()

    def _drop_torn_line(self) -> int:
        """RETURNS (int): Number of complete lines, after which the file ends now."""
        self._file.seek(0)
        count = size = 0
        for line in self._file:
            if line.endswith(b"\n"):
                count += 1
                size += len(line)
        self._file.truncate(size)
        return count

    def write(self, result: Result) -> None:
        self._file.write(f"{to_json(result.to_row())}\n".encode())
        self._file.flush()

    def pause(self) -> None:
        self._file.close()

    def finish(self) -> None:
        self._file.close()
        os.replace(self._partial, self._path)
        shutil.rmtree(partial_directory(self._path))


class Parts(Protocol):
    """How to write a format that has a head or a foot: in parts, which are merged at the end."""

    def write_part(self, results: Sequence[Result], path: Path) -> None:
        """Write some results to a file."""

    def merge(self, parts: Sequence[Path], path: Path) -> None:
        """Make one file of all parts, in their order."""


class PartsSink:
    """Parts of an output, each of them written beside its place and moved there.

    path (Path): The output.
    parts (Parts): How to write it.
    """

    def __init__(self, path: Path, parts: Parts) -> None:
        self._path = path
        self._parts = parts
        self._waiting: list[Result] = []
        self.done = sum(int(part.stem.split("-")[1]) for part in self._written())

    def _written(self) -> list[Path]:
        """RETURNS (list): The parts, in order; named by their number and the count of results."""
        return sorted(partial_directory(self._path).glob("[0-9]*.part"))

    def write(self, result: Result) -> None:
        self._waiting.append(result)
        if len(self._waiting) >= PART_SIZE:
            self.pause()

    def pause(self) -> None:
        if self._waiting:
            name = f"{len(self._written()):09d}-{len(self._waiting)}.part"
            with replacing(partial_directory(self._path) / name) as beside:
                self._parts.write_part(self._waiting, beside)
            self._waiting = []

    def finish(self) -> None:
        self.pause()
        with replacing(self._path) as beside:
            self._parts.merge(self._written(), beside)
        shutil.rmtree(partial_directory(self._path))


class SpacyParts:
    """Docs in the form of `.spacy` files, with their user data.

    text_field (str): The field that holds the text, which the Doc has already.
    """

    def __init__(self, text_field: str) -> None:
        self._text_field = text_field

    def write_part(self, results: Sequence[Result], path: Path) -> None:
        for result in results:
            own = dict(result.fields) if result.error is None else result.to_row()
            own.pop(self._text_field, None)
            result.doc.user_data[FIELDS_KEY] = json.loads(to_json(own))
        DocBin(store_user_data=True, docs=[result.doc for result in results]).to_disk(path)

    def merge(self, parts: Sequence[Path], path: Path) -> None:
        merged = DocBin(store_user_data=True)
        for part in parts:
            merged.merge(DocBin(store_user_data=True).from_disk(part))
        merged.to_disk(path)


def open_output(path: Path, parts: Parts | None, settings: dict[str, Any], force: bool) -> Sink:
    """Open an output, to go on if an interrupted run has left something.

    path (Path): The file.
    parts (Parts): How to write it; None for JSONL.
    settings (dict): What the results depend on; an interrupted run must have had the same.
    force (bool): Whether to begin anew.
    RETURNS (Sink): Where results go.
    RAISES (ValueError): If the interrupted run had other settings.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_directory(path)
    if force:
        shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(exist_ok=True)
    sink = JsonlSink(path) if parts is None else PartsSink(path, parts)
    file = partial / "settings.json"
    before = json.loads(file.read_text(encoding="utf8")) if sink.done else settings
    other = [key for key in settings if settings[key] != before.get(key)]
    if other:
        sink.pause()
        raise ValueError(
            f"{partial}: an interrupted run is there, whose {' and '.join(other)} differed; repeat "
            "it as it was to go on, or begin anew with --force"
        )
    with replacing(file) as beside:
        beside.write_text(json.dumps(settings, indent=2), encoding="utf8")
    return sink


def partial_directory(path: Path) -> Path:
    """RETURNS (Path): Where an output is while it is not complete."""
    return path.with_name(f"{path.name}.partial")
