"""What is said of training and evaluation data before anything is trained."""

import json

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner2.training.corpus import CorpusOptions, JsonlCorpus

from .support.command import run

CONFIG = """
[nlp]
lang = "en"
pipeline = ["gliner2"]

[components]

[components.gliner2]
factory = "gliner2"
schema = {"entities": ["person","city"],"relations": ["lives_in"]}
"""


def write(path, *records):
    lines = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf8")
    return path


def debug(tmp_path, train, dev=(), *args, status=0):
    """The report on some records, as data."""
    dev = dev or [{"text": "Nobody came.", "entities": {"person": [], "city": []}}]
    train_path = write(tmp_path / "train.jsonl", *train)
    dev_path = write(tmp_path / "dev.jsonl", *dev)
    result = run("debug-data", train_path, dev_path, "--json", *args, status=status)
    return json.loads(result.stdout)


def found(report, kind, data="train"):
    return [
        (finding["where"].rpartition("/")[2], finding["what"])
        for finding in report["findings"]
        if finding["kind"] == kind and finding["data"] == data
    ]


def test_every_label_is_counted_where_it_is_and_where_it_is_not(tmp_path):
    train = [
        {
            "text": "Ann lives in Rome. Ann likes it.",
            "schema": {
                "entities": {"person": ["Ann"], "city": ["Rome"]},
                "relations": [{"lives_in": {"head": "Ann", "tail": "Rome"}}],
                "json_structures": [{"home": {"who": "Ann", "floor": ""}}],
                "classifications": [
                    {"task": "tone", "labels": ["calm", "angry"], "true_label": "calm"}
                ],
            },
        },
        {
            "text": "Nobody came.",
            "schema": {
                "entities": {"person": []},
                "relation_descriptions": {"lives_in": ""},
                "json_structures": [{"home": {"who": "", "floor": ""}}],
            },
        },
    ]
    counts = debug(tmp_path, train)["train"]
    assert (counts["texts"], counts["words"], counts["longest"]) == (2, 12, 9)
    assert counts["entities"] == {
        "person": {"gold": 2, "present": 1, "absent": 1},
        "city": {"gold": 1, "present": 1, "absent": 0},
    }
    assert counts["relations"] == {"lives_in": {"gold": 1, "present": 1, "absent": 1}}
    assert counts["structures"] == {"home": {"gold": 1, "present": 1, "absent": 1}}
    assert counts["fields"]["home.who"]["gold"] == 1
    assert counts["fields"]["home.floor"]["gold"] == 0
    assert counts["classifications"] == {
        "tone: calm": {"gold": 1, "present": 1, "absent": 0},
        "tone: angry": {"gold": 0, "present": 0, "absent": 1},
    }


def test_good_data_pass(tmp_path):
    train = [{"text": f"Person {n} came.", "entities": {"n": [str(n)]}} for n in range(25)]
    train.append({"text": "Nobody came.", "entities": {"n": []}})
    dev = [{"text": "Person 99 came.", "entities": {"n": ["99"]}}]
    report = debug(tmp_path, train, dev)
    assert report["ok"] is True
    assert report["findings"] == []
    result = run("debug-data", tmp_path / "train.jsonl", tmp_path / "dev.jsonl")
    assert "Nothing is wrong" in result.stdout


def test_lines_that_cannot_be_used_are_all_listed_and_fail(tmp_path):
    train = [
        "{broken",
        {"text": "a b", "entities": {"x": ["c"]}},
        {"text": "a b", "entities": {"x": [{"text": "b", "start": 0, "end": 1}]}},
        {"text": "a b", "entities": {"x": ["a"]}},
    ]
    report = debug(tmp_path, train, status=1)
    assert report["ok"] is False
    unreadable = found(report, "unreadable")
    assert [where for where, _ in unreadable] == ["train.jsonl, line 1", "train.jsonl, line 3"]
    assert "is no JSON" in unreadable[0][1]
    assert found(report, "missing") == [("train.jsonl, line 2", "entities.x[0]: 'c'")]
    assert report["train"]["texts"] == 2


def test_what_the_model_cannot_learn_is_listed(tmp_path):
    wide = "one two three four five six seven eight nine"
    train = [
        {"text": f"It says {wide}!", "entities": {"title": [wide], "ok": [wide[:39]]}},
        {"text": "unhappy", "entities": {"root": [{"text": "happy", "start": 2, "end": 7}]}},
        {
            "text": "A " * 20,
            "relations": [
                {"next": {"head": at(n), "tail": at(n + 2)}} for n in range(0, 39, 2) if n < 38
            ]
            + [{"next": {"head": at(38), "tail": at(0)}}],
        },
        {"text": " \t", "entities": {"ok": []}},
        {"text": "And?", "entities": {}},
    ]
    report = debug(tmp_path, train)
    assert found(report, "too_wide") == [("train.jsonl, line 1", f"entity title: {wide!r}")]
    assert found(report, "inside_word") == [("train.jsonl, line 2", "entity root: 'happy'")]
    assert found(report, "too_many") == [("train.jsonl, line 3", "relation next: 20")]
    assert found(report, "blank") == [("train.jsonl, line 4", "' \\t'")]
    assert found(report, "no_annotation") == [("train.jsonl, line 5", "'And?'")]


def at(start):
    return {"text": "A", "start": start, "end": start + 1}


def test_relation_ends_that_are_no_mentions_are_listed(tmp_path):
    train = [
        {
            "text": "Ann of Rome met Bob of Rome",
            "entities": {"person": ["Ann", "Bob"]},
            "relations": [
                {"met": {"head": "Ann", "tail": "Bob"}},
                {"from": {"head": "Ann", "tail": {"text": "Rome", "start": 7, "end": 11}}},
                {"from": {"head": "Bob", "tail": "Rome"}},
            ],
        },
        {"text": "Ann met Bob", "relations": [{"met": {"head": "Ann", "tail": "Bob"}}]},
    ]
    report = debug(tmp_path, train)
    end = ("train.jsonl, line 1", "tail of from: 'Rome'")
    assert found(report, "loose_end") == [end, end]


def test_texts_in_both_or_twice_are_listed_whatever_their_blanks(tmp_path):
    train = [
        {"text": "The same  text", "entities": {"x": []}},
        {"text": "Another text", "entities": {"x": []}},
        {"text": "Another text ", "entities": {"x": []}},
    ]
    report = debug(tmp_path, train, [{"text": " The same text", "entities": {"x": []}}])
    places = [finding["where"] for finding in report["findings"] if finding["kind"] == "leak"]
    assert len(places) == 1
    assert "train.jsonl, line 1 and " in places[0]
    assert places[0].endswith("dev.jsonl, line 1")
    assert len(found(report, "twice", "both")) == 1


def test_labels_are_held_against_the_schema_of_the_component(tmp_path):
    config = tmp_path / "config.cfg"
    config.write_text(CONFIG)
    train = [
        {"text": "Ann left", "entities": {"person": ["Ann"]}},
        {"text": "Acme left", "entities": {"company": ["Acme"]}},
        {"text": "Acme came", "entities": {"company": ["Acme"]}},
    ]
    report = debug(tmp_path, train, (), "--config", config, status=1)
    assert found(report, "unknown_label") == [("train.jsonl, line 2", "entity company, in 2 texts")]
    assert [what for _, what in found(report, "unused_label", "both")] == [
        "entity city",
        "relation lives_in",
    ]
    assert report["train"]["entities"]["person"] == {"gold": 1, "present": 1, "absent": 2}
    of_records = debug(tmp_path, train, (), "--config", config, "--schema-of", "record")
    assert of_records["ok"] is True


def test_class_labels_that_do_not_fit_the_schema_are_named(tmp_path):
    config = tmp_path / "config.cfg"
    tasks = [{"task": "tone", "labels": ["calm", "angry"]}]
    asked = f'"classifications": {json.dumps(tasks)}'
    config.write_text(CONFIG.replace('"relations": ["lives_in"]', asked))

    def record(labels, *right):
        task = {"task": "tone", "labels": labels, "true_label": list(right)}
        return {"text": "Ann left", "schema": {"classifications": [task]}}

    train = [record(["calm", "happy"], "calm"), record(["calm", "angry"], "calm", "angry")]
    report = debug(tmp_path, train, (), "--config", config, status=1)
    assert found(report, "unknown_label") == [("train.jsonl, line 1", "label happy, in 1 texts")]
    assert found(report, "several_labels") == [("train.jsonl, line 2", "tone: calm, angry")]


def test_a_doc_is_looked_through_by_its_own_schema_before_the_components(tmp_path):
    config = tmp_path / "config.cfg"
    config.write_text(CONFIG)
    tone = {"task": "tone", "labels": ["calm", "angry"], "true_label": "calm"}
    record = {"text": "Ann left", "schema": {"classifications": [tone]}}
    path = write(tmp_path / "a.jsonl", record)
    docs = list(JsonlCorpus(path, options=CorpusOptions(schema="record")).docs(spacy.blank("en")))
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "a.spacy")
    args = (tmp_path / "a.spacy", tmp_path / "a.spacy", "--json", "--config", config)
    report = json.loads(run("debug-data", *args, "--schema-of", "component").stdout)
    assert report["ok"] is True
    assert report["train"]["classifications"]["tone: calm"]["present"] == 1


def test_a_class_label_alone_in_a_doc_without_schema_is_worth_a_look(tmp_path):
    nlp = spacy.blank("en")
    docs = [nlp.make_doc("Ann left"), nlp.make_doc("Bob came")]
    for doc, label in zip(docs, ("calm", "angry"), strict=True):
        doc.cats = {label: 1.0}
        doc.spans["gliner2"] = []
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "a.spacy")
    path = tmp_path / "a.spacy"
    report = json.loads(run("debug-data", path, path, "--json").stdout)
    assert [what for _, what in found(report, "lone_label")] == ["calm", "angry"]


def test_labels_that_are_rare_always_there_or_never_taught_are_named(tmp_path):
    train = [{"text": f"Ann {n}", "entities": {"person": ["Ann"]}} for n in range(19)]
    dev = [{"text": "Bob in Rome", "entities": {"person": ["Bob"], "city": ["Rome"]}}]
    report = debug(tmp_path, train, dev)
    assert [what for _, what in found(report, "few", "both")] == ["entity person: 19"]
    assert [what for _, what in found(report, "never_absent", "both")] == ["entity person"]
    assert [what for _, what in found(report, "unlearned_label", "both")] == ["entity city"]


def test_spacy_files_are_looked_through_too(tmp_path):
    record = {"text": "Ann left", "entities": {"person": ["Ann"], "city": []}}
    path = write(tmp_path / "a.jsonl", record)
    docs = list(JsonlCorpus(path, options=CorpusOptions(schema="record")).docs(spacy.blank("en")))
    docs[0]._.relations = [{"label": "r", "head": {"text": "Ann"}, "tail": {"text": "Bob"}}]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "a.spacy")
    result = run("debug-data", tmp_path / "a.spacy", path, "--json", status=1)
    report = json.loads(result.stdout)
    assert report["train"]["entities"] == report["dev"]["entities"]
    assert ("a.spacy, Doc 1", "tail of r: 'Bob'") in found(report, "missing")


def test_the_report_for_people_shows_the_first_findings_and_all_on_demand(tmp_path):
    train = [{"text": f"Ann {n}", "entities": {"person": ["Bob"]}} for n in range(8)]
    paths = [write(tmp_path / f"{name}.jsonl", *train) for name in ("train", "dev")]
    short = run("debug-data", *paths, status=1).stdout
    assert "train: 8 values are not in the text as whole words" in short
    assert "line 5: entities.person[0]: 'Bob'" in " ".join(short.split())
    assert "and 3 more; --all shows them" in short
    whole = " ".join(run("debug-data", *paths, "--all", status=1).stdout.split())
    assert "line 8: entities.person[0]: 'Bob'" in whole


@pytest.mark.parametrize(
    ("options", "part"),
    [("--schema-of component", "--schema-of"), ("--config nowhere", "nowhere")],
)
def test_options_that_cannot_be_followed_are_refused(tmp_path, options, part):
    path = write(tmp_path / "a.jsonl", {"text": "a", "entities": {"x": []}})
    assert part in run("debug-data", path, path, *options.split(), status=1).stderr


def test_empty_data_fail(tmp_path):
    report = debug(tmp_path, [], status=1)
    assert found(report, "no_texts") == [("", "none")]
