"""`python -m spacy gliner2 extract`: documents that fail, which spoil no other."""

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner2.rows import doc_to_row

from .support.command import run, run_process
from .support.extract import TEXTS, one_checkpoint, read_jsonl, schema_file, write_jsonl  # noqa: F401

BAD_LINES = (
    b'{"id": 0, "text": "In Rome."}\n'
    b'{"id": 1, "text": \n'
    b'{"id": 2}\n'
    b'{"id": 3, "text": 7}\n'
    b'{"id": 4, "text": "\\ud800"}\n'
    b'{"id": 5, "text": "\xff"}\n'
    b'{"id": 6, "text": "In Bergen.", "entities": 1}\n'
    b"[7]\n"
    b'{"id": 8, "text": "In Paris."}'
)
REASONS = {
    2: "is no JSON",
    3: "has no text under 'text'",
    4: "has no text under 'text'",
    5: "surrogates not allowed",
    6: "is no JSON",
    7: "has a field 'entities' already",
    8: "is no JSON object",
}


def read_results(path):
    if path.suffix == ".jsonl":
        return read_jsonl(path)
    if path.suffix == ".spacy":
        docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
        return [doc_to_row(doc) for doc in docs]
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pylist()


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "out.spacy"])
def test_failing_documents_are_reported_by_number_and_stop_nothing(tmp_path, schema, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / "in.jsonl").write_bytes(BAD_LINES)
    result = run("extract", tmp_path / "in.jsonl", tmp_path / name, "--schema", schema)
    reported = dict(line.split(": ", 1) for line in result.stderr.splitlines()[:-1])
    assert list(reported) == [f"row {number}" for number in REASONS]
    for number, reason in REASONS.items():
        assert reason in reported[f"row {number}"]
    assert result.stderr.splitlines()[-1].endswith("9 documents, 7 failed")
    results = read_results(tmp_path / name)
    assert len(results) == 9
    assert [n for n, row in enumerate(results, 1) if row.get("error")] == list(REASONS)
    assert [row["text"] for row in results if not row.get("error")] == ["In Rome.", "In Paris."]


def test_what_failed_can_be_run_again(tmp_path, schema):
    rows = [{"text": "In Rome.", "error": "was too large"}, {"text": 7, "error": "is no text"}]
    path = write_jsonl(tmp_path / "in.jsonl", rows)
    for name in ("out.jsonl", "out.spacy"):
        run("extract", path, tmp_path / name, "--schema", schema)
        good, bad = read_results(tmp_path / name)
        assert "error" not in good
        assert bad["error"].startswith("has no text")
    run("extract", path, tmp_path / "out.jsonl", "--schema", schema, "--prefix", "g_")
    good, bad = read_results(tmp_path / "out.jsonl")
    assert [good["error"], bad["error"]] == ["was too large", "is no text"]
    assert "g_error" not in good
    assert bad["g_error"].startswith("has no text")


def test_a_field_error_that_holds_the_text_does_not_make_way(tmp_path, schema):
    path = write_jsonl(tmp_path / "in.jsonl", [{"error": "In Rome."}])
    command = ("extract", path, tmp_path / "out.jsonl", "--schema", schema, "-tf", "error")
    assert "has a field 'error' already" in run(*command, status=1).stderr
    run(*command, "--prefix", "g_")
    assert read_jsonl(tmp_path / "out.jsonl")[0]["error"] == "In Rome."


def test_a_column_error_of_another_type_makes_way_in_parquet(tmp_path, schema):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"text": ["In Rome.", None], "error": [0.5, 0.25]})
    parquet.write_table(table, tmp_path / "in.parquet")
    command = ("extract", tmp_path / "in.parquet", tmp_path / "out.parquet", "--schema", schema)
    run(*command)
    good, bad = read_results(tmp_path / "out.parquet")
    assert good["error"] is None
    assert bad["error"].startswith("has no text")


def test_the_run_can_be_stopped_by_the_first_failure(tmp_path, schema):
    (tmp_path / "in.jsonl").write_bytes(BAD_LINES)
    command = ("extract", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--schema", schema)
    result = run(*command, "--on-error", "stop", status=1)
    assert result.stderr.startswith("row 2: is no JSON")
    assert not (tmp_path / "out.jsonl").exists()


def write_failing(path):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2")
    docs = [nlp.make_doc(text) for text in TEXTS]
    docs[1]._.gliner2_schema = {"entities": ["a", "a"]}
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def test_a_document_that_fails_in_the_pipeline_spoils_no_other(tmp_path, schema):
    path = write_failing(tmp_path / "in.spacy")
    result = run("extract", path, tmp_path / "out.jsonl", "--schema", schema)
    assert "row 2: SchemaError: schema.entities: " in result.stderr
    errors = [row.get("error") for row in read_jsonl(tmp_path / "out.jsonl")]
    assert [error is None for error in errors] == [True, False, True]
    assert "names the entity 'a' twice" in errors[1]


def test_a_document_that_fails_in_another_process_spoils_no_other(tmp_path, schema):
    write_failing(tmp_path / "in.spacy")
    command = ("extract", "in.spacy", "out.jsonl", "--schema", schema, "--n-process", 2)
    done = run_process(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"row 2: failed in another process; --n-process 1 shows why" in done.stderr
    results = read_jsonl(tmp_path / "out.jsonl")
    assert [row["text"] for row in results] == list(TEXTS)
    assert ["error" in row for row in results] == [False, True, False]
