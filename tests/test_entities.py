"""`doc.ents` with other components: never an overlap, and everybody's entities by policy."""

import pytest
import spacy
from spacy.training import Example

TEXT = (
    "Angela Merkel met Barack Obama in Berlin. "
    "Marie Curie was born in Warsaw and moved to Paris in 1891."
)
PATTERNS = [
    {"label": "CITY", "pattern": "Warsaw", "id": "w"},
    {"label": "SCENE", "pattern": "Obama in Berlin"},  # crosses two mentions
    {"label": "person", "pattern": "Marie Curie"},  # is one
]
RULED = {("Warsaw", "CITY"), ("Obama in Berlin", "SCENE"), ("Marie Curie", "person")}
OURS = {
    ("Angela Merkel", "person"),
    ("Barack Obama", "person"),
    ("Berlin", "location"),
    ("Marie Curie", "person"),
    ("Warsaw", "location"),
    ("Paris", "location"),
}
OURS_BETWEEN = {("Angela Merkel", "person"), ("Paris", "location")}

FILTERS = (
    "spacy-gliner2.highest_score_filter.v1",
    "spacy.first_longest_spans_filter.v1",
    "spacy.prioritize_new_ents_filter.v1",
    "spacy.prioritize_existing_ents_filter.v1",
)
every_filter = pytest.mark.parametrize("ents_filter", FILTERS)


def make_pipeline(**config):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"entities": ["person", "location"]}, **config})
    return nlp


def add_ruler(nlp, **options):
    nlp.add_pipe("entity_ruler", **options).add_patterns(PATTERNS)


def found(doc):
    return {(e.text, e.label_) for e in doc.ents}


@every_filter
def test_earlier_entities_stay_or_make_way_as_the_filter_says(ents_filter):
    nlp = make_pipeline(ents_filter={"@misc": ents_filter})
    add_ruler(nlp, before="gliner2")
    doc = nlp(TEXT)
    if ents_filter == "spacy.prioritize_new_ents_filter.v1":
        assert found(doc) == OURS
    else:
        # Those of equal length as ours are the earlier ones, whichever filter it is.
        assert found(doc) == RULED | OURS_BETWEEN
        assert [e.ent_id_ for e in doc.ents if e.label_ == "CITY"] == ["w"]
    scores = {(e.text, e.label_): e._.score for e in doc.ents}
    assert all((score is not None) == (key in OURS) for key, score in scores.items())


@every_filter
def test_earlier_entities_make_way_to_overwriting_ones(ents_filter):
    nlp = make_pipeline(ents_filter={"@misc": ents_filter}, overwrite=True)
    add_ruler(nlp, before="gliner2")
    assert found(nlp(TEXT)) == OURS


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_ruler_after_it_decides_about_its_own(overwrite):
    nlp = make_pipeline()
    add_ruler(nlp, after="gliner2", config={"overwrite_ents": overwrite})
    assert found(nlp(TEXT)) == (RULED | OURS_BETWEEN if overwrite else OURS)


@pytest.fixture(scope="module")
def recogniser():
    """A pipeline with an `ner` that has learned one entity, across two of our mentions."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("SCENE")
    start = TEXT.index("Obama in Berlin")
    gold = {"entities": [(start, start + len("Obama in Berlin"), "SCENE")]}
    example = Example.from_dict(nlp.make_doc(TEXT), gold)
    optimizer = nlp.initialize(lambda: [example])
    for _ in range(60):
        nlp.update([example], sgd=optimizer)
    assert found(nlp(TEXT)) == {("Obama in Berlin", "SCENE")}
    return nlp


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_trained_recogniser_stands_beside_it(recogniser, place, overwrite):
    nlp = make_pipeline(overwrite=overwrite)
    nlp.add_pipe("ner", source=recogniser, **{place: "gliner2"})
    (doc,) = nlp.pipe([TEXT])
    if place == "before" and not overwrite:
        crossed = {("Barack Obama", "person"), ("Berlin", "location")}
        assert found(doc) == {("Obama in Berlin", "SCENE")} | OURS - crossed
    else:
        assert found(doc) >= OURS


def test_other_entities_can_be_left_alone():
    nlp = make_pipeline(annotate_ents=False, overwrite=True)
    add_ruler(nlp, before="gliner2")
    doc = nlp(TEXT)
    assert found(doc) == RULED
    assert {(s.text, s.label_) for s in doc.spans["gliner2"]} == OURS


def test_of_overlapping_mentions_the_one_with_the_higher_score_is_the_entity():
    schema = {"entities": ["person", "given name", "politician"]}
    nlp = make_pipeline(schema=schema, threshold=0.05, overlap_policy="allow")
    doc = nlp(TEXT)
    group = doc.spans["gliner2"]
    assert len(group) > len(doc.ents) > 0
    for span, score in zip(group, group.attrs["scores"], strict=True):
        beside = [e for e in doc.ents if e.start < span.end and span.start < e.end]
        assert any(e._.score >= score for e in beside)
    assert [e._.score for e in doc.ents] == [
        max(
            score
            for span, score in zip(group, group.attrs["scores"], strict=True)
            if (span.start, span.end, span.label) == (e.start, e.end, e.label)
        )
        for e in doc.ents
    ]
