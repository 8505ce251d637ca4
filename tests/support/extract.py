"""What tests of the command `extract` share: a schema's file, texts, rows."""

import json
from functools import cache

import pytest

from spacy_gliner2.model.checkpoint import load_checkpoint

from ..test_pipe import SCHEMA

TEXTS = (
    "Marie Curie moved from Warsaw to Paris in 1891, and stayed.",
    "Angela Merkel met Barack Obama in Berlin.",
    "Nobody came.\nNot even in Bergen, “they” said; it rained.",
)
ADDED = ["entities", "cats", "relations", "structures"]


@pytest.fixture(autouse=True, scope="module")
def one_checkpoint():
    """Read the weights from disk once for all runs in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spacy_gliner2.model.shim.load_checkpoint", cache(load_checkpoint))
        yield


@pytest.fixture(name="schema")
def schema_file(tmp_path):
    """A file with the schema; named apart from its fixture, as whoever imports it needs."""
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return path


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
