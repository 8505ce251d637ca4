"""The files of a corpus and their lines."""

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

from ...plain_json import parse_json
from .errors import CorpusError, RecordError

Paths: TypeAlias = str | Path | Sequence[str | Path]

JSONL = (".jsonl", ".jsonl.gz")

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def corpus_files(paths: Paths, suffixes: tuple[str, ...] = JSONL) -> list[Path]:
    """Find the files of a corpus.

    paths (str | Path | Sequence): A file, a folder, or several of them. A file may have any name;
        of a folder, the files with one of the suffixes are taken, also those in its folders, but
        nothing whose name begins with a dot.
    suffixes (tuple): Endings of the names.
    RETURNS (list): The files, those of a folder in the order of their names.
    RAISES (CorpusError): If a path does not exist or a folder has no such file.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files: list[Path] = []
    for path in map(Path, given):
        if path.is_dir():
            files.extend(_files_in(path, suffixes))
        elif path.exists():
            files.append(path)
        else:
            raise CorpusError(f"path: {path} does not exist; correct the path")
    if not files:
        raise CorpusError("path: names no file; give the path of a file or folder, or several")
    return files


def _files_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    found = [
        file
        for file in sorted(folder.rglob("*"))
        if file.name.endswith(suffixes)
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if not found:
        raise CorpusError(
            f"path: the folder {folder} has no file whose name ends in {' or '.join(suffixes)}; "
            "correct the path"
        )
    return found


def open_file(file: Path) -> IO[bytes]:
    """RETURNS (IO): A file to read, unpacked if its name ends in ".gz"."""
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Read a text file line by line.

    file (Path): The file, in UTF-8; unpacked if its name ends in ".gz".
    YIELDS (tuple): Number of each line, from 1 on, and the line without its end.
    RAISES (CorpusError): If a line is not UTF-8 or the file cannot be unpacked.
    """
    number = 0
    try:
        with open_file(file) as stream:
            for number, line in enumerate(stream, 1):
                encoding = "utf-8-sig" if number == 1 else "utf-8"
                yield number, line.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{file}, line {number}: is not UTF-8 ({error}); convert the file"
        ) from error
    except (EOFError, OSError) as error:
        raise CorpusError(
            f"{file}, after line {number}: cannot be read ({error}); take a whole file"
        ) from error


def parse_line(line: str) -> Any:
    """Read a JSON value whose texts are texts.

    line (str): The JSON.
    RETURNS (Any): The value.
    RAISES (RecordError): If it is no JSON.
    """
    try:
        value = parse_json(line)
        if _SURROGATE.search(line):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RecordError(
            f"has half of a surrogate pair, which is no character ({error}); correct the text"
        ) from error
    except ValueError as error:
        raise RecordError(f"is no JSON ({error}); correct the line") from error
    return value
