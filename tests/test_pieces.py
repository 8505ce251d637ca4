"""Pieces of a file, which the workers of a cluster read: together they are the file."""

import json
import random
from datetime import date

import pytest
import spacy

from spacy_gliner2.distributed.pieces import PIECES
from spacy_gliner2.documents.inputs import read_items

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = [{"id": i, "text": f"Flight {i}", "day": date(2000, 1, 1 + i % 28)} for i in range(3000)]


@pytest.fixture(params=["plain", "marked", "one group", "groups", "empty"])
def file(request, tmp_path):
    if request.param in ("plain", "marked"):
        lines = [json.dumps({"id": i}).encode() for i in range(100)]
        lines[3:3] = [b"", b"  ", b"{broken", b'{"text": "\xff"}']
        lines[50] = b"\xef\xbb\xbf{}"  # a mark is one at the beginning alone
        path = tmp_path / "in.jsonl"
        path.write_bytes(b"\xef\xbb\xbf" * (request.param == "marked") + b"\r\n".join(lines))
        return path, "jsonl"
    path = tmp_path / "in.parquet"
    table = pa.Table.from_pylist(ROWS)
    rows = table.slice(0, 0) if request.param == "empty" else table
    pq.write_table(rows, path, row_group_size=700 if request.param == "groups" else 5000)
    return path, "parquet"


@pytest.mark.parametrize(("done", "size"), [(0, 1), (0, 7), (6, 64), (99, 1300), (10_000, 8)])
def test_pieces_are_the_file_in_any_order_of_reading(file, done, size):
    path, kind = file
    expected = list(read_items(path, kind, spacy.blank("en").vocab))[done:]
    pieces = list(PIECES[kind](path).cut(done, size))
    assert [piece.count for piece in pieces[:-1]] == [size] * (len(pieces) - 1)
    places = list(range(len(pieces)))
    reader = PIECES[kind](path)
    assert [item for piece in pieces for item in reader.read(piece)] == expected
    random.Random(0).shuffle(places)
    read = {place: reader.read(pieces[place]) for place in places[:200]}
    for place, items in read.items():
        assert items == expected[place * size : place * size + size]
