"""From an extraction to a Doc: where everything goes, and what was there before."""

import json
import warnings
from dataclasses import replace
from datetime import date

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_gliner2 import relation_spans, value_span
from spacy_gliner2.annotate import AnnotateOptions, annotate, register_extensions
from spacy_gliner2.ents_filter import highest_score_filter
from spacy_gliner2.extraction import (
    Argument,
    Decision,
    Extraction,
    FieldValue,
    Mention,
    Record,
    RelationMention,
)

NLP = spacy.blank("en")
TEXT = "Marie Curie left Warsaw/Poland for Paris in 1891."
OPTIONS = AnnotateOptions(
    annotate_ents=True,
    ents_filter=highest_score_filter,
    overwrite=False,
    spans_key="gliner2",
    alignment_mode="expand",
    relations_attr="relations",
    structures_attr="structures",
    score_attr="score",
    cats_prefix=False,
)
register_extensions("relations", "structures", "score")


def mention(text, label, score=0.9):
    start = TEXT.index(text)
    return Mention(label, start, start + len(text), text, score)


def argument(text, label=None):
    start = TEXT.index(text)
    return Argument(start, start + len(text), text, 0.8, label)


def relation(label, head, tail):
    return RelationMention(label, argument(head, "person"), argument(tail))


def record(name, **fields):
    return Record(name, fields)


def make_doc():
    words = ["Marie", "Curie", "left", "Warsaw/Poland", "for", "Paris", "in", "1891", "."]
    return Doc(NLP.vocab, words=words, spaces=[True] * 7 + [False] * 2)


def group(doc, key="gliner2"):
    spans = doc.spans[key]
    return [(s.text, s.label_, v) for s, v in zip(spans, spans.attrs["scores"], strict=True)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("expand", [("Warsaw/Poland", "city", 0.9), ("Paris", "city", 0.7)]),
        ("contract", [("Paris", "city", 0.7)]),
        ("strict", [("Paris", "city", 0.7)]),
    ],
)
def test_a_mention_inside_a_token_is_aligned_as_configured_and_counted(mode, expected):
    doc = make_doc()
    found = Extraction(mentions=(mention("Warsaw", "city"), mention("Paris", "city", 0.7)))
    assert annotate(doc, found, replace(OPTIONS, alignment_mode=mode)) == 1
    assert group(doc) == expected
    assert [(e.text, e._.score) for e in doc.ents] == [(text, score) for text, _, score in expected]


def test_mentions_that_become_the_same_tokens_are_one_with_the_best_score():
    doc = make_doc()
    found = (mention("Warsaw", "place", 0.6), mention("Poland", "place", 0.8))
    assert annotate(doc, Extraction(mentions=found), OPTIONS) == 2
    assert group(doc) == [("Warsaw/Poland", "place", 0.8)]


def test_every_mention_is_a_span_with_its_score_beside_it():
    doc = make_doc()
    found = (mention("Paris", "city", 0.5), mention("Marie Curie", "person"), mention("Curie", "p"))
    annotate(doc, Extraction(mentions=found), OPTIONS)
    assert group(doc) == [
        ("Marie Curie", "person", 0.9),
        ("Curie", "p", 0.9),
        ("Paris", "city", 0.5),
    ]
    assert [e.text for e in doc.ents] == ["Marie Curie", "Paris"]


@pytest.mark.parametrize("prefix", [False, True])
def test_labels_get_their_probabilities_beside_those_of_others(prefix):
    doc = make_doc()
    doc.cats = {"other": 0.3}
    found = Extraction(decisions=(Decision("tone", {"calm": 0.75, "angry": 0.25}, ("calm",)),))
    annotate(doc, found, replace(OPTIONS, cats_prefix=prefix))
    lead = "tone:" if prefix else ""
    assert doc.cats == {"other": 0.3, f"{lead}calm": 0.75, f"{lead}angry": 0.25}


def test_relations_and_records_are_plain_data_with_offsets():
    doc = make_doc()
    values = {
        "who": FieldValue("Marie Curie", 0.9, 0, 11),
        "when": FieldValue("1891", 0.8, 44, 48, value=None, typed=True),
        "day": FieldValue("1891", 0.8, 44, 48, value=date(1891, 11, 7), typed=True),
        "mood": (FieldValue("calm", 0.7),),
        "why": None,
        "also": (),
    }
    found = Extraction(
        relations=(relation("left", "Marie Curie", "Warsaw"),),
        records={"move": (record("move", **values),), "other": ()},
    )
    annotate(doc, found, OPTIONS)
    assert json.loads(json.dumps([doc._.relations, doc._.structures])) == [
        [
            {
                "label": "left",
                "score": 0.8,
                "head": {
                    "text": "Marie Curie",
                    "start": 0,
                    "end": 11,
                    "label": "person",
                    "score": 0.8,
                },
                "tail": {"text": "Warsaw", "start": 17, "end": 23, "label": None, "score": 0.8},
            }
        ],
        {
            "move": [
                {
                    "who": {"text": "Marie Curie", "score": 0.9, "start": 0, "end": 11},
                    "when": {"text": "1891", "score": 0.8, "start": 44, "end": 48, "value": None},
                    "day": {
                        "text": "1891",
                        "score": 0.8,
                        "start": 44,
                        "end": 48,
                        "value": "1891-11-07",
                    },
                    "mood": [{"text": "calm", "score": 0.7}],
                    "why": None,
                    "also": [],
                }
            ],
            "other": [],
        },
    ]
    for whole in (doc.copy(), Doc(NLP.vocab).from_bytes(doc.to_bytes())):
        assert whole._.relations[0]["tail"]["start"] == 17


def test_offsets_become_spans():
    doc = make_doc()
    values = {"mood": FieldValue("calm", 0.7), "to": FieldValue("Paris", 0.7, 35, 40)}
    found = Extraction(
        relations=(relation("left", "Marie Curie", "Warsaw"),),
        records={"move": (record("move", **values),)},
    )
    annotate(doc, found, OPTIONS)
    head, tail = relation_spans(doc, doc._.relations[0])
    assert [(s.text, s.label_) for s in (head, tail)] == [
        ("Marie Curie", "person"),
        ("Warsaw/Poland", ""),
    ]
    (move,) = doc._.structures["move"]
    assert value_span(doc, move["to"], "city").text == "Paris"
    assert value_span(doc, move["mood"]) is None
    with pytest.raises(ValueError, match="give the Doc that the relation was found in"):
        relation_spans(NLP.make_doc("No."), doc._.relations[0])


def test_two_components_add_to_each_other():
    doc = make_doc()
    first = Extraction(
        mentions=(mention("Marie Curie", "person"), mention("Paris", "city", 0.6)),
        relations=(relation("left", "Marie Curie", "Warsaw"),),
        records={"move": (record("move", to=None),)},
    )
    second = Extraction(
        mentions=(mention("Paris", "city", 0.8), mention("1891", "year")),
        relations=(relation("went_to", "Marie Curie", "Paris"),),
        records={"year": ()},
    )
    for found in (first, second, second):
        annotate(doc, found, OPTIONS)
    assert group(doc) == [
        ("Marie Curie", "person", 0.9),
        ("Paris", "city", 0.8),
        ("1891", "year", 0.9),
    ]
    assert [e.text for e in doc.ents] == ["Marie Curie", "Paris", "1891"]
    assert [found["label"] for found in doc._.relations] == ["left", "went_to"]
    assert list(doc._.structures) == ["move", "year"]


def test_overwriting_takes_away_earlier_entities_and_spans():
    doc = make_doc()
    annotate(doc, Extraction(mentions=(mention("Marie Curie", "person"),)), OPTIONS)
    later = Extraction(mentions=(mention("Paris", "city"),))
    annotate(doc, later, replace(OPTIONS, overwrite=True))
    assert group(doc) == [("Paris", "city", 0.9)]
    assert [e.text for e in doc.ents] == ["Paris"]


def test_spans_that_somebody_else_wrote_without_scores_stay():
    doc = make_doc()
    doc.spans["gliner2"] = [Span(doc, 0, 1, "given")]
    annotate(doc, Extraction(mentions=(mention("Paris", "city"),)), OPTIONS)
    assert group(doc) == [("Marie", "given", None), ("Paris", "city", 0.9)]


def test_what_another_plugin_wrote_under_the_name_is_never_lost():
    doc = make_doc()
    doc._.relations = [{"head_pos": [0, 2], "tail_pos": [5, 6]}]
    with pytest.raises(ValueError, match=r"relations_attr: Doc\._\.relations holds .*head_pos"):
        annotate(doc, Extraction(), OPTIONS)
    doc = make_doc()
    doc._.structures = "taken"
    with pytest.raises(ValueError, match=r"structures_attr: .* 'taken', which another plugin"):
        annotate(doc, Extraction(), OPTIONS)


def test_a_computed_extension_of_another_plugin_is_not_replaced():
    Doc.set_extension("computed_links", getter=len)
    Span.set_extension("computed_score", method=len)
    try:
        nlp = spacy.blank("en")
        for key, name in (("relations_attr", "computed_links"), ("score_attr", "computed_score")):
            with pytest.raises(ValueError, match=rf"{key}: .*{name} belongs to another plugin"):
                nlp.add_pipe("gliner2", config={key: name})
        assert Doc.get_extension("computed_links")[2] is len
    finally:
        Doc.remove_extension("computed_links")
        Span.remove_extension("computed_score")


def test_all_names_can_be_chosen():
    names = {
        "spans_key": "mine",
        "relations_attr": "my_relations",
        "structures_attr": "my_records",
        "score_attr": "my_score",
    }
    nlp = spacy.blank("en")
    schema = {"entities": ["person"], "relations": ["left"], "structures": {"s": ["f"]}}
    nlp.add_pipe("gliner2", config={"schema": schema, "threshold": 0.2, **names})
    doc = nlp(TEXT)
    assert list(doc.spans) == ["mine"]
    assert all(e._.my_score >= 0.2 for e in doc.ents)
    assert doc.ents
    assert isinstance(doc._.my_relations, list)
    assert list(doc._.my_records) == ["s"]
    assert doc._.relations is None
    with pytest.raises(ValueError, match="structures_attr: 'x' is relations_attr too"):
        nlp.add_pipe("gliner2", name="two", config={"relations_attr": "x", "structures_attr": "x"})


@pytest.mark.parametrize("text", ["", " \n "])
@pytest.mark.parametrize("prefix", [False, True])
def test_every_label_of_every_task_is_there_for_a_text_of_nothing(text, prefix):
    tasks = [
        {"task": "tone", "labels": ["calm", "angry"]},
        {"task": "topic", "labels": ["sport", "law"], "multi_label": True},
    ]
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"classifications": tasks}, "cats_prefix": prefix})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        doc = nlp(text)
    names = ["tone:calm", "tone:angry", "topic:sport", "topic:law"]
    assert list(doc.cats) == (names if prefix else [name.split(":")[1] for name in names])
    assert all(isinstance(score, float) and 0 <= score <= 1 for score in doc.cats.values())
    assert (doc.ents, doc._.relations, doc._.structures) == ((), [], {})
