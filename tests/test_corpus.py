"""Corpora in the reference's JSONL, as `spacy train` reads them."""

import gzip
import json

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Corpus

from spacy_gliner2.training.corpus import CorpusError, CorpusOptions, JsonlCorpus, RecordWriter

TEXT = "Tim Cook runs Apple. Tim Cook's iPhone costs $999."
RECORD = {
    "input": TEXT,
    "output": {
        "entities": {"person": ["Tim Cook"], "city": []},
        "entity_descriptions": {"person": "names of people"},
        "classifications": [
            {
                "task": "tone",
                "labels": ["calm", "angry"],
                "true_label": "calm",
                "prompt": "How does it sound?",
                "examples": [["Go away!", "angry"]],
                "label_descriptions": {"calm": "at ease"},
            }
        ],
        "json_structures": [
            {
                "product": {
                    "name": "iPhone",
                    "tags": ["Apple", "$999"],
                    "colour": "",
                    "kind": {"value": "phone", "choices": ["phone", "laptop"]},
                }
            }
        ],
        "json_descriptions": {"product": {"name": "what it is called"}},
        "relations": [
            {"works_for": {"head": "Tim Cook", "tail": "Apple"}},
            {"makes": {"head": "Apple", "tail": "iPhone"}},
        ],
    },
}


OF_RECORD = CorpusOptions(schema="record")


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def write(path, *records):
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf8")
    return path


def read(tmp_path, nlp, output, text=TEXT, **options):
    """The example of one record."""
    path = write(tmp_path / "corpus.jsonl", {"input": text, "output": output})
    (example,) = JsonlCorpus(path, options=CorpusOptions(**{"schema": "record", **options}))(nlp)
    return example


def spans(doc):
    return [(s.start_char, s.end_char, s.label_) for s in doc.spans["gliner2"]]


def test_every_part_of_a_record_is_where_the_component_writes_it(tmp_path, nlp):
    (example,) = JsonlCorpus(write(tmp_path / "a.jsonl", RECORD), options=OF_RECORD)(nlp)
    gold = example.reference
    assert spans(gold) == [(0, 8, "person"), (21, 29, "person")]
    assert [(e.text, e.label_) for e in gold.ents] == [("Tim Cook", "person")] * 2
    assert gold.cats == {"calm": 1.0, "angry": 0.0}
    apple = {"text": "Apple", "start": 14, "end": 19}
    iphone = {"text": "iPhone", "start": 32, "end": 38}
    assert gold._.relations == [
        {"label": "works_for", "head": {"text": "Tim Cook"}, "tail": apple},
        {"label": "makes", "head": apple, "tail": iphone},
    ]
    price = {"text": "$999", "start": 45, "end": 49}
    assert gold._.structures == {
        "product": [
            {"name": iphone, "tags": [apple, price], "colour": None, "kind": {"text": "phone"}}
        ]
    }


def test_the_schema_of_a_record_holds_its_labels_descriptions_choices_and_tasks(tmp_path, nlp):
    (example,) = JsonlCorpus(write(tmp_path / "a.jsonl", RECORD), options=OF_RECORD)(nlp)
    schema = example.reference._.gliner2_schema
    assert example.predicted._.gliner2_schema == schema
    assert schema == {
        "entities": [{"label": "person", "description": "names of people"}, {"label": "city"}],
        "relations": [{"label": "works_for"}, {"label": "makes"}],
        "structures": [
            {
                "name": "product",
                "fields": [
                    {"name": "name", "dtype": "str", "description": "what it is called"},
                    {"name": "tags"},
                    {"name": "colour", "dtype": "str"},
                    {"name": "kind", "dtype": "str", "choices": ["phone", "laptop"]},
                ],
            }
        ],
        "classifications": [
            {
                "task": "tone",
                "labels": [{"label": "calm", "description": "at ease"}, {"label": "angry"}],
                "prompt": "How does it sound?",
                "examples": [["Go away!", "angry"]],
            }
        ],
    }


def test_the_predicted_side_knows_nothing_but_the_text_and_its_schema(tmp_path, nlp):
    (example,) = JsonlCorpus(write(tmp_path / "a.jsonl", RECORD), options=OF_RECORD)(nlp)
    doc = example.predicted
    assert doc.text == TEXT
    assert not doc.spans
    assert not doc.cats
    assert not doc.has_annotation("ENT_IOB")
    assert doc._.relations is None
    assert doc._.structures is None


def test_the_component_is_asked_unless_the_record_shall_be(tmp_path, nlp):
    path = write(tmp_path / "a.jsonl", RECORD)
    (example,) = JsonlCorpus(path)(nlp)
    assert example.predicted._.gliner2_schema is None
    assert example.reference._.gliner2_schema is None
    assert len(spans(example.reference)) == 2


@pytest.mark.parametrize(
    "record",
    [
        {"text": TEXT, "schema": RECORD["output"]},
        {"text": TEXT, **RECORD["output"]},
        {**RECORD, "id": 7, "source": "somewhere"},
    ],
    ids=["text and schema", "annotation beside the text", "other keys beside"],
)
def test_all_forms_of_a_record_say_the_same(tmp_path, nlp, record):
    (one,) = JsonlCorpus(write(tmp_path / "a.jsonl", RECORD), options=OF_RECORD)(nlp)
    (other,) = JsonlCorpus(write(tmp_path / "b.jsonl", record), options=OF_RECORD)(nlp)
    assert other.reference.to_bytes() == one.reference.to_bytes()


def test_what_a_record_does_not_speak_of_is_missing_and_what_it_leaves_empty_is_not(tmp_path, nlp):
    nothing = read(tmp_path, nlp, {"entities": {"person": []}}).reference
    assert spans(nothing) == []
    assert nothing.has_annotation("ENT_IOB")
    assert nothing._.relations is None
    assert nothing._.structures is None
    empty = read(tmp_path, nlp, {"relations": [], "json_structures": []}).reference
    assert "gliner2" not in empty.spans
    assert not empty.has_annotation("ENT_IOB")
    assert empty._.relations == []
    assert empty._.structures == {}


@pytest.mark.parametrize(
    "output",
    [
        {"relations": [{"works_for": {"head": "", "tail": ""}}]},
        {"relations": [{"works_for": {}}]},
        {"relation_descriptions": {"works_for": ""}},
    ],
)
def test_a_relation_can_be_asked_for_and_not_be_there(tmp_path, nlp, output):
    gold = read(tmp_path, nlp, output).reference
    assert gold._.relations == []
    assert gold._.gliner2_schema == {"relations": [{"label": "works_for"}]}


@pytest.mark.parametrize(
    "output",
    [
        {"json_structures": [{"order": {"item": "", "size": None}}]},
        {"json_descriptions": {"order": {"item": "", "size": ""}}},
    ],
)
def test_a_structure_can_be_asked_for_and_not_be_there(tmp_path, nlp, output):
    gold = read(tmp_path, nlp, output).reference
    assert gold._.structures == {"order": []}
    assert [f["name"] for f in gold._.gliner2_schema["structures"][0]["fields"]] == ["item", "size"]


def test_words_without_offsets_are_right_wherever_they_are_whole_words(tmp_path, nlp):
    text = "paris and PARIS, but not Parish: Paris"
    gold = read(tmp_path, nlp, {"entities": {"city": ["Paris"]}}, text).reference
    assert [gold.text[a:b] for a, b, _ in spans(gold)] == ["paris", "PARIS", "Paris"]


def test_offsets_make_one_occurrence_right_even_inside_a_token(tmp_path, nlp):
    text = "Don't say don't, say do."
    mention = {"text": "do", "start": 10, "end": 12}
    gold = read(tmp_path, nlp, {"entities": {"verb": [mention]}}, text).reference
    assert gold.text == text
    assert spans(gold) == [(10, 12, "verb")]
    inside = {"text": "on", "start": 1, "end": 3}
    gold = read(tmp_path, nlp, {"entities": {"verb": [inside]}}, text).reference
    assert gold.text == text
    assert spans(gold) == [(1, 3, "verb")]


def test_offsets_may_enclose_blanks_which_no_span_can(tmp_path, nlp):
    mention = {"text": " runs  ", "start": 3, "end": 10}
    gold = read(tmp_path, nlp, {"entities": {"verb": [mention]}}, "Tim runs   far").reference
    assert spans(gold) == [(4, 8, "verb")]


def test_overlapping_mentions_are_all_spans_and_the_longest_is_the_entity(tmp_path, nlp):
    output = {"entities": {"person": ["Ann of York"], "city": ["York"]}}
    gold = read(tmp_path, nlp, output, "Ann of York came").reference
    assert spans(gold) == [(0, 11, "person"), (7, 11, "city")]
    assert [(e.text, e.label_) for e in gold.ents] == [("Ann of York", "person")]


def test_the_order_of_relations_does_not_tell_which_are_there(tmp_path, nlp):
    output = {
        "relations": [{"makes": {"head": "Apple", "tail": "iPhone"}}],
        "relation_descriptions": {"founded": "", "makes": "", "owns": ""},
    }
    gold = read(tmp_path, nlp, output).reference
    labels = [part["label"] for part in gold._.gliner2_schema["relations"]]
    assert labels == ["founded", "makes", "owns"]
    written = RecordWriter(nlp).record(gold)["output"]
    assert list(written["relation_descriptions"]) == labels


def test_several_instances_get_all_fields_and_equal_ones_count_once(tmp_path, nlp):
    a = {"order": {"item": "pizza", "size": "large"}}
    b = {"order": {"item": ["cola", "beer"], "place": "bar"}}
    text = "a large pizza, cola and beer at the bar"
    gold = read(tmp_path, nlp, {"json_structures": [a, b, a]}, text).reference
    texts = [
        {
            name: [v["text"] for v in value] if isinstance(value, list) else value and value["text"]
            for name, value in record.items()
        }
        for record in gold._.structures["order"]
    ]
    assert texts == [
        {"item": ["pizza"], "size": "large", "place": None},
        {"item": ["cola", "beer"], "size": None, "place": "bar"},
    ]


def test_a_relation_of_other_arguments_is_a_record_of_them(tmp_path, nlp):
    fields = {"buyer": "Tim Cook", "item": "iPhone", "price": "$999"}
    gold = read(tmp_path, nlp, {"relations": [{"buys": fields}]}).reference
    (record,) = gold._.structures["buys"]
    assert {name: value["text"] for name, value in record.items()} == fields
    assert gold._.relations is None


def test_choices_take_the_spelling_of_the_list(tmp_path, nlp):
    value = {"value": "PHONE", "choices": ["phone", "laptop"]}
    gold = read(tmp_path, nlp, {"json_structures": [{"p": {"kind": value}}]}).reference
    assert gold._.structures == {"p": [{"kind": {"text": "phone"}}]}


def test_several_true_labels_make_a_task_multi_label(tmp_path, nlp):
    task = {"task": "topic", "labels": ["a", "b", "c"], "true_label": ["c", "a"]}
    gold = read(tmp_path, nlp, {"classifications": [task]}).reference
    assert gold.cats == {"a": 1.0, "b": 0.0, "c": 1.0}
    assert gold._.gliner2_schema["classifications"][0]["multi_label"] is True


def test_tasks_that_share_a_label_need_the_prefix(tmp_path, nlp):
    tasks = [{"task": t, "labels": ["yes", "no"], "true_label": "yes"} for t in ("spam", "ham")]
    with pytest.raises(CorpusError, match=r"line 1: .*'yes' of 'ham'.*cats_prefix"):
        read(tmp_path, nlp, {"classifications": tasks})
    gold = read(tmp_path, nlp, {"classifications": tasks}, cats_prefix=True).reference
    assert gold.cats == {"spam:yes": 1.0, "spam:no": 0.0, "ham:yes": 1.0, "ham:no": 0.0}


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
