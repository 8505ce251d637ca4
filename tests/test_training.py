"""The component learns, as spaCy's other trainable components do."""

import pytest
import spacy
from gliner2 import GLiNER2 as ReferenceModel
from spacy.training import Example
from thinc.api import Adam

from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.schema import freeze

from .support.annotated import Annotated
from .support.training import (
    QUICK,
    SCHEMA,
    TEXTS,
    examples,
    expected,
    found,
    learn_by_heart,
    make_nlp,
    moved,
    train,
    weights,
)
from .test_pipe import content

pytestmark = pytest.mark.usefixtures("one_thread")

TASKS = {
    "entities": "entities",
    "relations": "relations",
    "structures": "records",
    "classifications": "labels",
}


@pytest.fixture(scope="module")
def trained(untrained):
    nlp = make_nlp(untrained, optimisation=QUICK)
    assert learn_by_heart(nlp, examples(nlp))
    return nlp


@pytest.mark.parametrize("task", TASKS)
def test_each_task_can_be_learned_by_heart(untrained, task):
    nlp = make_nlp(untrained, {task: SCHEMA[task]}, optimisation=QUICK)
    data = examples(nlp)
    for example in data:  # what the schema does not ask of
        if task != "classifications":
            example.reference.cats = {}
        if task != "entities":
            del example.reference.spans["gliner2"]
    assert learn_by_heart(nlp, data, parts=[TASKS[task]])


def test_all_tasks_together_can_be_learned_by_heart(trained):
    """One text at a time, as they were learned."""
    for text in TEXTS:
        assert found(trained(text.text)) == expected(text)


def test_a_trained_pipeline_answers_the_same_from_disk(trained, tmp_path):
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for text in TEXTS:
        assert content(loaded(text.text)) == content(trained(text.text))


def test_the_reference_reads_what_was_trained(trained, tmp_path):
    trained.to_disk(tmp_path)
    model = ReferenceModel.from_pretrained(str(tmp_path / "gliner2" / "model"))
    text = TEXTS[0].text
    ours = {(span.text, span.label_) for span in trained(text).ents}
    theirs = model.extract_entities(text, ["person", "city"])["entities"]
    alone = make_nlp(tmp_path / "gliner2" / "model", {"entities": ["person", "city"]})(text)
    assert {(w, label) for label, words in theirs.items() for w in words} == {
        (span.text, span.label_) for span in alone.spans["gliner2"]
    }
    assert ours


def test_training_goes_on_from_a_saved_pipeline(untrained, tmp_path):
    nlp = make_nlp(untrained)
    train(nlp, examples(nlp), 20)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    before = loaded.get_pipe("gliner2").get_loss(examples(loaded))[0]
    assert before == pytest.approx(nlp.get_pipe("gliner2").get_loss(examples(nlp))[0], rel=1e-4)
    rule = loaded.resume_training()
    rule.learn_rate = 1e-3
    for _ in range(10):
        loaded.update(examples(loaded), sgd=rule)
    assert loaded.get_pipe("gliner2").get_loss(examples(loaded))[0] < before


def test_one_seed_gives_one_loss_curve(untrained):
    curves = []
    for _ in range(2):
        block = {"@misc": "spacy-gliner2.augmentation.v1", "drop_entities": 0.3}
        nlp = make_nlp(untrained, augmentation=block)
        curves.append(train(nlp, examples(nlp), 5, drop=0.2))
    assert curves[0] == curves[1]


def test_prediction_after_an_update_is_without_dropout(trained):
    first = content(trained(TEXTS[0].text))
    trained.get_pipe("gliner2").update(examples(trained), drop=0.9)
    assert content(trained(TEXTS[0].text)) == first


def test_losses_of_each_part_are_reported(untrained):
    nlp = make_nlp(untrained)
    losses = nlp.update(examples(nlp), sgd=Adam(1e-3, use_averages=False))
    parts = {key: value for key, value in losses.items() if key != "gliner2"}
    names = {"entities", "relations", "records", "labels", "counts"}
    assert set(parts) == {f"gliner2.{name}" for name in names}
    assert losses["gliner2"] == pytest.approx(sum(parts.values()))
    assert all(value > 0 for value in parts.values())


def test_an_update_without_examples_or_annotation_changes_nothing(untrained):
    nlp = make_nlp(untrained)
    pipe, before = nlp.get_pipe("gliner2"), weights(nlp)
    rule = Adam(1e-3, use_averages=False)
    assert pipe.update([], sgd=rule) == {"gliner2": 0.0}
    doc = nlp.make_doc("Hello there")
    with pytest.warns(UserWarning, match="no annotation"):
        pipe.update([Example(doc, doc.copy())], sgd=rule)
    assert moved(before, weights(nlp)) == 0


def test_texts_with_schemas_of_their_own_are_learned_with_these(untrained):
    texts = [
        Annotated("Ann saw Rome.", {"entities": ["woman"]}, entities={"woman": ["Ann"]}),
        Annotated("Ann saw Rome.", {"entities": ["town"]}, entities={"town": ["Rome"]}),
    ]
    nlp = make_nlp(untrained, optimisation=QUICK)
    data = [text.example(nlp) for text in texts]
    for example in data:
        example.predicted._.gliner2_schema = example.reference._.gliner2_schema
    assert learn_by_heart(nlp, data, texts, ["entities"])


def test_a_text_whose_own_schema_leaves_no_room_for_it_is_reported_and_left_out(untrained):
    nlp = make_nlp(untrained, optimisation=QUICK)
    before = weights(nlp)
    pipe = nlp.get_pipe("gliner2")
    text = Annotated("Ann saw Rome.", {"entities": ["woman"]}, entities={"woman": ["Ann"]})
    example = text.example(nlp)
    many = {"entities": ["woman", *(f"label number {n}" for n in range(500))]}
    example.reference._.gliner2_schema = many
    with pytest.warns(UserWarning, match="1 texts have a schema that leaves the encoder no room"):
        pipe.update([example], sgd=Adam(1e-3, use_averages=False))
    assert moved(before, weights(nlp)) == 0
    pipe.schema = freeze(many)
    example.reference._.gliner2_schema = None
    with pytest.raises(ValueError, match="schema: takes"):
        pipe.update([example])


def test_an_empty_schema_is_collected_from_the_examples(untrained):
    nlp = make_nlp(untrained, {})
    nlp.initialize(lambda: examples(nlp))
    collected = nlp.get_pipe("gliner2").schema.to_dict()
    assert collected == {
        "entities": [{"label": "person"}, {"label": "city"}],
        "relations": [{"label": "lives in"}, {"label": "works in"}],
        "structures": [
            {
                "name": "order",
                "fields": [
                    {"name": "item", "dtype": "str"},
                    {"name": "price"},
                    {"name": "size", "dtype": "str"},
                ],
            }
        ],
        "classifications": [{"task": "tone", "labels": [{"label": "calm"}, {"label": "angry"}]}],
    }
    other = make_nlp(untrained, {}).get_pipe("gliner2")
    other.initialize(lambda: [], labels=nlp.get_pipe("gliner2").label_data)
    assert other.schema == nlp.get_pipe("gliner2").schema


def test_a_class_label_without_another_of_its_task_is_reported(untrained):
    nlp = make_nlp(untrained, {})
    data = [
        Example.from_dict(nlp.make_doc(text), {"entities": [], "cats": {"news:spam": value}})
        for text, value in (("Buy now", 1.0), ("Hello", 0.0))
    ]
    with pytest.warns(UserWarning, match="1 class labels are the only one of their task.*'spam'"):
        nlp.initialize(lambda: data)


def test_labels_that_the_schema_has_not_are_reported_when_training_begins(untrained):
    nlp = make_nlp(untrained, {"entities": ["person"], "relations": ["lives in"]})
    with pytest.warns(UserWarning, match=r"entity 'city' \(2\).*relation 'works in' \(1\)"):
        nlp.initialize(lambda: examples(nlp))


def test_initialisation_needs_no_weights():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    nlp.initialize()
    assert not get_shim(nlp.get_pipe("gliner2").model).loaded


def test_what_it_annotates_is_there_for_later_components(untrained):
    nlp = make_nlp(untrained, optimisation=QUICK)
    assert learn_by_heart(nlp, examples(nlp)[:1], TEXTS[:1], ["entities"])
    seen = []

    @spacy.Language.component("probe")
    def probe(doc):
        return doc

    class Probe:
        name = "probe"

        def __call__(self, doc):
            return doc

        def update(self, examples, **_):
            seen.extend(len(example.predicted.spans["gliner2"]) for example in examples)

    nlp.add_pipe("probe")
    nlp._components[-1] = ("probe", Probe())
    nlp.update(examples(nlp)[:1], sgd=Adam(1e-9, use_averages=False), annotates=["gliner2"])
    assert seen == [3]


def test_training_on_tokens_of_spacy_as_words(untrained):
    nlp = make_nlp(untrained, word_splitter="spacy", optimisation=QUICK)
    assert learn_by_heart(nlp, examples(nlp))
