"""The component beside others of spaCy and its plugins, and in languages of other kinds."""

import warnings

import pytest
import spacy
from spacy.training import Example

pytestmark = pytest.mark.usefixtures("one_thread")

TEXT = "Marie Curie moved from Warsaw to Paris in 1891. She did not meet Albert Einstein in Berlin."
SCHEMA = {
    "entities": ["person", "location"],
    "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
}
RULES = [
    {"label": "DATE", "pattern": "1891"},
    {"label": "CITY", "pattern": "Paris"},
    {"label": "NAME", "pattern": "Curie"},
]


def make(*names, **config):
    """Make a pipeline of the component and others, in the order of their names."""
    nlp = spacy.blank("en")
    for name in names:
        if name == "gliner2":
            nlp.add_pipe(name, config={"schema": SCHEMA, **config})
        else:
            nlp.add_pipe(name)
    return nlp


def found(doc):
    return {(e.text, e.label_) for e in doc.ents}


@pytest.fixture(scope="module")
def alone():
    return make("gliner2")(TEXT)


def test_the_text_has_what_the_tests_need(alone):
    assert {("Marie Curie", "person"), ("Warsaw", "location"), ("Paris", "location")} <= found(
        alone
    )


@pytest.mark.parametrize("order", [("entity_ruler", "gliner2"), ("gliner2", "entity_ruler")])
def test_entities_of_an_entity_ruler_stay_beside_those_found(order, alone):
    nlp = make(*order)
    nlp.get_pipe("entity_ruler").add_patterns(RULES[:1])
    assert found(nlp(TEXT)) == found(alone) | {("1891", "DATE")}


def test_an_entity_ruler_before_it_wins_and_with_overwrite_gives_way(alone):
    for overwrite in (False, True):
        nlp = make("entity_ruler", "gliner2", overwrite=overwrite)
        nlp.get_pipe("entity_ruler").add_patterns(RULES)
        labels = dict(found(nlp(TEXT)))
        assert labels["Paris"] == ("location" if overwrite else "CITY")
        assert ("Marie Curie" in labels) is overwrite


@pytest.mark.parametrize("order", [("span_ruler", "gliner2"), ("gliner2", "span_ruler")])
def test_spans_of_a_span_ruler_stay_under_their_key(order, alone):
    nlp = make(*order)
    nlp.get_pipe("span_ruler").add_patterns(RULES)
    doc = nlp(TEXT)
    assert {(s.text, s.label_) for s in doc.spans["ruler"]} == {
        ("1891", "DATE"),
        ("Paris", "CITY"),
        ("Curie", "NAME"),
    }
    assert found(doc) == found(alone)
    assert len(doc.spans["gliner2"]) == len(alone.spans["gliner2"])


def test_a_span_ruler_that_annotates_entities_works_on_those_found(alone):
    nlp = make("gliner2")
    ruler = nlp.add_pipe("span_ruler", config={"annotate_ents": True, "overwrite": False})
    ruler.add_patterns(RULES[:1])
    assert ("1891", "DATE") in found(nlp(TEXT))


@pytest.mark.parametrize("order", [("sentencizer", "gliner2"), ("gliner2", "sentencizer")])
def test_sentences_and_mentions_go_together(order, alone):
    doc = make(*order)(TEXT)
    assert [sent.text[:9] for sent in doc.sents] == ["Marie Cur", "She did n"]
    assert found(doc) == found(alone)
    (_, second) = doc.sents
    assert all(e.sent.text for e in doc.ents)
    assert {e.text for e in second.ents} <= {"Albert Einstein", "Berlin"}


@pytest.fixture(scope="module")
def trained():
    """A pipeline with components that learned a thing each from one text."""
    nlp = spacy.blank("en")
    gold = {
        "entities": [(42, 46, "DATE")],
        "cats": {"long": 1.0, "short": 0.0},
        "spans": {"sc": [(0, 11, "NAME")]},
    }
    for name in ("ner", "textcat", "spancat"):
        nlp.add_pipe(name)
    examples = [Example.from_dict(nlp.make_doc(TEXT), gold)]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(25):
        nlp.update(examples, sgd=optimizer)
    return nlp


@pytest.mark.parametrize("place", ["first", "last"])
def test_trained_components_and_this_one_keep_what_the_others_found(trained, alone, place):
    nlp = spacy.blank("en")
    for name in ("ner", "textcat", "spancat"):
        nlp.add_pipe(name, source=trained)
    nlp.add_pipe("gliner2", config={"schema": SCHEMA}, **{place: True})
    doc = nlp(TEXT)
    assert ("1891", "DATE") in found(doc)
    assert ("Marie Curie", "person") in found(doc)
    assert set(doc.cats) == {"long", "short", "calm", "angry"}
    assert doc.cats["long"] > 0.5
    assert doc.cats["calm"] == pytest.approx(alone.cats["calm"], abs=1e-4)
    assert set(doc.spans) == {"sc", "gliner2"}


def test_a_trained_pipeline_with_this_component_in_it_is_scored_and_saved(trained, tmp_path):
    nlp = spacy.blank("en")
    for name in ("ner", "textcat", "spancat"):
        nlp.add_pipe(name, source=trained)
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    nlp.to_disk(tmp_path)
    assert found(spacy.load(tmp_path)(TEXT)) == found(nlp(TEXT))
    gold = {"entities": [(42, 46, "DATE")], "cats": {"calm": 1.0, "angry": 0.0}}
    scores = nlp.evaluate([Example.from_dict(nlp.make_doc(TEXT), gold)])
    assert scores["ents_r"] == 1.0


def test_a_doc_cleaner_takes_away_what_it_is_told_to():
    nlp = make("gliner2")
    nlp.add_pipe("doc_cleaner", config={"attrs": {"_.relations": None, "tensor": None}})
    doc = nlp(TEXT)
    assert doc.ents
    assert doc._.relations is None


def test_merged_entities_are_single_tokens_with_their_labels(alone):
    doc = make("gliner2", "merge_entities")(TEXT)
    assert found(doc) == found(alone)
    assert {(t.text, t.ent_type_) for t in doc if t.ent_type_} == found(alone)
    assert [len(e) for e in doc.ents] == [1] * len(doc.ents)


def test_entities_merged_before_it_are_read_as_they_stand(alone):
    nlp = make("entity_ruler", "merge_entities", "gliner2")
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "NAME", "pattern": "Marie Curie"}])
    doc = nlp(TEXT)
    assert ("Marie Curie", "NAME") in found(doc)
    assert found(doc) - {("Marie Curie", "NAME")} == found(alone) - {("Marie Curie", "person")}


def test_negspacy_negates_what_was_found():
    pytest.importorskip("negspacy")
    import negspacy.negation  # noqa: F401  (it registers its factory)

    nlp = make("sentencizer", "gliner2")
    nlp.add_pipe("negex", config={"ent_types": ["person", "location"]})
    doc = nlp("Marie Curie lives in Paris. She denies that she met Albert Einstein.")
    negated = {e.text: e._.negex for e in doc.ents}
    assert negated["Marie Curie"] is False
    assert negated["Albert Einstein"] is True


@pytest.mark.parametrize(
    ("lang", "text", "splitter", "config"),
    [
        ("xx", "Marie Curie wohnte in Paris, а потом в Варшаве; 東京にも。", "gliner2", {}),
        ("de", "Angela Merkel besuchte am Montag die BMW-Werke in München.", "gliner2", {}),
        ("de", "Die Donaudampfschifffahrtsgesellschaft sitzt in Wien.", "spacy", {}),
        ("ko", "김철수는 서울에서 삼성전자에 다닌다.", "gliner2", {"rule": True}),
        ("ko", "김철수는 서울에서 삼성전자에 다닌다.", "spacy", {"rule": True}),
        ("zh", "玛丽·居里住在巴黎。", "char", {}),
        ("zh", "玛丽·居里住在巴黎。", "spacy", {}),
    ],
)
def test_languages_of_all_kinds_get_offsets_of_their_text(lang, text, splitter, config):
    meta = {"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}} if config else {}
    nlp = spacy.blank(lang, config=meta)
    threshold = {"threshold": 0.01, "alignment_mode": "expand"}
    nlp.add_pipe("gliner2", config={"schema": SCHEMA, "word_splitter": splitter, **threshold})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*do not begin and end with tokens")
        (doc,) = nlp.pipe([text])
    assert doc.text == text
    for span in doc.spans["gliner2"]:
        assert doc.text[span.start_char : span.end_char] == span.text
        assert span.text.strip() == span.text
    assert set(doc.cats) == {"calm", "angry"}
    assert doc.cats["calm"] + doc.cats["angry"] == pytest.approx(1.0, abs=1e-4)


def test_a_language_without_blanks_is_warned_of():
    with pytest.warns(UserWarning, match="word_splitter"):
        spacy.blank("zh").add_pipe("gliner2", config={"schema": SCHEMA})
