"""What a record of the reference's JSONL says, in each of its forms."""

import pytest
import spacy

from spacy_gliner2.training.corpus import CorpusError, JsonlCorpus, RecordWriter

from .support.records import OF_RECORD, RECORD, TEXT, read, spans, write


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


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
