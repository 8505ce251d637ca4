"""Scores of relations and records, exact and lenient, against what a hand computes."""

import json

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_gliner2.inference.occurrences import Occurrences
from spacy_gliner2.matching import Matcher, Outcome, most_pairs
from spacy_gliner2.schema import FrozenSchema
from spacy_gliner2.scorer import score
from spacy_gliner2.training.corpus import CorpusOptions, JsonlCorpus

from .support.command import run

TEXT = "Dr. Ann Lee of Acme met Bob Lee of Acme in Rome."
ANN, ANN_LEE, ACME, BOB, ACME_2, ROME = (4, 7), (4, 11), (15, 19), (24, 27), (35, 39), (43, 47)


@pytest.fixture(scope="module")
def nlp():
    """A pipeline with the component, which registers the extensions."""
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"relations": ["of"]}})
    return nlp


def value(span, text=TEXT):
    return {"text": text[slice(*span)], "start": span[0], "end": span[1]}


def relation(label, head, tail):
    return {
        "label": label,
        "head": value(head) if isinstance(head, tuple) else {"text": head},
        "tail": value(tail) if isinstance(tail, tuple) else {"text": tail},
    }


def compare(found, gold, *, lenient):
    matcher = Matcher(Occurrences(TEXT), lenient=lenient)
    if isinstance(gold, dict):
        return matcher.records(found, gold)
    return matcher.relations(found, gold)


def right(found, gold, *, lenient):
    return {label: one.right for label, one in compare(found, gold, lenient=lenient).items()}


def test_overlap_suffices_leniently_at_both_ends_and_with_the_same_label():
    gold = [relation("of", ANN_LEE, ACME)]
    for found, exact, lenient in (
        (relation("of", ANN_LEE, ACME), 1, 1),
        (relation("of", ANN, ACME), 0, 1),
        (relation("of", ANN, ROME), 0, 0),
        (relation("of", BOB, ACME), 0, 0),
        (relation("of", (0, 3), ACME), 0, 0),
    ):
        assert compare([found], gold, lenient=False) == {"of": Outcome(exact, 1, 1)}
        assert compare([found], gold, lenient=True) == {"of": Outcome(lenient, 1, 1)}
    other = compare([relation("met", ANN_LEE, ACME)], gold, lenient=True)
    assert other == {"met": Outcome(0, 1, 0), "of": Outcome(0, 0, 1)}


def test_each_relation_is_right_once_and_as_many_as_possible_are():
    gold = [relation("of", ANN_LEE, ACME), relation("of", ANN, ACME)]
    # The first overlaps with both, the second with one alone.
    found = [relation("of", ANN, ACME), relation("of", (8, 11), ACME)]
    assert compare(found, gold, lenient=True) == {"of": Outcome(2, 2, 2)}
    twice = [relation("of", ANN, ACME), relation("of", ANN, ACME)]
    assert compare(twice, gold[:1], lenient=True) == {"of": Outcome(1, 1, 1)}


def test_gold_without_offsets_is_right_wherever_its_words_are():
    gold = [relation("of", "ann lee", "Acme")]
    for tail in (ACME, ACME_2):
        assert right([relation("of", ANN_LEE, tail)], gold, lenient=False) == {"of": 1}
    assert right([relation("of", ANN_LEE, ROME)], gold, lenient=False) == {"of": 0}
    assert right([relation("of", ANN, ACME_2)], gold, lenient=False) == {"of": 0}
    assert right([relation("of", ANN, ACME_2)], gold, lenient=True) == {"of": 1}
    assert right(gold, gold, lenient=False) == {"of": 1}


def test_choices_are_right_by_their_words_alone():
    gold = {"trip": [{"to": value(ROME), "by": {"text": "Acme"}}]}
    found = {"trip": [{"to": value(ROME), "by": {"text": "acme bus"}}]}
    for lenient in (False, True):
        assert compare(found, gold, lenient=lenient) == {"trip": Outcome(1, 2, 2)}
        assert compare(gold, gold, lenient=lenient) == {"trip": Outcome(2, 2, 2)}


def test_records_are_paired_by_what_they_have_in_common():
    gold = {
        "job": [
            {"who": value(ANN_LEE), "at": [value(ACME)], "in": None},
            {"who": value(BOB), "at": [value(ACME_2)], "in": value(ROME)},
        ]
    }
    found = {
        "job": [
            {"who": value(BOB), "at": [value(ACME_2), value(ACME)], "in": value(ROME)},
            {"who": value(ANN), "at": [], "in": value(ROME)},
        ],
        "trip": [{"to": value(ROME)}],
    }
    exact = compare(found, gold, lenient=False)
    assert exact == {"job": Outcome(3, 6, 5), "trip": Outcome(0, 1, 0)}
    assert compare(found, gold, lenient=True)["job"] == Outcome(4, 6, 5)


def test_a_value_in_another_field_is_wrong():
    gold = {"job": [{"who": value(ANN), "boss": value(BOB)}]}
    found = {"job": [{"who": value(BOB), "boss": value(ANN)}]}
    assert right(found, gold, lenient=True) == {"job": 0}


@given(
    st.lists(st.integers(0, 5), max_size=5),
    st.lists(st.integers(0, 5), max_size=5),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))),
)
def test_no_other_pairing_has_more_pairs(left, right, same):
    def most(rest, free):
        if not rest:
            return 0
        choices = [j for j in free if (rest[0], right[j]) in same]
        best = most(rest[1:], free)
        return max([best, *(1 + most(rest[1:], free - {j}) for j in choices)])

    found = most_pairs(left, right, lambda a, b: (a, b) in same)
    assert found == most(left, frozenset(range(len(right))))


def make(nlp, **parts):
    doc = nlp.make_doc(TEXT)
    for name, content in parts.items():
        doc._.set(name, content)
    return doc


def test_the_scorer_has_both_kinds_of_scores_each_per_type(nlp):
    gold = make(
        nlp,
        relations=[relation("of", ANN_LEE, ACME), relation("met", ANN_LEE, BOB)],
        structures={"trip": [{"to": value(ROME)}]},
    )
    found = make(
        nlp,
        relations=[relation("of", ANN, ACME), relation("met", ANN_LEE, BOB)],
        structures={"trip": [{"to": value((40, 47))}]},
    )
    scores = score([Example(found, gold)])
    assert scores["rel_micro_f"] == 0.5
    assert scores["rel_lenient_p"] == scores["rel_lenient_r"] == scores["rel_lenient_f"] == 1.0
    assert {k: v["f"] for k, v in scores["rel_f_per_type"].items()} == {"of": 0.0, "met": 1.0}
    assert {k: v["f"] for k, v in scores["rel_lenient_f_per_type"].items()} == {"met": 1, "of": 1}
    assert scores["structures_f"] == 0.0
    assert scores["structures_lenient_f"] == 1.0
    assert scores["structures_lenient_f_per_type"]["trip"]["f"] == 1.0


def test_a_perfect_prediction_is_scored_as_one_whatever_the_tokens(nlp):
    text = "이마트가 Paris-based 문을"
    gold = Doc(nlp.vocab, words=["이마트", "가", "Paris", "-based", "문을"], spaces=[0, 1, 0, 1, 0])
    assert gold.text == text
    gold.spans["gliner2"] = [
        gold.char_span(0, 3, "company"),
        gold.char_span(5, 10, "city"),
    ]
    gold.set_ents(list(gold.spans["gliner2"]))
    found = Doc(nlp.vocab, words=["이마트가", "Paris-based", "문을"], spaces=[1, 1, 0])
    spans = [found.char_span(0, 4, "company"), found.char_span(5, 16, "city")]
    found.spans["gliner2"] = spans
    found.set_ents(spans)
    schema = FrozenSchema.from_dict({"entities": ["company", "city"]})
    scores = score([Example(found, gold)], schema=schema)
    assert scores["ents_f"] == scores["spans_gliner2_f"] == 1.0
    strict = score([Example(found, gold)], schema=schema, alignment_mode="strict")
    assert strict["ents_f"] == strict["spans_gliner2_f"] == 0.0


RECORDS = [
    {
        "text": "Marie Curie moved from Warsaw to Paris.",
        "schema": {
            "entities": {"person": ["Marie Curie"], "location": ["Warsaw", "Paris"]},
            "classifications": [
                {"task": "tone", "labels": ["calm", "angry"], "true_label": "calm"}
            ],
            "relation_descriptions": {"manufactures": ""},
            "json_structures": [{"move": {"who": "Marie Curie"}}],
        },
    },
    {"text": "Tim Cook met her.", "entities": {"politician": [], "person": ["Tim Cook"]}},
]


def test_texts_with_schemas_of_their_own_are_scored_by_these(nlp, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    pipeline = spacy.blank("en")
    pipeline.add_pipe("gliner2")
    own = JsonlCorpus(path, options=CorpusOptions(schema="record"))
    scores = pipeline.evaluate(own(pipeline))
    assert scores["ents_r"] > 0.5
    assert scores["cats_f_per_type"].keys() == {"calm", "angry"}
    assert scores["structures_f"] is not None
    assert "ents_f" not in pipeline.evaluate(JsonlCorpus(path)(pipeline))


def test_evaluate_shows_every_task_per_type_and_writes_all_scores(tmp_path):
    pipeline = spacy.blank("en")
    schema = {
        "entities": ["person", "location"],
        "classifications": [
            {"task": "tone", "labels": ["calm", "angry"]},
            {"task": "length", "labels": ["short", "long"]},
        ],
        "relations": ["lives_in"],
        "structures": {"move": {"fields": [{"name": "who", "dtype": "str"}]}},
    }
    pipeline.add_pipe("gliner2", config={"schema": schema})
    pipeline.to_disk(tmp_path / "model")
    doc = pipeline(RECORDS[0]["text"])
    ends = {"head": value((0, 11), doc.text), "tail": value((33, 38), doc.text)}
    doc._.relations = [{"label": "lives_in", **ends}]
    doc._.structures = {"move": [{"who": value((0, 5), doc.text)}]}
    doc.cats = {"calm": 1.0, "angry": 0.0, "short": 1.0, "long": 0.0}
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
    output = tmp_path / "metrics" / "scores.json"
    shown = run("evaluate", tmp_path / "model", tmp_path / "a.spacy", "-o", output).stdout
    for title in ("Entities", "Spans", "Labels", "Relations", "Records"):
        assert f"{title} per type" in shown
    for text in ("Relations, lenient", "Records, lenient", "lives_in", "move", "calm", "length"):
        assert text in shown
    scores = json.loads(output.read_text())
    assert scores["ents_f"] == 1.0
    assert {"rel_lenient_f_per_type", "structures_f_per_type", "cats_score_per_task"} <= set(scores)


@pytest.mark.parametrize("command", ["evaluate", "convert", "debug-data"])
def test_a_command_is_told_which_of_several_components_its_corpus_is_for(tmp_path, command):
    pipeline = spacy.blank("en")
    for name in ("people", "places"):
        config = {"schema": {"entities": [name]}, "spans_key": name}
        pipeline.add_pipe("gliner2", name=name, config=config)
    pipeline.config.to_disk(tmp_path / "config.cfg")
    data = tmp_path / "a.jsonl"
    data.write_text(json.dumps({"input": "Ann left", "output": {"entities": {"places": []}}}))
    arguments = {
        "evaluate": (tmp_path / "config.cfg", data),
        "convert": (data, tmp_path / "a.spacy", "--config", tmp_path / "config.cfg"),
        "debug-data": (data, data, "--config", tmp_path / "config.cfg"),
    }[command]
    refused = run(command, *arguments, status=1).stderr
    assert "--component: None is none" in refused
    assert "people, places" in refused
    unknown = run(command, *arguments, "--component", "ner", status=1).stderr
    assert "--component: 'ner' is none" in unknown
    run(command, *arguments, "--component", "places")
    if command == "convert":
        (doc,) = DocBin().from_disk(tmp_path / "a.spacy").get_docs(pipeline.vocab)
        assert list(doc.spans) == ["places"]


def test_evaluate_refuses_what_it_cannot_use(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "model")
    path = tmp_path / "a.jsonl"
    path.write_text("\n")
    assert "'gliner2'" in run("evaluate", tmp_path / "model", path, status=1).stderr
    config = tmp_path / "config.cfg"
    pipeline = spacy.blank("en")
    pipeline.add_pipe("gliner2")
    pipeline.config.to_disk(config)
    assert "has no texts" in run("evaluate", config, path, status=1).stderr
    assert "schema" in run("evaluate", config, path, "--schema-of", "component", status=1).stderr
