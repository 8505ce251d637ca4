"""Pieces of a file: a worker reads its own, so that no other task of the cluster has to.

A task that reads would ask for a core, and wait forever where the workers have them all. Cutting
takes one look at the file: at where the lines of JSONL begin, and at the foot of Parquet.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import IO, Any

from ..documents.inputs import Item, parse_line

MARK = b"\xef\xbb\xbf"
"""The byte order mark that a file in UTF-8 may begin with."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some documents of a file, one after the other.

    first (int): The number of the first one, from 1.
    count (int): How many there are.
    place (int): Where they begin: a byte of JSONL, a row of Parquet.
    """

    first: int
    count: int
    place: int


class PieceReader(ABC):
    """Cuts a file into pieces and reads them.

    path (Path): The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @abstractmethod
    def cut(self, done: int, size: int) -> Iterator[Piece]:
        """Cut the file.

        done (int): How many documents to leave out at the beginning.
        size (int): Documents of a piece.
        YIELDS (Piece): The pieces, in order.
        """

    @abstractmethod
    def read(self, piece: Piece) -> list[Item]:
        """RETURNS (list): The documents of a piece, as `read_items` has them."""


class JsonlPieces(PieceReader):
    """Pieces of JSONL; blank lines are no documents."""

    def cut(self, done: int, size: int) -> Iterator[Piece]:
        with self._path.open("rb") as file:
            file.seek(len(MARK) if file.read(len(MARK)) == MARK else 0)
            places = (place for place, _ in islice(_lines(file), done, None))
            while piece := list(islice(places, size)):
                yield Piece(done + 1, len(piece), piece[0])
                done += len(piece)

    def read(self, piece: Piece) -> list[Item]:
        with self._path.open("rb") as file:
            file.seek(piece.place)
            lines = islice(_lines(file), piece.count)
            return [parse_line(number, line) for number, (_, line) in enumerate(lines, piece.first)]


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """YIELDS (tuple): Where a line that is not blank begins, and the line without its end."""
    place = file.tell()
    for line in file:
        if line.strip():
            yield place, line.rstrip(b"\r\n")
        place += len(line)


class ParquetPieces(PieceReader):
    """Pieces of Parquet.

    A group of rows can only be read from its beginning. A worker gets pieces that lie ahead of
    those before, so that it reads on from where it is.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        super().__init__(path)
        self._file = pq.ParquetFile(path)
        groups = range(self._file.metadata.num_row_groups)
        counts = (self._file.metadata.row_group(group).num_rows for group in groups)
        self._starts = list(accumulate(counts, initial=0))
        self._tables: Iterator[Any] = iter(())
        self._table: Any = None
        self._at = self._starts[-1]

    def cut(self, done: int, size: int) -> Iterator[Piece]:
        rows = self._starts[-1]
        for place in range(done, rows, size):
            yield Piece(place + 1, min(size, rows - place), place)

    def read(self, piece: Piece) -> list[Item]:
        rows: list[dict[str, Any]] = []
        self._go_to(piece.place)
        while len(rows) < piece.count:
            offset = piece.place + len(rows) - self._at
            part = self._table.slice(offset, piece.count - len(rows))
            rows.extend(part.to_pylist(maps_as_pydicts="strict"))
            if len(rows) < piece.count:
                self._next()
        return [Item(number, row) for number, row in enumerate(rows, piece.first)]

    def _go_to(self, row: int) -> None:
        """Have the table that holds a row."""
        group = bisect_right(self._starts, row) - 1
        if not self._starts[group] <= self._at <= row:
            later = range(group, len(self._starts) - 1)
            self._tables = self._file.iter_batches(batch_size=1024, row_groups=list(later))
            self._table, self._at = next(self._tables), self._starts[group]
        while row >= self._at + len(self._table):
            self._next()

    def _next(self) -> None:
        self._at += len(self._table)
        self._table = next(self._tables)


PIECES: dict[str, type[PieceReader]] = {"jsonl": JsonlPieces, "parquet": ParquetPieces}
"""How to read each format that the workers read themselves."""
