"""The component as users of spaCy meet it."""

import subprocess
import sys

import pytest
import spacy
from spacy.tokens import Doc

from spacy_gliner2.schema import FrozenSchema, Schema, SchemaError

TEXT = "Marie Curie moved from Warsaw to Paris in 1891, and stayed."
SCHEMA = {
    "entities": ["person", "location"],
    "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
    "relations": ["lives_in"],
    "structures": {
        "journey": {"fields": [{"name": "traveller", "dtype": "str"}, {"name": "year"}]}
    },
}


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    return nlp


class Score(float):
    """A score, equal to another one that differs no more than other texts in a batch make it."""

    __hash__ = None

    def __eq__(self, other):
        return abs(self - other) < 1e-4

    def __ne__(self, other):
        return not self == other


def content(doc):
    """Everything that the component wrote, scores as far as batches do not move them."""

    def plain(value):
        if isinstance(value, float):
            return Score(value)
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [plain(part) for part in value]
        return value

    group = doc.spans["gliner2"]
    return plain(
        {
            "ents": [(e.start_char, e.end_char, e.label_, e._.score) for e in doc.ents],
            "spans": [(s.start_char, s.end_char, s.label_) for s in group],
            "scores": list(group.attrs["scores"]),
            "cats": doc.cats,
            "relations": doc._.relations,
            "structures": doc._.structures,
        }
    )


def test_all_outputs_are_where_spacy_looks_for_them(nlp):
    doc = nlp(TEXT)
    assert ("Marie Curie", "person") in [(e.text, e.label_) for e in doc.ents]
    assert all(0.5 <= e._.score <= 1 for e in doc.ents)
    group = doc.spans["gliner2"]
    assert len(group) == len(group.attrs["scores"]) >= len(doc.ents)
    assert sum(doc.cats.values()) == pytest.approx(1, abs=1e-4)
    assert list(doc.cats) == ["calm", "angry"]
    assert isinstance(doc._.relations, list)
    assert list(doc._.structures) == ["journey"]


def test_importing_and_making_a_blank_pipeline_loads_none_of_our_heavy_modules():
    code = (
        "import spacy, sys; spacy.blank('en');"
        "ours = sorted(m for m in sys.modules if m.startswith('spacy_gliner2'));"
        "light = ('', '.about', '.factory', '.lazy', '.training', '.training.logger');"
        "assert ours == [f'spacy_gliner2{part}' for part in light], ours"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_adding_the_pipe_needs_neither_weights_nor_network():
    nlp = spacy.blank("en")
    config = {"schema": SCHEMA, "model": {"name": "nobody/has-this-checkpoint"}}
    nlp.add_pipe("gliner2", config=config)
    analysis = nlp.analyze_pipes()
    assert "doc.ents" in analysis["summary"]["gliner2"]["assigns"]
    assert "doc._.relations" in analysis["attrs"]


def test_config_survives_filling_and_comes_back_the_same(nlp):
    filled = spacy.util.load_config_from_str(nlp.config.to_str())
    again = spacy.util.load_model_from_config(filled, auto_fill=True, validate=True)
    assert again.config["components"]["gliner2"] == nlp.config["components"]["gliner2"]


def test_pipe_equals_call_for_every_batch_size_and_order(nlp):
    texts = [
        TEXT,
        "",
        "Paris",
        TEXT * 4,
        " \n ",
        "Nobody came.",
        "Angela Merkel met him in Berlin.",
    ]
    alone = {text: content(nlp(text)) for text in texts}
    for batch_size in (1, 2, 3, 128):
        for order in (texts, texts[::-1]):
            docs = list(nlp.pipe(order, batch_size=batch_size))
            assert [doc.text for doc in docs] == order
            assert [content(doc) for doc in docs] == [alone[text] for text in order]


def test_long_documents_come_out_of_any_batch_as_they_do_alone(nlp):
    long = "It rained in Bergen, and Marie Curie moved to Paris with Pierre Curie. " * 360
    texts = ["x", long, "", long + "Then came Barack Obama", TEXT]
    alone = [content(nlp(text)) for text in texts]
    assert len(nlp.make_doc(long)) > 5000
    assert alone[3]["ents"][-1][1:3] == [len(texts[3]), "person"]
    for batch_size in (2, 128):
        docs = nlp.pipe(texts[::-1], batch_size=batch_size)
        assert [content(doc) for doc in docs] == alone[::-1]


@pytest.mark.parametrize("text", ["", " ", "\n\t", ".", "x"])
def test_texts_of_next_to_nothing_get_a_complete_result(nlp, text):
    doc = nlp(text)
    assert sum(doc.cats.values()) == pytest.approx(1, abs=1e-4)
    assert doc._.structures == {"journey": []} or doc._.structures["journey"]
    assert all(e.text.strip() for e in doc.ents)
    assert doc.spans["gliner2"].attrs["scores"] is not None


def test_the_same_docs_come_out_with_their_contexts(nlp):
    docs = [nlp.make_doc(TEXT), nlp.make_doc("Paris.")]
    out = list(nlp.pipe([(doc, n) for n, doc in enumerate(docs)], as_tuples=True))
    assert [(doc is docs[n], n) for doc, n in out] == [(True, 0), (True, 1)]


def test_overrides_of_a_call_leave_no_trace(nlp):
    before = content(nlp(TEXT))
    other = {"entities": ["city"]}
    override = {"gliner2": {"threshold": 0.99, "schema": other}}
    (doc,) = nlp.pipe([TEXT], component_cfg=override)
    assert all(score >= 0.99 for score in doc.spans["gliner2"].attrs["scores"])
    assert {s.label_ for s in doc.spans["gliner2"]} <= {"city"}
    doc = nlp(TEXT, component_cfg=override)
    assert {s.label_ for s in doc.spans["gliner2"]} <= {"city"}
    assert content(nlp(TEXT)) == before


@pytest.mark.parametrize(
    "schema",
    [
        '{"entities": ["city"]}',
        Schema().entities(["city"]),
        FrozenSchema.from_dict({"entities": "city"}),
    ],
    ids=["JSON", "builder", "frozen"],
)
def test_a_schema_for_a_call_or_a_document_has_any_form(nlp, schema):
    (doc,) = nlp.pipe([TEXT], component_cfg={"gliner2": {"threshold": 0, "schema": schema}})
    assert {s.label_ for s in doc.spans["gliner2"]} == {"city"}
    doc = nlp.make_doc(TEXT)
    doc._.gliner2_schema = schema
    doc = nlp(doc, component_cfg={"gliner2": {"threshold": 0}})
    assert {s.label_ for s in doc.spans["gliner2"]} == {"city"}


def test_a_document_may_have_its_own_schema(nlp):
    plain, own = nlp.make_doc(TEXT), nlp.make_doc(TEXT)
    own._.gliner2_schema = {"entities": ["year"], "relations": ["born_in"]}
    docs = list(nlp.pipe([plain, own]))
    assert content(docs[0]) == content(nlp(TEXT))
    assert {s.label_ for s in docs[1].spans["gliner2"]} <= {"year"}
    assert docs[1].cats == {}


def test_only_the_failing_document_goes_to_the_error_handler(nlp):
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.append((name, docs, error)))
    try:
        docs = [nlp.make_doc(text) for text in (TEXT, "Berlin.", "Warsaw.")]
        docs[1]._.gliner2_schema = {"entities": ["a", "a"]}
        out = list(nlp.pipe(docs))
    finally:
        nlp.set_error_handler(spacy.util.raise_error)
    assert [doc.text for doc in out] == [TEXT, "Warsaw."]
    ((name, (doc,), error),) = failed
    assert (name, doc.text) == ("gliner2", "Berlin.")
    assert isinstance(error, SchemaError)


def test_a_failing_document_raises_without_a_handler(nlp):
    doc = nlp.make_doc(TEXT)
    doc._.gliner2_schema = {"entities": ["a", "a"]}
    with pytest.raises(SchemaError, match="names the entity 'a' twice"):
        list(nlp.pipe([doc]))


def test_a_batch_that_the_network_cannot_run_is_tried_one_by_one(nlp, monkeypatch):
    model = nlp.get_pipe("gliner2").model
    predict = type(model).predict

    def only_one(self, sequences):
        if self is model and len(sequences) > 1:
            raise RuntimeError("no kernel for this")
        return predict(self, sequences)

    expected = content(nlp(TEXT))
    monkeypatch.setattr(type(model), "predict", only_one)
    assert [content(doc) for doc in nlp.pipe([TEXT, TEXT])] == [expected, expected]


def test_words_may_be_the_tokens_of_the_doc():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA, "word_splitter": "spacy"})
    words = ["Marie", "Curie", "moved", "to", "Paris"]
    doc = nlp(Doc(nlp.vocab, words=words, spaces=[True] * 4 + [False]))
    assert ("Marie Curie", "person") in [(e.text, e.label_) for e in doc.ents]


def test_two_components_stand_beside_each_other():
    nlp = spacy.blank("en")
    first = {"entities": ["person"], "relations": ["lives_in"], "structures": {"s": ["f"]}}
    nlp.add_pipe("gliner2", name="people", config={"schema": first, "threshold": 0.2})
    alone = nlp(TEXT)
    second = {"entities": ["location"], "relations": ["moved_from"], "structures": {"t": ["f"]}}
    nlp.add_pipe("gliner2", name="places", config={"schema": second, "threshold": 0.2})
    doc = nlp(TEXT)
    assert {s.label_ for s in doc.spans["gliner2"]} == {"person", "location"}
    assert {e.label_ for e in doc.ents} == {"person", "location"}
    assert {r["label"] for r in doc._.relations} == {"lives_in", "moved_from"}
    assert list(doc._.structures) == ["s", "t"]
    assert doc._.relations[: len(alone._.relations)] == alone._.relations


def test_labels_and_label_data_name_what_comes_out(nlp):
    pipe = nlp.get_pipe("gliner2")
    assert pipe.labels == ("person", "location", "lives_in", "journey", "calm", "angry")
    assert set(nlp.pipe_labels["gliner2"]) == set(pipe.labels)
    other = spacy.blank("en").add_pipe("gliner2")
    other.initialize(lambda: [], labels=pipe.label_data)
    assert other.schema == pipe.schema


def test_a_label_can_be_added():
    pipe = spacy.blank("en").add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    assert (pipe.add_label("city"), pipe.add_label("city")) == (1, 0)
    assert pipe.labels == ("person", "city")
    with pytest.raises(ValueError, match="label: 3"):
        pipe.add_label(3)


def test_a_frozen_component_that_was_never_initialised_predicts():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    with nlp.select_pipes(enable=[]):
        nlp.initialize()
    assert nlp(TEXT).ents


def test_initialising_without_examples_works(nlp):
    other = spacy.blank("en")
    other.add_pipe("gliner2", config={"schema": SCHEMA})
    other.initialize()
    assert content(other(TEXT)) == content(nlp(TEXT))


def test_the_threshold_of_cfg_is_read_at_prediction_time():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    assert nlp(TEXT).ents
    pipe.cfg = {**pipe.cfg, "threshold": 1.0}
    assert not nlp(TEXT).ents


def test_a_language_without_blanks_is_warned_about():
    nlp = spacy.blank("zh")
    with pytest.warns(UserWarning, match="word_splitter.*'char' or 'spacy'"):
        nlp.add_pipe("gliner2", config={"schema": {"entities": ["person"]}})
    nlp.add_pipe("gliner2", name="ok", config={"word_splitter": "char"})


def test_mentions_that_are_no_whole_tokens_are_counted_in_one_warning(nlp):
    words = ["Marie", "Curie", "moved", "from", "Warsaw", "to", "Paris/1891", "."]
    docs = [Doc(nlp.vocab, words=words) for _ in range(2)]
    with pytest.warns(UserWarning, match=r"found 2 mentions that do not begin") as caught:
        docs = list(nlp.pipe(docs))
    assert len(caught) == 1
    assert "Paris/1891" in [e.text for e in docs[0].ents]
