"""Scores, against what a hand computes."""

from pathlib import Path

import pytest
import spacy
from spacy.cli.evaluate import evaluate
from spacy.cli.find_threshold import find_threshold
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_gliner2.factory import DEFAULT_SCORE_WEIGHTS
from spacy_gliner2.schema import FrozenSchema
from spacy_gliner2.scorer import score

TEXT = "Marie Curie moved from Warsaw to Paris in 1891 and stayed there."
MARIE, WARSAW, PARIS, YEAR = (0, 11), (23, 29), (33, 38), (42, 46)
TONE = {"task": "tone", "labels": ["calm", "angry"]}
TOPIC = {
    "task": "topic",
    "labels": ["sport", "politics"],
    "multi_label": True,
    "cls_threshold": 0.3,
}


@pytest.fixture(scope="module")
def nlp():
    """A pipeline of all tasks; it also registers the extensions."""
    nlp = spacy.blank("en")
    schema = {
        "entities": ["person", "location"],
        "classifications": [TONE, TOPIC],
        "relations": ["moved_to"],
        "structures": {"move": {"fields": ["who::str", "year"]}},
    }
    nlp.add_pipe("gliner2", config={"schema": schema})
    return nlp


def make_doc(nlp, ents=None, cats=None, relations=None, structures=None):
    doc = nlp.make_doc(TEXT)
    if ents is not None:
        spans = [doc.char_span(*span, label=label) for *span, label in ents]
        doc.spans["gliner2"] = spans
        doc.set_ents(spacy.util.filter_spans(spans))
    if cats is not None:
        doc.cats = cats
    if relations is not None:
        doc._.relations = [relation(*one) for one in relations]
    if structures is not None:
        doc._.structures = structures
    return doc


def relation(label, head, tail):
    ends = [{"start": start, "end": end} for start, end in (head, tail)]
    return {"label": label, "head": ends[0], "tail": ends[1]}


def value(span):
    return {"text": TEXT[slice(*span)], "start": span[0], "end": span[1]}


def examples(nlp, *pairs):
    return [Example(make_doc(nlp, **found), make_doc(nlp, **gold)) for found, gold in pairs]


def schema(**parts):
    return FrozenSchema.from_dict(parts)


def test_entities_and_spans_count_with_their_labels(nlp):
    gold = [(*MARIE, "person"), (*WARSAW, "location"), (*PARIS, "location")]
    found = [(*MARIE, "person"), (*WARSAW, "location"), (*PARIS, "person"), (0, 5, "person")]
    scores = score(
        examples(nlp, ({"ents": found}, {"ents": gold})), schema=schema(entities=["person"])
    )
    assert scores["ents_p"] == scores["ents_r"] == scores["ents_f"] == pytest.approx(2 / 3)
    # Among the spans there is also "Marie", which no entity can be beside "Marie Curie".
    assert scores["spans_gliner2_p"] == pytest.approx(2 / 4)
    assert scores["spans_gliner2_r"] == pytest.approx(2 / 3)
    assert scores["ents_per_type"]["location"] == pytest.approx({"p": 1.0, "r": 0.5, "f": 2 / 3})


SINGLE = (
    ({"calm": 0.9, "angry": 0.1}, {"calm": 1.0, "angry": 0.0}),
    ({"calm": 0.6, "angry": 0.4}, {"calm": 0.0, "angry": 1.0}),
    ({"calm": 0.7, "angry": 0.3}, {"calm": 1.0, "angry": 0.0}),
)
MULTI = (
    ({"sport": 0.9, "politics": 0.35}, {"sport": 1.0, "politics": 1.0}),
    ({"sport": 0.4, "politics": 0.2}, {"sport": 0.0, "politics": 1.0}),
)


def cats(pairs, prefix=""):
    def named(scores):
        return {"cats": {prefix + label: one for label, one in scores.items()}}

    return [(named(found), named(gold)) for found, gold in pairs]


def test_the_labels_of_a_task_are_one_choice(nlp):
    scores = score(examples(nlp, *cats(SINGLE)), schema=schema(classifications=[TONE]))
    assert scores["cats_micro_p"] == scores["cats_micro_r"] == pytest.approx(2 / 3)
    assert scores["cats_f_per_type"]["calm"] == pytest.approx({"p": 2 / 3, "r": 1.0, "f": 0.8})
    assert scores["cats_f_per_type"]["angry"]["f"] == 0.0
    assert scores["cats_score"] == scores["cats_macro_f"] == pytest.approx(0.4)
    assert scores["cats_score_desc"] == "macro F"


def test_labels_that_hold_beside_others_count_from_the_threshold_of_their_task(nlp):
    scores = score(examples(nlp, *cats(MULTI)), schema=schema(classifications=[TOPIC]))
    assert scores["cats_micro_p"] == scores["cats_micro_r"] == pytest.approx(2 / 3)
    # "politics" is never wrong, so that only "sport" can be ranked; and it is, rightly.
    assert scores["cats_score"] == scores["cats_macro_auc"] == pytest.approx(0.5)


@pytest.mark.parametrize("prefix", [False, True])
def test_each_of_several_tasks_counts_where_it_is_annotated(nlp, prefix):
    pairs = (
        *cats(SINGLE, prefix="tone:" if prefix else ""),
        *cats(MULTI, prefix="topic:" if prefix else ""),
    )
    tasks = schema(classifications=[TONE, TOPIC])
    scores = score(examples(nlp, *pairs), schema=tasks, cats_prefix=prefix)
    assert scores["cats_score_per_task"] == pytest.approx({"tone": 0.4, "topic": 0.5})
    assert scores["cats_score"] == pytest.approx(0.45)
    assert scores["cats_score_desc"] == "mean of 2 tasks"
    names = ["tone:calm", "topic:politics"] if prefix else ["calm", "politics"]
    assert [round(scores["cats_f_per_type"][name]["f"], 2) for name in names] == [0.8, 0.67]


def test_a_relation_counts_with_its_label_and_both_arguments(nlp):
    gold = [("moved_to", MARIE, PARIS), ("moved_from", MARIE, WARSAW)]
    found = [
        ("moved_to", MARIE, PARIS),
        ("moved_to", MARIE, PARIS),  # no more right for being said twice
        ("moved_to", MARIE, WARSAW),
        ("moved_from", WARSAW, MARIE),
    ]
    pairs = [
        ({"relations": found}, {"relations": gold}),
        ({"relations": found}, {}),  # not annotated, so that it does not count
    ]
    scores = score(examples(nlp, *pairs), schema=schema(relations=["moved_to"]))
    assert scores["rel_micro_p"] == pytest.approx(1 / 3)
    assert scores["rel_micro_r"] == pytest.approx(1 / 2)
    assert scores["rel_micro_f"] == pytest.approx(2 / 5)
    assert scores["rel_f_per_type"]["moved_to"] == pytest.approx({"p": 0.5, "r": 1.0, "f": 2 / 3})
    assert scores["rel_f_per_type"]["moved_from"]["f"] == 0.0


def test_records_are_paired_and_each_value_counts(nlp):
    gold = [
        {"who": value(MARIE), "year": [value(YEAR)], "mood": {"text": "calm"}},
        {"who": value(PARIS), "year": [], "mood": None},
    ]
    found = [
        {"who": value(PARIS), "year": [value(YEAR)], "mood": None},
        {"who": value(MARIE), "year": [value(WARSAW)], "mood": {"text": "calm"}},
    ]
    pair = ({"structures": {"move": found}}, {"structures": {"move": gold}})
    scores = score(examples(nlp, pair), schema=schema(structures={"move": ["who", "year", "mood"]}))
    # Right: Paris, Marie and calm, of 5 that were found and 4 that are there.
    assert scores["structures_p"] == pytest.approx(3 / 5)
    assert scores["structures_r"] == pytest.approx(3 / 4)
    assert scores["structures_f"] == pytest.approx(2 / 3)
    assert list(scores["structures_f_per_type"]) == ["move"]


def test_what_nobody_annotated_has_no_score(nlp):
    scores = nlp.evaluate([Example(nlp.make_doc(TEXT), nlp.make_doc(TEXT))])
    own = {key: scores[key] for key in scores if key in DEFAULT_SCORE_WEIGHTS}
    assert own.pop("cats_score_desc") == "nothing annotated"
    assert own == dict.fromkeys(own)
    assert {"ents_f", "spans_gliner2_f", "cats_score", "rel_micro_f", "structures_f"} <= set(own)


@pytest.fixture(scope="module")
def corpus(nlp, tmp_path_factory) -> Path:
    cats = {"calm": 1.0, "angry": 0.0, "sport": 0.0, "politics": 1.0}
    doc = make_doc(
        nlp,
        ents=[(*MARIE, "person"), (*WARSAW, "location"), (*PARIS, "location")],
        cats=cats,
        relations=[("moved_to", MARIE, PARIS)],
        structures={"move": [{"who": value(MARIE), "year": [value(YEAR)]}]},
    )
    path = tmp_path_factory.mktemp("corpus") / "dev.spacy"
    DocBin(docs=[doc], store_user_data=True).to_disk(path)
    return path


@pytest.fixture(scope="module")
def saved(nlp, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(path)
    return path


def test_every_score_has_its_weight_and_every_weight_its_score(nlp, corpus):
    docs = DocBin().from_disk(corpus).get_docs(nlp.vocab)
    scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in docs])
    own = {key for key in scores if not key.startswith("token_") and key != "speed"}
    assert own == set(DEFAULT_SCORE_WEIGHTS)
    assert scores["ents_f"] > 0.5
    weights = [weight for weight in DEFAULT_SCORE_WEIGHTS.values() if weight]
    assert sum(weights) == pytest.approx(1.0)


def test_spacy_evaluate_prints_the_scores(saved, corpus, tmp_path, capsys):
    evaluate(str(saved), corpus, spans_key="gliner2", silent=False)
    printed = capsys.readouterr().out
    for name in ("NER F", "SPAN F", "TEXTCAT (mean of 2 tasks)", "politics"):
        assert name in printed
    evaluate(str(saved), corpus, output=tmp_path / "scores.json", per_component=True)
    assert '"rel_micro_f"' in (tmp_path / "scores.json").read_text()


def test_find_threshold_finds_one(saved, corpus, capsys):
    best, best_score, scores = find_threshold(
        str(saved), corpus, "gliner2", "threshold", "ents_f", n_trials=3
    )
    assert best == 0.5
    assert best_score > max(scores[0.0], scores[1.0])
    assert scores[1.0] == 0.0


def test_a_pipeline_without_a_scorer_is_not_scored():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"scorer": None})
    doc = Doc(nlp.vocab, words=["a"])
    assert "ents_f" not in nlp.evaluate([Example(doc, doc.copy())])


def test_gold_of_other_tokens_and_another_vocabulary_is_scored_for_what_it_says():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("gliner2", config={"schema": {"entities": ["label never seen before"]}})
    predicted = nlp.make_doc("Tim Cook-Miller spoke")
    label = "label never seen before"
    predicted.set_ents([Span(predicted, 0, 1, label), Span(predicted, 4, 5, label)])
    gold = Doc(spacy.blank("en").vocab, ["Tim", "Cook-Miller", "spoke"])
    gold.set_ents(
        [Span(gold, 0, 2, label)],
        missing=[Span(gold, 2, 3)],
    )
    scores = pipe.score([Example(predicted, gold)])
    assert (scores["ents_p"], scores["ents_r"]) == (0.0, 0.0)
    assert scores["ents_per_type"].keys() == {"label never seen before"}
