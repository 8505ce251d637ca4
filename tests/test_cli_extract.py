"""`python -m spacy gliner2 extract`: what goes in, what comes out, what is refused."""

import csv
import datetime
import json

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner2.rows import annotations, doc_to_row

from .support.command import run, run_process
from .support.extract import (  # noqa: F401
    ADDED,
    TEXTS,
    one_checkpoint,
    read_jsonl,
    schema_file,
    write_jsonl,
)
from .test_pipe import SCHEMA


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    return nlp


@pytest.fixture(scope="module")
def expected(nlp):
    return [annotations(doc) for doc in nlp.pipe(TEXTS)]


def rounded(value):
    """Scores as far as batches may move them, tuples as the lists that they were."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return value


def found(rows):
    return rounded([{key: row[key] for key in ADDED} for row in rows])


@pytest.fixture
def rows():
    return [{"id": n, "text": text, "meta": {"a": [n, None]}} for n, text in enumerate(TEXTS)]


def test_results_hold_the_fields_of_their_document_beside_what_was_found(
    tmp_path, schema, rows, expected
):
    write_jsonl(tmp_path / "in.jsonl", rows)
    done = run_process("extract", "in.jsonl", "out.jsonl", "--schema", schema, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr.decode().strip()) == (b"", "out.jsonl: 3 documents")
    out = read_jsonl(tmp_path / "out.jsonl")
    assert [list(row) for row in out] == [["id", "text", "meta", *ADDED]] * 3
    assert [{key: row[key] for key in rows[0]} for row in out] == rows
    assert found(out) == rounded(expected)
    assert out[0]["entities"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "in.jsonl",
        "out.jsonl",
        "schema.json",
    ]


def write_csv(path, rows, delimiter=","):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["id", "text"], delimiter=delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path, rows):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def write_spacy(path, rows):
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(row["text"]) for row in rows]
    for doc, row in zip(docs, rows, strict=True):
        doc.user_data["row"] = {"id": row["id"]}
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


WRITERS = {
    "in.jsonl": write_jsonl,
    "in.csv": write_csv,
    "in.tsv": lambda path, rows: write_csv(path, rows, "\t"),
    "in.parquet": write_parquet,
    "in.spacy": write_spacy,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_input_format_gives_the_same(tmp_path, schema, rows, expected, name):
    out = tmp_path / "out.jsonl"
    run("extract", WRITERS[name](tmp_path / name, rows), out, "--schema", schema)
    results = read_jsonl(out)
    assert [str(row["id"]) for row in results] == ["0", "1", "2"]
    assert [row["text"] for row in results] == list(TEXTS)
    assert found(results) == rounded(expected)


def test_text_has_one_document_a_line(tmp_path, schema):
    path = tmp_path / "in.txt"
    path.write_bytes("\ufeffIn Köln.\r\n\n  \nIn Bergen.".encode())
    run("extract", path, tmp_path / "out.jsonl", "--schema", schema)
    assert [row["text"] for row in read_jsonl(tmp_path / "out.jsonl")] == ["In Köln.", "In Bergen."]


def test_docs_come_out_as_the_component_leaves_them(tmp_path, schema, rows, nlp, expected):
    out = tmp_path / "out.spacy"
    run("extract", write_jsonl(tmp_path / "in.jsonl", rows), out, "--schema", schema)
    docs = list(DocBin().from_disk(out).get_docs(spacy.blank("en").vocab))
    assert found([doc_to_row(doc) for doc in docs]) == rounded(expected)
    assert [doc_to_row(doc)["meta"] for doc in docs] == [row["meta"] for row in rows]
    assert [[e.text for e in doc.ents] for doc in docs] == [
        [e.text for e in doc.ents] for doc in nlp.pipe(TEXTS)
    ]


def test_annotations_of_docs_that_are_there_stay(tmp_path, schema):
    nlp = spacy.blank("en")
    doc = nlp.make_doc(TEXTS[1])
    doc.set_ents([doc.char_span(34, 40, label="GPE")])
    DocBin(docs=[doc]).to_disk(tmp_path / "in.spacy")
    run("extract", tmp_path / "in.spacy", tmp_path / "out.spacy", "--schema", schema)
    (out,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(nlp.vocab)
    assert ("Berlin", "GPE") in [(e.text, e.label_) for e in out.ents]
    assert len(out.ents) > 1


def test_parquet_keeps_types_and_nests_what_was_found(tmp_path, schema, expected):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    when = datetime.datetime(2024, 5, 17, 12, 30)
    table = pa.table(
        {
            "key": pa.array([b"a", b"b", None], pa.binary()),
            "when": pa.array([when, None, when], pa.timestamp("ms")),
            "body": list(TEXTS),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    command = ("extract", tmp_path / "in.parquet", tmp_path / "out.parquet", "--schema", schema)
    run(*command, "--text-field", "body")
    out = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert out.schema.names == ["key", "when", "body", *ADDED]
    assert out.schema.field("when").type == pa.timestamp("ms")
    assert out.select(["key", "when", "body"]) == table
    results = out.to_pylist(maps_as_pydicts="strict")
    for row in results:
        row["structures"] = json.loads(row["structures"])
    assert found(results) == rounded(expected)


def test_a_field_of_several_types_becomes_json_text_in_parquet(tmp_path, schema, monkeypatch):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    monkeypatch.setattr("spacy_gliner2.documents.outputs.PART_SIZE", 2)
    values = [1, "a", {"b": [2]}, None, 2.5, 3, "x"]
    write_jsonl(tmp_path / "in.jsonl", [{"text": "In Rome.", "v": v, "n": 1} for v in values])
    run("extract", tmp_path / "in.jsonl", tmp_path / "out.parquet", "--schema", schema)
    out = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["v"] for row in out] == ["1", "a", '{"b": [2]}', None, "2.5", "3.0", "x"]
    assert [row["n"] for row in out] == [1] * 7


def test_what_parquet_makes_can_be_shown(tmp_path, schema, rows):
    pytest.importorskip("pyarrow")
    run("extract", write_jsonl(tmp_path / "in.jsonl", rows), tmp_path / "o.parquet", "-s", schema)
    assert run("visualize", tmp_path / "o.parquet", "-").stdout.count("<article") == 3


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "out.spacy"])
def test_no_documents_make_an_output_without_any(tmp_path, schema, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / "in.jsonl").write_text("\n")
    result = run("extract", tmp_path / "in.jsonl", tmp_path / name, "--schema", schema)
    assert "0 documents" in result.stderr
    result = run("visualize", tmp_path / name, "-")
    assert "0 documents" in result.stdout


def test_standard_input_and_output(schema, rows, expected):
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    result = run("extract", "-", "-", "--schema", schema, stdin=lines)
    assert found(map(json.loads, result.stdout.splitlines())) == rounded(expected)
    text = run("extract", "-", "-", "-s", schema, "--input-format", "txt", stdin=b"In Rome.\n")
    assert json.loads(text.stdout)["text"] == "In Rome."
    refused = run("extract", "-", "-", "-s", schema, "-of", "spacy", stdin=b"", status=1)
    assert "spacy cannot go to standard output" in refused.stderr


def test_a_pipeline_or_a_config_takes_the_place_of_a_schema(tmp_path, nlp, rows, expected, schema):
    write_jsonl(tmp_path / "in.jsonl", rows)
    nlp.to_disk(tmp_path / "pipeline")
    nlp.config.to_disk(tmp_path / "config.cfg")
    for n, option in enumerate((("--model", "pipeline"), ("--config", "config.cfg"))):
        out = tmp_path / f"{n}.jsonl"
        run("extract", tmp_path / "in.jsonl", out, option[0], tmp_path / option[1])
        assert found(read_jsonl(out)) == rounded(expected)
    other = tmp_path / "other.yml"
    other.write_text("entities: ['year: of birth']\n")
    run("extract", tmp_path / "in.jsonl", out, "-m", tmp_path / "pipeline", "-s", other, "-t", 0.01)
    entities = [entity for row in read_jsonl(out) for entity in row["entities"]]
    assert {entity["label"] for entity in entities} == {"year: of birth"}


def test_values_of_the_config_can_be_set(tmp_path, schema, rows):
    write_jsonl(tmp_path / "in.jsonl", rows)
    command = ("extract", tmp_path / "in.jsonl", "-", "--schema", schema)
    strict = run(*command, "--components.gliner2.threshold", 1.0).stdout
    assert all(json.loads(line)["entities"] == [] for line in strict.splitlines())
    assert run(*command, "--threshold", 1.0).stdout == strict
    assert "No such option '--treshold'" in run(*command, "--treshold", 1, status=2).stderr


def test_names_of_added_fields_may_have_a_prefix_and_never_replace_others(tmp_path, schema):
    path = write_jsonl(tmp_path / "in.jsonl", [{"text": "In Rome.", "cats": ["Tom", "Felix"]}])
    refused = run("extract", path, tmp_path / "out.jsonl", "--schema", schema, status=1)
    assert "row 1: has a field 'cats' already" in refused.stderr
    run("extract", path, tmp_path / "out.jsonl", "--schema", schema, "--prefix", "g_")
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert list(row) == ["text", "cats", *(f"g_{name}" for name in ADDED)]
    assert row["cats"] == ["Tom", "Felix"]


def test_one_component_with_a_schema_is_enough(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", name="encoder")
    nlp.add_pipe("gliner2", name="finder", config={"schema": {"entities": ["location"]}})
    nlp.to_disk(tmp_path / "pipeline")
    path = write_jsonl(tmp_path / "in.jsonl", [{"text": TEXTS[0]}])
    run("extract", path, tmp_path / "out.jsonl", "--model", tmp_path / "pipeline")
    assert {e["label"] for e in read_jsonl(tmp_path / "out.jsonl")[0]["entities"]} == {"location"}


def test_docs_with_schemas_of_their_own_need_no_other(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2")
    nlp.to_disk(tmp_path / "pipeline")
    doc = nlp.make_doc(TEXTS[0])
    doc._.gliner2_schema = {"entities": ["location"]}
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "in.spacy")
    command = ("extract", tmp_path / "in.spacy", tmp_path / "out.jsonl")
    run(*command, "--model", tmp_path / "pipeline")
    assert read_jsonl(tmp_path / "out.jsonl")[0]["entities"]


def test_progress_is_shown_on_demand_and_never_on_standard_output(schema):
    line = b'{"text": "In Rome."}\n'
    shown = run("extract", "-", "-", "--schema", schema, "--progress", stdin=line)
    assert "1doc" in shown.stderr
    assert len(shown.stdout.splitlines()) == 1
    assert "doc/s" not in run("extract", "-", "-", "--schema", schema, stdin=line).stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "the component 'gliner2' has none, so that nothing would be extracted"),
        (("--model", "x", "--config", "{config}"), "both name a pipeline"),
        (("--schema", "{schema}", "--component", "ner"), "'ner' is none of the pipeline's gliner2"),
        (("--schema", "{schema}", "-if", "xml"), "'xml' is none of txt, jsonl"),
        (("--schema", "{schema}", "-of", "csv"), "'csv' is none of jsonl, parquet, spacy"),
        (("--schema", "{bad}"), "names the entity 'a' twice"),
        (("--schema", "{schema}", "--checkpoint", "/nowhere"), "'/nowhere' is no directory"),
    ],
)
def test_wrong_options_are_refused_with_a_remedy(tmp_path, schema, options, message):
    config = tmp_path / "config.cfg"
    config.write_text("[nlp]\n")
    bad = tmp_path / "bad.json"
    bad.write_text('{"entities": ["a", "a"]}')
    files = {"config": config, "schema": schema, "bad": bad}
    filled = [option.format(**files) for option in options]
    write_jsonl(tmp_path / "in.jsonl", [{"text": "In Rome."}])
    result = run("extract", tmp_path / "in.jsonl", tmp_path / "out.jsonl", *filled, status=1)
    assert message in result.stderr


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.parquet"])
def test_a_table_without_the_column_of_texts_is_refused_once(tmp_path, schema, name):
    path = WRITERS[name](tmp_path / name, [{"id": 1, "text": "In Rome."}] * 2)
    options = ("--schema", schema, "--text-field", "body")
    result = run("extract", path, tmp_path / "out.jsonl", *options, status=1)
    assert result.stderr.count("has no column 'body', but id, text") == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_an_input_is_not_written_over(tmp_path, schema):
    path = write_jsonl(tmp_path / "in.jsonl", [{"text": "In Rome."}])
    before = path.read_bytes()
    assert "is an input, too" in run("extract", path, path, "--schema", schema, status=1).stderr
    assert path.read_bytes() == before
