"""Prodigy and Label Studio: proposals go there, and what people made of them comes back."""

import json
from xml.etree import ElementTree

import pytest
import spacy

from spacy_gliner2.annotation_tools import (
    read_label_studio,
    read_prodigy,
    read_results,
    write_label_studio,
    write_prodigy,
    write_results,
)
from spacy_gliner2.row_check import RowError, check_row
from spacy_gliner2.rows import Places, doc_to_row, row_to_doc
from spacy_gliner2.schema import FrozenSchema
from spacy_gliner2.training.gold import GoldKeys, GoldReader
from spacy_gliner2.training.problems import Problems

from .support.rows import PRESS, empty_row, hostile_row, press_row, spot


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


@pytest.fixture
def docs(nlp):
    hostile = hostile_row()
    hostile["relations"][0]["head"]["label"] = None
    rows = [press_row(), hostile, empty_row()]
    return [row_to_doc(check_row(row, "row"), nlp) for row in rows]


def test_an_argument_that_has_a_label_becomes_an_entity(nlp, tmp_path):
    doc = row_to_doc(check_row(hostile_row(), "row"), nlp)
    label = doc._.relations[0]["head"]["label"]
    write_prodigy([doc], tmp_path / "tasks.jsonl")
    (back,) = read_prodigy(tmp_path / "tasks.jsonl", nlp)
    assert ("Tags", label) in [(e.text, e.label_) for e in back.ents]


def places(mentions):
    return [(m["start"], m["end"], m["label"]) for m in mentions]


def links(row):
    ends = [(r["head"], r["label"], r["tail"]) for r in row["relations"]]
    return [(*places([head]), label, *places([tail])) for head, label, tail in ends]


def write_lines(path, *tasks):
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks), encoding="utf8")
    return path


def write_tasks(path, *tasks):
    path.write_text(json.dumps(tasks), encoding="utf8")
    return path


def test_results_of_extract_become_docs_and_come_back_the_same(docs, nlp, tmp_path):
    path = tmp_path / "rows.jsonl"
    assert write_results(docs, path) == 3
    again = list(read_results(path, nlp))
    assert [doc_to_row(doc) for doc in again] == [doc_to_row(doc) for doc in docs]
    write_results(again, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_annotations_may_be_in_other_places(nlp, tmp_path):
    places = Places("found", "links", "tables", "sure")
    doc = row_to_doc(check_row(press_row(), "row"), nlp, places)
    for write, read, name in (
        (write_prodigy, read_prodigy, "tasks.jsonl"),
        (write_results, read_results, "rows.jsonl"),
    ):
        write([doc], tmp_path / name, places)
        keep = {"keep_structures": True} if read is read_prodigy else {}
        (back,) = read(tmp_path / name, nlp, places, **keep)
        assert [link["label"] for link in back._.links] == ["works_for", "costs"]
        assert back._.tables == doc._.tables
        assert back.spans["found"]
        assert "gliner2" not in back.spans


# Prodigy


def test_prodigy_gets_spans_that_do_not_overlap_on_its_own_tokens(docs, nlp, tmp_path):
    path = tmp_path / "tasks.jsonl"
    assert write_prodigy(docs, path) == 3
    task = json.loads(path.read_text().splitlines()[0])
    assert (task["text"], task["id"]) == (PRESS, "news-41")
    ends = 0
    for span in task["spans"]:
        assert span["start"] >= ends
        ends = span["end"]
        first, last = (task["tokens"][span[f"token_{side}"]] for side in ("start", "end"))
        assert (first["start"], last["end"]) == (span["start"], span["end"])
    assert [(PRESS[s["start"] : s["end"]], s["label"]) for s in task["spans"]] == [
        ("Apple", "company"),
        ("Tim Cook", "person"),
        ("iPhone 15", "argument"),
        ("Cupertino", "location"),
        ("$799", "argument"),
    ]
    assert task["spans"][0]["score"] == 0.98
    works_for, _ = task["relations"]
    assert (works_for["head"], works_for["child"], works_for["label"]) == (3, 0, "works_for")
    assert [option["id"] for option in task["options"]] == ["positive", "negative", "neutral"]
    assert task["accept"] == ["positive"]
    assert task["structures"] == press_row()["structures"]


def test_what_prodigy_leaves_unchanged_comes_back_as_the_truth(docs, nlp, tmp_path):
    path = tmp_path / "tasks.jsonl"
    write_prodigy(docs, path)
    again = list(read_prodigy(path, nlp, keep_structures=True))
    for doc, back in zip(docs, again, strict=True):
        before, after = doc_to_row(doc), doc_to_row(back)
        assert [(e.text, e.label_) for e in back.ents] == [(e.text, e.label_) for e in doc.ents]
        assert links(after) == links(before)
        assert after["cats"] == {key: float(p >= 0.5) for key, p in before["cats"].items()}
        assert after["structures"] == before["structures"]
        assert {**after, **doc.user_data.get("row", {})} == after


def test_corrections_made_in_prodigy_are_read(nlp, tmp_path):
    task = {
        "text": "Ann Lee runs Acme in Rome.",
        "_input_hash": 1,
        "_view_id": "relations",
        "source": "wire",
        "tokens": [
            {"text": text, "id": n, "start": start, "end": start + len(text)}
            for n, (text, start) in enumerate(
                [("Ann", 0), ("Lee", 4), ("runs", 8), ("Acme", 13), ("in", 18), ("Rome", 21)]
            )
        ],
        "spans": [
            {"start": 0, "end": 7, "token_start": 0, "token_end": 1, "label": "person"},
            {"start": 13, "end": 17, "token_start": 3, "token_end": 3, "label": "company"},
        ],
        "relations": [
            {"head": 1, "child": 3, "label": "runs"},
            {"head": 3, "child": 5, "label": "in"},
        ],
        "answer": "accept",
    }
    (doc,) = read_prodigy(write_lines(tmp_path / "out.jsonl", task), nlp)
    assert [(e.text, e.label_) for e in doc.ents] == [("Ann Lee", "person"), ("Acme", "company")]
    row = doc_to_row(doc)
    assert links(row) == [
        ((0, 7, "person"), "runs", (13, 17, "company")),
        ((13, 17, "company"), "in", (21, 25, None)),
    ]
    assert doc.user_data["row"] == {"source": "wire"}


def test_answers_that_are_no_answers_are_left_out_with_one_warning(nlp, tmp_path):
    tasks = [
        {"text": "a", "answer": "accept", "accept": ["x"], "options": [{"id": "x"}, {"id": "y"}]},
        {"text": "b", "answer": "reject", "spans": []},
        {"text": "c", "answer": "ignore"},
        {"text": "d", "answer": "ignore"},
        {"text": "e", "answer": "reject", "label": "spam"},
        {"text": "f", "answer": "accept", "label": "spam"},
    ]
    path = write_lines(tmp_path / "out.jsonl", *tasks)
    with pytest.warns(UserWarning, match="left out 1 tasks .*'reject', 2 tasks .*'ignore'") as seen:
        docs = list(read_prodigy(path, nlp))
    assert len(seen) == 1
    assert [(doc.text, doc.cats) for doc in docs] == [
        ("a", {"x": 1.0, "y": 0.0}),
        ("e", {"spam": 0.0}),
        ("f", {"spam": 1.0}),
    ]


def known(doc):
    """What a Doc says anything of."""
    gold = GoldReader(GoldKeys("gliner2", "relations", "structures", False), Problems())
    schema = FrozenSchema.from_dict(
        {
            "entities": ["person"],
            "relations": ["knows"],
            "structures": {"product_info": {"fields": ["name"]}},
            "classifications": [{"task": "topic", "labels": ["x", "y"]}],
        }
    )
    found = gold.read(doc, schema)
    parts = {part: getattr(found, part) for part in ("entities", "relations", "records")}
    return {part for part, value in parts.items() if value is not None} | set(found.labels)


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ({"accept": ["x"], "options": [{"id": "x"}, {"id": "y"}]}, {"topic"}),
        ({"label": "x", "answer": "reject"}, {"topic"}),
        ({"spans": []}, {"entities"}),
        ({"relations": []}, {"relations"}),
        ({"spans": [], "relations": []}, {"entities", "relations"}),
        ({"structures": press_row()["structures"]}, set()),
    ],
)
def test_nothing_is_said_of_what_a_task_of_prodigy_did_not_ask(nlp, tmp_path, answer, parts):
    path = write_lines(tmp_path / "out.jsonl", {"text": PRESS, **answer})
    (doc,) = read_prodigy(path, nlp)
    assert known(doc) == parts
    (doc,) = read_prodigy(path, nlp, keep_structures=True)
    assert known(doc) == parts | ({"records"} if "structures" in answer else set())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text"', "line 2: is no JSON"),
        ("[]", "line 2: has None under 'text'; give one of type str"),
        (
            '{"text": "a", "spans": [{"start": 0}]}',
            "a span: has None under 'end'; give one of type int",
        ),
        ('{"text": "a", "spans": [{"start": 0, "end": 9, "label": "x"}]}', "0 to 9 is no part"),
        ('{"text": "a", "relations": [{"head": 4, "label": "r"}]}', "ends at the token 4"),
    ],
)
def test_a_line_that_is_no_task_is_named(nlp, tmp_path, line, message):
    path = tmp_path / "out.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(RowError, match=message):
        list(read_prodigy(path, nlp))


# Label Studio


def test_label_studio_gets_every_mention_and_an_interface_for_them(docs, nlp, tmp_path):
    path = tmp_path / "tasks.json"
    assert write_label_studio(docs, path) == 3
    task = json.loads(path.read_text())[0]
    assert (task["data"]["text"], task["data"]["id"]) == (PRESS, "news-41")
    (prediction,) = task["predictions"]
    regions = {r["id"]: r["value"] for r in prediction["result"] if r["type"] == "labels"}
    assert all(PRESS[v["start"] : v["end"]] == v["text"] for v in regions.values())
    assert sorted(v["labels"][0] for v in regions.values()) == [
        *["argument"] * 2,
        *["company"] * 2,
        *["location", "person", "role"],
    ]
    works_for = next(r for r in prediction["result"] if r["type"] == "relation")
    assert [regions[works_for[end]]["text"] for end in ("from_id", "to_id")] == [
        "Tim Cook",
        "Apple",
    ]
    assert prediction["result"][-1]["value"] == {"choices": ["positive"]}
    view = ElementTree.parse(path.with_suffix(".xml")).getroot()
    assert {label.get("value") for label in view.iter("Label")} >= {"person", "argument"}
    assert {label.get("value") for label in view.iter("Relation")} >= {"works_for", "costs"}
    named = {part.get("name") for part in view.iter() if part.get("name")}
    assert named == {r["from_name"] for r in prediction["result"] if "from_name" in r} | {"text"}


def test_what_label_studio_leaves_unchanged_comes_back_as_the_truth(docs, nlp, tmp_path):
    path = tmp_path / "tasks.json"
    write_label_studio(docs, path)
    tasks = json.loads(path.read_text())
    for task in tasks:
        task["annotations"] = [{"result": task["predictions"][0]["result"]}]
    again = list(read_label_studio(write_tasks(path, *tasks), nlp, keep_structures=True))
    for doc, back in zip(docs, again, strict=True):
        before, after = doc_to_row(doc), doc_to_row(back)
        assert sorted(places(after["entities"])) == sorted(places(before["entities"]))
        assert links(after) == links(before)
        assert after["cats"] == {key: float(p >= 0.5) for key, p in before["cats"].items()}
        assert after["structures"] == before["structures"]


def region(text, part, label, key, **value):
    found = spot(text, part)
    found.update(labels=[label], **value)
    return {"id": key, "type": "labels", "value": found}


def annotated(text, *results, **more):
    return {"data": {"text": text}, "annotations": [{"result": list(results), **more}]}


def test_nothing_is_said_of_what_no_task_of_label_studio_has(nlp, tmp_path):
    ann = region("Ann came.", "Ann", "person", "a")
    topic = {"type": "choices", "value": {"choices": ["x"]}}
    link = {"type": "relation", "from_id": "a", "to_id": "a", "labels": ["knows"]}
    for results, parts in (
        ([ann], {"entities"}),
        ([topic], {"topic"}),
        ([ann, link], {"entities", "relations"}),
    ):
        tasks = [annotated("Ann came.", *results), annotated("Nobody came.")]
        for task in tasks:
            task["data"].update(cats={"x": 0.9, "y": 0.1}, structures=press_row()["structures"])
        docs = list(read_label_studio(write_tasks(tmp_path / "out.json", *tasks), nlp))
        assert [known(doc) for doc in docs] == [parts, parts]
        assert docs[1].cats == ({"x": 0.0, "y": 0.0} if "topic" in parts else {})


def test_relations_have_the_direction_that_people_gave_them(nlp, tmp_path):
    text = "Ann knows Bob."
    ends = region(text, "Ann", "person", "a"), region(text, "Bob", "person", "b")
    found = []
    for direction in ("right", "left", "bi"):
        link = {"type": "relation", "from_id": "a", "to_id": "b", "direction": direction}
        task = annotated(text, *ends, {**link, "labels": ["knows"]})
        (doc,) = read_label_studio(write_tasks(tmp_path / "out.json", task), nlp)
        found.append([(r["head"]["text"], r["tail"]["text"]) for r in doc._.relations])
    assert found == [[("Ann", "Bob")], [("Bob", "Ann")], [("Ann", "Bob"), ("Bob", "Ann")]]
    task = annotated(text, *ends, {**link, "direction": "right", "labels": []})
    (doc,) = read_label_studio(write_tasks(tmp_path / "out.json", task), nlp)
    assert [relation["label"] for relation in doc._.relations] == ["related"]


def test_offsets_that_count_as_javascript_does_are_put_right(nlp, tmp_path):
    text = "💩💩 Ann came."
    old = region(text, "Ann", "person", "a", start=5, end=8)
    new = region(text, "Ann", "person", "a")
    for result in (old, new):
        (doc,) = read_label_studio(write_tasks(tmp_path / "out.json", annotated(text, result)), nlp)
        assert [e.text for e in doc.ents] == ["Ann"]
    wrong = region(text, "Ann", "person", "a", start=1, end=4)
    with pytest.raises(RowError, match="task 1: the region 'a' has the text 'Ann'"):
        list(read_label_studio(write_tasks(tmp_path / "out.json", annotated(text, wrong)), nlp))


def test_the_annotation_that_counts_is_taken_and_the_rest_left_out_with_one_warning(nlp, tmp_path):
    text = "Ann came."
    person, animal = region(text, "Ann", "person", "a"), region(text, "Ann", "animal", "a")
    tasks = [
        {
            "data": {"text": text},
            "annotations": [
                {"result": [animal], "was_cancelled": True},
                {"result": [animal]},
                {"result": [person, {"type": "rating"}], "ground_truth": True},
            ],
        },
        {"data": {"text": text}, "annotations": [], "predictions": [{"result": [person]}]},
    ]
    path = write_tasks(tmp_path / "out.json", *tasks)
    expected = "left out 1 results of the type 'rating', 1 tasks without an annotation"
    with pytest.warns(UserWarning, match=expected) as seen:
        (doc,) = read_label_studio(path, nlp)
    assert len(seen) == 1
    assert [(e.text, e.label_) for e in doc.ents] == [("Ann", "person")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("{}", "is no list of tasks; export the project as JSON"),
        ('[{"text": "a"}]', r"task 1 \(which only the export 'JSON' has\): has None under 'data'"),
        (
            '[{"data": {"text": "a"}, "annotations": [{"result": [{"type": "relation"}]}]}]',
            "task 1: a relation ends at None, which is no region",
        ),
    ],
)
def test_an_export_of_another_kind_is_named(nlp, tmp_path, content, message):
    path = tmp_path / "out.json"
    path.write_text(content)
    with pytest.raises(RowError, match=message):
        list(read_label_studio(path, nlp))


def test_the_interface_holds_any_label(docs, nlp, tmp_path):
    row = {**empty_row(), "cats": {'<a "b" & c>': 0.9}}
    doc = row_to_doc(check_row(row, "row"), nlp)
    write_label_studio([doc], tmp_path / "tasks.json")
    view = ElementTree.parse(tmp_path / "tasks.xml").getroot()
    assert [choice.get("value") for choice in view.iter("Choice")] == ['<a "b" & c>']
