"""Corpora in the reference's JSONL, as `spacy train` reads them."""

import gzip
import json

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Corpus

from spacy_gliner2.training.corpus import CorpusError, JsonlCorpus

from .support.records import OF_RECORD, RECORD, TEXT, read, spans, write


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def test_the_component_is_asked_unless_the_record_shall_be(tmp_path, nlp):
    path = write(tmp_path / "a.jsonl", RECORD)
    (example,) = JsonlCorpus(path)(nlp)
    assert example.predicted._.gliner2_schema is None
    assert example.reference._.gliner2_schema is None
    assert len(spans(example.reference)) == 2


@pytest.mark.parametrize(
    ("output", "parts"),
    [
        ({"entities": {"city": ["Rome"]}}, ["entities.city[0]", "'Rome'", "on_missing"]),
        ({"entities": {"city": ["Coo"]}}, ["entities.city[0]", "'Coo'", "whole words"]),
        ({"entities": ["city"]}, ["entities", "JSON object"]),
        ({"entities": {"city": [3]}}, ["entities.city[0]", "3"]),
        ({"entities": {"": []}}, ["entities[0].label", "blank"]),
        ({"entities": {"x [P] y": []}}, ["[P]", "reword"]),
        ({"entites": {}}, ["entites", "entities"]),
        (
            {"entities": {"city": [{"text": "Tim", "start": 1, "end": 4}]}},
            ["entities.city[0]", "'im '", "'Tim'"],
        ),
        (
            {"entities": {"city": [{"text": "Tim", "start": 3, "end": 1}]}},
            ["entities.city[0]", "start 3", "end 1"],
        ),
        ({"relations": [{"r": {"head": "Apple"}}]}, ["relations[0].r.tail", "missing"]),
        ({"relations": {"r": {}}}, ["relations", "no list"]),
        (
            {"json_structures": [{"s": {"f": {"value": "x", "choices": ["y", "z"]}}}]},
            ["json_structures[0].s.f.value", "'x'", "choices"],
        ),
        (
            {"classifications": [{"task": "t", "labels": ["a", "b"], "true_label": "c"}]},
            ["classifications[0].true_label", "'c'"],
        ),
        (
            {"classifications": [{"task": "t", "labels": ["a", "b"]}]},
            ["classifications[0].true_label", "missing"],
        ),
        (
            {"classifications": [{"task": "t", "labels": ["a"], "true_label": "a"}]},
            ["classifications[0].labels", "two labels"],
        ),
    ],
)
def test_errors_name_file_line_key_and_value(tmp_path, nlp, output, parts):
    path = write(tmp_path / "bad.jsonl", RECORD, {"input": TEXT, "output": output})
    with pytest.raises(CorpusError) as error:
        list(JsonlCorpus(path)(nlp))
    for part in [f"{path}, line 2: ", *parts]:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (b'{"input": "a", "output"', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[1]", "no JSON object"),
        (b"{}", "'input' and 'output'"),
        (b'{"text": "a"}', "'entities'"),
        (b'{"input": 3, "output": {}}', "input: 3"),
        (b'{"input": "\\ud800", "output": {}}', "surrogate"),
        (b'{"input": "a", "output": {"entities": {"\\udfff": []}}}', "surrogate"),
        (b'{"input": "caf\xe9", "output": {}}', "UTF-8"),
    ],
)
def test_lines_that_are_no_records_are_named(tmp_path, nlp, line, part):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(CorpusError, match=rf"bad.jsonl, line 2: .*{part}"):
        list(JsonlCorpus(path)(nlp))


def test_skipping_leaves_out_the_label_whose_words_are_not_there(tmp_path, nlp):
    output = {
        "entities": {"person": ["Tim Cook", "Steve"], "company": ["Apple"]},
        "relations": [{"knows": {"head": "Tim Cook", "tail": "Steve"}}],
        "json_structures": [{"p": {"name": "iPad"}}, {"q": {"name": "iPhone"}}],
    }
    with pytest.warns(UserWarning, match=r"1 records .*corpus.jsonl, line 1"):
        gold = read(tmp_path, nlp, output, on_missing="skip").reference
    assert spans(gold) == [(14, 19, "company")]
    assert gold._.relations is None
    assert list(gold._.structures) == ["q"]
    schema = gold._.gliner2_schema
    assert [part["label"] for part in schema["entities"]] == ["company"]
    assert "relations" not in schema
    assert [part["name"] for part in schema["structures"]] == ["q"]


def test_skipping_leaves_out_the_task_where_the_component_is_asked(tmp_path, nlp):
    """Leaving out one label would say that the text has none of it."""
    output = {
        "entities": {"person": ["Steve"], "company": ["Apple"]},
        "relations": [{"makes": {"head": "Apple", "tail": "iPhone"}}],
    }
    with pytest.warns(UserWarning, match="1 records"):
        gold = read(tmp_path, nlp, output, on_missing="skip", schema="component").reference
    assert "gliner2" not in gold.spans
    assert not gold.has_annotation("ENT_IOB")
    assert len(gold._.relations) == 1


def test_files_folders_and_packed_files_are_read_in_order(tmp_path, nlp):
    def record(text):
        return {"input": text, "output": {"entities": {"x": []}}}

    folder = tmp_path / "corpus"
    (folder / "more").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    write(folder / "b.jsonl", record("b"))
    write(folder / "more" / "c.jsonl", record("c"))
    write(folder / ".hidden" / "no.jsonl", record("no"))
    (folder / "notes.txt").write_text("no")
    with gzip.open(folder / "a.jsonl.gz", "wt", encoding="utf8") as stream:
        stream.write(json.dumps(record("a")) + "\n")
    last = write(tmp_path / "last.json", record("d"))
    corpus = JsonlCorpus([folder, str(last)])
    for _ in range(2):
        assert [example.text for example in corpus(nlp)] == ["a", "b", "c", "d"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path, nlp):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(RECORD).encode() + b"\r\n\r\n")
    assert len(list(JsonlCorpus(path)(nlp))) == 1


def test_reading_is_lazy(tmp_path, nlp):
    path = write(tmp_path / "a.jsonl", RECORD)
    with path.open("a") as stream:
        stream.write("broken\n")
    examples = JsonlCorpus(path)(nlp)
    assert next(examples).text == TEXT
    with pytest.raises(CorpusError, match="line 2"):
        next(examples)
    assert len(list(JsonlCorpus(path, limit=1)(nlp))) == 1


def test_texts_beyond_max_length_are_left_out_with_a_warning(tmp_path, nlp):
    short = {"input": "Hi there", "output": {"entities": {"x": []}}}
    path = write(tmp_path / "a.jsonl", RECORD, short, RECORD, short)
    with pytest.warns(UserWarning, match=r"2 records are longer than max_length.*line 1"):
        texts = [example.text for example in JsonlCorpus(path, max_length=5)(nlp)]
    assert texts == ["Hi there", "Hi there"]


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("nowhere.jsonl", "does not exist"),
        ("empty", "no file whose name ends in .jsonl"),
        ([], "no file"),
    ],
)
def test_a_corpus_without_files_is_refused_at_once(tmp_path, path, part):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=part):
        JsonlCorpus([tmp_path / one for one in path] if isinstance(path, list) else tmp_path / path)


def test_the_reader_is_made_from_a_config(tmp_path, nlp):
    write(tmp_path / "a.jsonl", RECORD)
    config = {
        "corpus": {
            "@readers": "spacy-gliner2.JsonlCorpus.v1",
            "path": str(tmp_path),
            "schema": "record",
            "limit": 1,
        }
    }
    corpus = spacy.registry.resolve(config)["corpus"]
    assert len(list(corpus(nlp))) == 1
    for key, value in (("schema", "both"), ("on_missing", "cry"), ("limit", -1)):
        with pytest.raises(ValueError, match=key):
            spacy.registry.resolve({"corpus": {**config["corpus"], key: value}})
    with pytest.raises(ValueError, match="--paths"):
        spacy.registry.resolve({"corpus": {**config["corpus"], "path": None}})


def test_a_doc_bin_holds_everything_and_spacys_corpus_reads_it(tmp_path, nlp):
    (example,) = JsonlCorpus(write(tmp_path / "a.jsonl", RECORD), options=OF_RECORD)(nlp)
    DocBin(docs=[example.reference], store_user_data=True).to_disk(tmp_path / "a.spacy")
    (again,) = Corpus(tmp_path / "a.spacy")(nlp)
    gold = again.reference
    assert spans(gold) == spans(example.reference)
    assert gold.cats == example.reference.cats
    assert json.dumps(gold._.relations) == json.dumps(example.reference._.relations)
    assert json.dumps(gold._.structures) == json.dumps(example.reference._.structures)
    schema = example.reference._.gliner2_schema
    assert json.dumps(gold._.gliner2_schema) == json.dumps(schema)
    assert again.predicted._.gliner2_schema is None


def test_words_are_those_of_the_component(tmp_path, nlp):
    text = "이마트가 문을 열었다"
    output = {"entities": {"company": ["이마트"]}}
    with pytest.raises(CorpusError, match="이마트"):
        read(tmp_path, nlp, output, text)
    gold = read(tmp_path, nlp, output, text, word_splitter="char").reference
    assert spans(gold) == [(0, 3, "company")]
    output = {"entities": {"amount": ["9.50"]}}
    gold = read(tmp_path, nlp, output, "It costs $9.50 now", word_splitter="spacy").reference
    assert spans(gold) == [(10, 14, "amount")]
