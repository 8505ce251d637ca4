"""The component learns, as spaCy's other trainable components do."""

import pytest
import spacy
import torch
from gliner2 import GLiNER2 as ReferenceModel
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import SGD, Adam, Optimizer, RAdam

from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.schema import freeze

from .support.annotated import Annotated
from .support.untrained import make_untrained
from .test_pipe import content

pytestmark = pytest.mark.usefixtures("one_thread")

SCHEMA = {
    "entities": ["person", "city"],
    "relations": ["lives in", "works in"],
    "structures": {"order": {"fields": ["item::str", "price::list", "size::[small|large]::str"]}},
    "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
}

TEXTS = (
    Annotated(
        "Marie Curie lives in Paris and works in Warsaw.",
        SCHEMA,
        entities={"person": ["Marie Curie"], "city": ["Paris", "Warsaw"]},
        relations=[("lives in", "Marie Curie", "Paris"), ("works in", "Marie Curie", "Warsaw")],
        records={},
        labels={"tone": ["calm"]},
    ),
    Annotated(
        "Two large phones for $99 and one small box for $5!",
        SCHEMA,
        entities={},
        relations=[],
        records={
            "order": [
                {"item": "phones", "price": ["99"], "size": "large"},
                {"item": "box", "price": ["5"], "size": "small"},
            ]
        },
        labels={"tone": ["angry"]},
    ),
    Annotated(
        "Nobody met anybody.",
        SCHEMA,
        entities={},
        relations=[],
        records={},
        labels={"tone": ["calm"]},
    ),
)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    path = tmp_path_factory.mktemp("untrained")
    make_untrained(path, counting_layer="count_lstm_v2")
    return path


def make_nlp(checkpoint, schema=SCHEMA, **config):
    nlp = spacy.blank("en")
    blocks = {
        key: {"@misc": f"spacy-gliner2.{key}.v1", **config.pop(key, {})}
        for key in ("loss", "optimisation")
    }
    model = {"name": str(checkpoint)}
    options = {"schema": schema, "model": model, "cats_prefix": True, "augmentation": None}
    nlp.add_pipe("gliner2", config={**options, **blocks, **config})
    return nlp


def examples(nlp, texts=TEXTS):
    made = [text.example(nlp) for text in texts]
    for example in made:
        example.reference._.gliner2_schema = None
    return made


def train(nlp, data, steps, rate=3e-3, **options):
    fix_random_seed(0)
    rule = Adam(rate, L2=0.0, grad_clip=1.0, use_averages=False)
    curve = []
    for _ in range(steps):
        losses = nlp.update(data, sgd=rule, **options)
        curve.append(losses["gliner2"])
    return curve


def learn_by_heart(nlp, data, texts=TEXTS, parts=None):
    """Train until the component says what is right, for 600 steps at most."""
    for _ in range(12):
        train(nlp, data, 50)
        docs = [example.predicted.copy() for example in data]
        said = [found(doc) for doc in nlp.pipe(docs)]
        right = [expected(text) for text in texts]
        if all(a[part] == b[part] for a, b in zip(said, right, strict=True) for part in parts or a):
            return True
    return False


def found(doc):
    """What a Doc says, but for scores."""
    return {
        "entities": {(span.text, span.label_) for span in doc.spans["gliner2"]},
        "relations": {(r["label"], r["head"]["text"], r["tail"]["text"]) for r in doc._.relations},
        "records": doc._.structures
        and [
            {key: _text(value) for key, value in record.items()}
            for records in doc._.structures.values()
            for record in records
        ],
        "labels": {key for key, value in doc.cats.items() if value >= 0.5},
    }


def _text(value):
    if isinstance(value, list):
        return [part["text"] for part in value]
    return value and value["text"]


def expected(text):
    return {
        "entities": {(w, label) for label, words in (text.entities or {}).items() for w in words},
        "relations": set(text.relations or ()),
        "records": [record for records in (text.records or {}).values() for record in records],
        "labels": {f"{task}:{label}" for task, labels in text.labels.items() for label in labels},
    }


QUICK = {"encoder_rate": 0.3}

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


def weights(nlp, part=""):
    network = get_shim(nlp.get_pipe("gliner2").model).checkpoint.network
    return {n: w.detach().clone() for n, w in network.named_parameters() if n.startswith(part)}


def moved(before, after):
    """The largest movement of any weight."""
    return max(float((after[name] - weight).abs().max()) for name, weight in before.items())


def test_encoder_and_heads_learn_at_their_own_rates(untrained):
    nlp = make_nlp(untrained, optimisation={"encoder_rate": 0.1})
    before = weights(nlp)
    train(nlp, examples(nlp), 1, rate=1e-3)
    # The first step of Adam moves each weight by the learning rate.
    after = weights(nlp)
    encoder = {name: w for name, w in before.items() if name.startswith("encoder.")}
    heads = {name: w for name, w in before.items() if not name.startswith("encoder.")}
    assert moved(encoder, after) == pytest.approx(1e-4, rel=1e-2)
    assert moved(heads, after) == pytest.approx(1e-3, rel=1e-2)


def test_a_frozen_part_stays_as_it_is(untrained):
    nlp = make_nlp(untrained, optimisation={"frozen": ["encoder", "count_pred.0"]})
    before = weights(nlp)
    train(nlp, examples(nlp), 2)
    after = weights(nlp)
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert {n for n in before if n.startswith(("encoder.", "count_pred.0."))} <= still
    assert "classifier.0.weight" not in still


def test_a_frozen_part_that_is_not_there_is_named(untrained):
    nlp = make_nlp(untrained, optimisation={"frozen": ["encodr"]})
    with pytest.raises(ValueError, match=r"optimisation.frozen: .*'encodr'.*encoder"):
        train(nlp, examples(nlp), 1)


def test_biases_and_norms_do_not_decay(untrained):
    nlp = make_nlp(untrained)
    before = weights(nlp)
    rule = Adam(1e-3, L2=10.0, grad_clip=0.0, use_averages=False)
    pipe = nlp.get_pipe("gliner2")
    pipe.update(examples(nlp), losses={})
    for weight in get_shim(pipe.model).checkpoint.network.parameters():
        if weight.grad is not None:
            weight.grad.zero_()
    pipe.finish_update(rule)
    after = weights(nlp)
    assert torch.equal(after["classifier.0.bias"], before["classifier.0.bias"])
    norm = next(name for name in before if name.endswith("LayerNorm.weight"))
    assert torch.equal(after[norm], before[norm])
    decayed = before["classifier.0.weight"] * (1 - 1e-3 * 10)
    assert torch.allclose(after["classifier.0.weight"], decayed)


def test_gradients_are_clipped_together(untrained):
    nlp = make_nlp(untrained)
    pipe = nlp.get_pipe("gliner2")
    before = weights(nlp)
    pipe.update(examples(nlp), sgd=SGD(1.0, L2=0.0, grad_clip=0.01, use_averages=False))
    after = weights(nlp)
    scales = {True: pipe._learner._optimisation.encoder_rate, False: 1.0}
    steps = [
        (after[name] - weight) / scales[name.startswith("encoder.")]
        for name, weight in before.items()
    ]
    assert float(torch.cat([s.flatten() for s in steps]).norm()) == pytest.approx(0.01, rel=1e-3)


def test_slices_of_a_batch_are_learned_as_the_whole(untrained):
    gradients = []
    for size in (3, 1):
        exact = {"precision": "float32"}
        nlp = make_nlp(untrained, loss={"drop_negatives": 0.0}, optimisation=exact)
        pipe = nlp.get_pipe("gliner2")
        data = examples(nlp)
        for first in range(0, len(data), size):
            pipe.update(data[first : first + size])
        network = get_shim(pipe.model).checkpoint.network
        gradients.append({n: w.grad for n, w in network.named_parameters() if w.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make_rule", [Adam, RAdam, SGD])
def test_optimizers_of_thinc_lower_the_loss(untrained, make_rule):
    nlp = make_nlp(untrained)
    pipe, data = nlp.get_pipe("gliner2"), examples(nlp)
    before = pipe.get_loss(data)[0]
    rule: Optimizer = make_rule(1e-3, grad_clip=1.0, use_averages=False)
    for _ in range(10):
        pipe.update(data, sgd=rule)
    assert pipe.get_loss(data)[0] < before


def test_a_loss_that_is_not_finite_is_an_error(untrained):
    nlp = make_nlp(untrained)
    pipe = nlp.get_pipe("gliner2")
    with torch.no_grad():
        get_shim(pipe.model).checkpoint.network.classifier[0].bias[0] = torch.nan
    with pytest.raises(ValueError, match=r"'labels': nan.*learn_rate"):
        pipe.update(examples(nlp))


def test_averages_that_would_not_be_kept_are_reported(untrained):
    nlp = make_nlp(untrained)
    with pytest.warns(UserWarning, match="use_averages is true"):
        nlp.update(examples(nlp), sgd=Adam(1e-3, use_averages=True))


def test_dropout_reaches_the_network(untrained):
    exact = {"precision": "float32"}
    nlp = make_nlp(untrained, loss={"drop_negatives": 0.0}, optimisation=exact)
    pipe, data = nlp.get_pipe("gliner2"), examples(nlp)

    def once(drop):
        return pipe.update(data, drop=drop)["gliner2"]

    assert once(0.0) == pytest.approx(once(0.0)) == pytest.approx(pipe.get_loss(data)[0])
    assert once(0.5) != pytest.approx(once(0.5))


def test_prediction_after_an_update_is_without_dropout(trained):
    first = content(trained(TEXTS[0].text))
    trained.get_pipe("gliner2").update(examples(trained), drop=0.9)
    assert content(trained(TEXTS[0].text)) == first


def test_mixed_precision_learns_too(untrained):
    nlp = make_nlp(untrained, optimisation={"precision": "bfloat16"})
    curve = train(nlp, examples(nlp), 20)
    assert curve[-1] < curve[0]
    assert all(weight.dtype == torch.float32 for weight in weights(nlp).values())


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
