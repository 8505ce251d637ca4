"""Losses equal those of the reference, and differ where its faults are mended."""

import pytest
import spacy
import torch
from gliner2 import GLiNER2 as ReferenceModel
from spacy.training import Example
from torch.nn import functional as F  # noqa: N812

from spacy_gliner2.inference.prompt import make_prompt
from spacy_gliner2.inference.sequences import make_sequence
from spacy_gliner2.inference.windows import Window
from spacy_gliner2.inference.words import END_MARKS, read_words
from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.spans import SpanMarker, beyond
from spacy_gliner2.schema import FrozenSchema

from .support.annotated import Annotated, make_annotated
from .support.checkpoints import COUNTING_LAYERS
from .support.untrained import make_untrained

pytestmark = pytest.mark.usefixtures("one_thread")

AS_THE_REFERENCE = {
    "reduction": "sum",
    "negatives": "none",
    "entity_count": "none",
    "offsets": False,
    "order": "given",
}
WIDTH = 6


def make_pipe(name, **loss):
    nlp = spacy.blank("en")
    config = {
        "model": {"name": str(name)},
        "cats_prefix": True,
        "loss": {"@misc": "spacy-gliner2.loss.v1", **loss},
    }
    return nlp, nlp.add_pipe("gliner2", config=config)


def reference_losses(model, items):
    """The losses of the reference: of spans, of class labels, of numbers."""
    batch = model.processor.collate_fn_inference(
        [item.record() for item in items], error_policy="raise", build_targets=True
    )
    with torch.no_grad():
        found = model.eval()(batch)
    assert found["batch_size"] == len(items)
    return [float(found[f"{key}_loss"]) for key in ("structure", "classification", "count")]


def our_losses(pipe, examples):
    _, parts = pipe.get_loss(examples)
    spans = parts["entities"] + parts["relations"] + parts["records"]
    return [spans, parts["labels"], parts["counts"]]


def comparable(item: Annotated) -> bool:
    """Whether the reference finds the gold in the text alone, and all of it.

    It also looks among the choices, does not find an address that the text ends in, and takes a
    task for another whose name is longer.
    """
    if "sent" in item.labels:
        return False
    if not item.text or read_words(item.text, "gliner2").forms[-1] not in END_MARKS:
        return False
    prefix = {
        word.lower()
        for structure in FrozenSchema.from_dict(item.schema).structures
        for part in structure.fields
        for word in (part.name, "(", ")", ",", "|", *(part.choices or ()))
        if any(one.choices for one in structure.fields)
    }
    values = [*(w for ws in (item.entities or {}).values() for w in ws)]
    values += [w for pair in item.relations or () for w in pair[1:]]
    for records in (item.records or {}).values():
        for record in records:
            for words in record.values():
                values += words if isinstance(words, list) else [words] if words else []
    return not any(value.lower() in prefix for value in values)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint")
    make_untrained(path, counting_layer="count_lstm_v2")
    return path


@pytest.fixture(scope="module")
def items():
    return [item for item in make_annotated(60, WIDTH, seed=3) if comparable(item)]


@pytest.mark.parametrize("counting_layer", COUNTING_LAYERS)
@pytest.mark.parametrize("kind", ["bert", "deberta"])
def test_losses_equal_the_reference(kind, counting_layer, items, tmp_path):
    reference = make_untrained(tmp_path, kind, counting_layer)
    nlp, pipe = make_pipe(tmp_path, **AS_THE_REFERENCE)
    for first in range(0, len(items), 8):
        batch = items[first : first + 8]
        ours = our_losses(pipe, [item.example(nlp, offsets=False) for item in batch])
        assert ours == pytest.approx(reference_losses(reference, batch), rel=1e-4, abs=1e-4)


def test_losses_of_the_embedded_checkpoint_equal_the_reference(items):
    nlp, pipe = make_pipe("embedded", **AS_THE_REFERENCE)
    path = spacy.util.get_package_path("spacy_gliner2") / "embedded"
    reference = ReferenceModel.from_pretrained(str(path)).float()
    ours = our_losses(pipe, [item.example(nlp, offsets=False) for item in items[:16]])
    assert ours == pytest.approx(reference_losses(reference, items[:16]), rel=1e-4, abs=1e-4)


def losses(item, checkpoint, **loss):
    nlp, pipe = make_pipe(checkpoint, **{**AS_THE_REFERENCE, **loss})
    return pipe.get_loss([item.example(nlp)])[1], pipe


def test_with_offsets_only_that_occurrence_is_gold(checkpoint):
    text = "Paris met Paris in Paris."
    item = Annotated(text, {"entities": ["city"]}, entities={"city": ["Paris"]})
    everywhere, _ = losses(item, checkpoint)
    there, _ = losses(item, checkpoint, offsets=True)
    assert there["entities"] != pytest.approx(everywhere["entities"])


def test_a_relation_that_a_text_has_not_is_learned_as_none(checkpoint):
    item = Annotated("Nobody works here.", {"relations": ["works for"]}, relations=[])
    as_reference, _ = losses(item, checkpoint)
    assert not any(as_reference.values())
    counted, _ = losses(item, checkpoint, negatives="count")
    assert counted["counts"] > 0
    assert counted["relations"] == 0
    spans, _ = losses(item, checkpoint, negatives="spans")
    assert spans["counts"] == counted["counts"]
    assert spans["relations"] > 0


def test_a_task_without_annotation_is_not_learned(checkpoint):
    schema = {"relations": ["works for"], "entities": ["person"]}
    item = Annotated("Nobody works here.", schema, entities={})
    found, _ = losses(item, checkpoint, negatives="spans")
    assert found["entities"] > 0
    assert found["relations"] == found["counts"] == 0


@pytest.mark.parametrize(("mode", "learned"), [("one", 1), ("any", 0), ("none", None)])
def test_the_number_that_lets_entities_through_is_learned_as_chosen(checkpoint, mode, learned):
    item = Annotated("Nobody works here.", {"entities": ["person"]}, entities={})
    found, pipe = losses(item, checkpoint, entity_count=mode)
    logits = count_logits(pipe, item)
    expected = 0.0 if learned is None else float(-logits.log_softmax(-1)[learned])
    assert found["counts"] == pytest.approx(expected, abs=1e-5)


def encoded(pipe, item):
    """The network, its states for a text, and its positions in them."""
    shim = get_shim(pipe.model)
    prompt = make_prompt(FrozenSchema.from_dict(item.schema), shim.subwords)
    ids = shim.subwords.all_ids(read_words(item.text, "gliner2").forms)
    sequence = make_sequence(prompt, ids, Window(0, len(ids)))
    network = shim.checkpoint.network
    with torch.no_grad():
        return network, network.encode([sequence]), sequence


def count_logits(pipe, item):
    network, states, sequence = encoded(pipe, item)
    with torch.no_grad():
        return network.count_pred(states[sequence.prompt.groups[0].parent])


def span_logits(pipe, item):
    network, states, sequence = encoded(pipe, item)
    with torch.no_grad():
        rows = states[[first for first, _ in sequence.rows]]
        queries = network.count_embed(states[list(sequence.prompt.groups[0].children)][None], 1)
        starts, ends = network.spans.project(rows)
        logits = network.spans(starts, ends, [len(rows)], [queries.flatten(0, 2)])[0]
        logits[beyond([len(rows)], network.config.max_width)] = -torch.inf
        return logits[:, :, 0]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            Annotated("a b c d e f go", {"entities": ["x"]}, entities={"x": ["a b c d e f go"]}),
            r"1 have more words than max_width .* x 'a b c d e f go' \(1\)",
        ),
        (
            Annotated(
                " ".join(f"w{n}" for n in range(21)) + ".",
                {"relations": ["r"]},
                relations=[("r", f"w{n}", "w20") for n in range(20)],
            ),
            r"1 instances beyond the 19 .* r \(1\)",
        ),
        (
            Annotated("Paris.", {"relations": ["r"]}, relations=[("r", "Paris", "Rome")]),
            r"1 are not in the text.* r 'Rome' \(1\)",
        ),
        (
            Annotated("a well-known man.", {"entities": ["x"]}, entities={"x": ["known"]}),
            r"1 begin or end inside of a word.* x 'known' of 'well-known' \(1\)",
        ),
        (
            Annotated("Paris.", {"entities": ["x"]}, entities={"y": ["Paris"]}),
            r"1 labels.* not in the schema.* entity 'y' \(1\)",
        ),
        (Annotated("Paris.", {"entities": ["x"]}), r"1 texts have no annotation"),
    ],
)
def test_what_cannot_be_learned_is_reported_once(item, message, checkpoint):
    nlp, pipe = make_pipe(checkpoint)
    with pytest.warns(UserWarning, match=message):
        pipe.get_loss([item.example(nlp)])
    pipe.get_loss([item.example(nlp)])  # a second warning would be an error
    assert [counts.total() for counts in pipe.problems.found.values()] == [2]


def test_offsets_that_are_not_those_of_the_words_are_an_error(checkpoint):
    nlp, pipe = make_pipe(checkpoint)
    example = Annotated(
        "Paris.", {"relations": ["r"]}, relations=[("r", "Paris", "Paris")]
    ).example(nlp)
    example.reference._.relations[0]["head"]["end"] = 3
    with pytest.raises(ValueError, match=r"r: the offsets 0, 3 are those of 'Par'"):
        pipe.get_loss([example])


def test_windows_of_a_long_text_add_up_to_its_losses(checkpoint, monkeypatch):
    """A text in two windows without overlap is learned as two texts are."""
    nlp, pipe = make_pipe(checkpoint)

    def halve(lengths, **_):
        return [Window(start, start + 6) for start in range(0, len(lengths), 6)]

    monkeypatch.setattr("spacy_gliner2.training.texts.make_windows", halve)
    schema = {"entities": ["city"], "relations": ["r"]}
    halves = [
        Annotated(text, schema, entities={"city": [name]}, relations=[("r", name, end)])
        for text, name, end in [
            ("We all saw Paris then .", "Paris", "then"),
            ("Oslo is now far away .", "Oslo", "away"),
        ]
    ]
    whole = Annotated(
        " ".join(half.text for half in halves),
        schema,
        entities={"city": ["Paris", "Oslo"]},
        relations=[("r", "Paris", "then"), ("r", "Oslo", "away")],
    )
    apart, _ = pipe.get_loss([half.example(nlp) for half in halves])
    together, _ = pipe.get_loss([whole.example(nlp)])
    assert together == pytest.approx(apart, rel=1e-5)


def test_of_tokens_without_annotation_no_entity_is_learned(checkpoint):
    """Neither that one is there nor that none is."""
    nlp, pipe = make_pipe(checkpoint, reduction="sum")
    schema = {"entities": ["city"]}
    text = "Paris is not Rome ."

    def loss(missing, entities=(0, 1)):
        doc = nlp.make_doc(text)
        doc._.gliner2_schema = schema
        spans = [spacy.tokens.Span(doc, *entities, label="city")]
        doc.set_ents(spans, missing=[doc[i : i + 1] for i in missing], default="outside")
        return pipe.get_loss([Example(nlp.make_doc(text), doc)])[1]["entities"]

    of_all, of_some, of_right = loss([]), loss([2, 3, 4]), loss([1, 2, 3, 4])
    # Of the 5 + 4 + 3 + 2 + 1 spans, those of the first two tokens, and the right one, remain.
    logits = span_logits(pipe, Annotated(text, schema))
    gold = torch.zeros_like(logits)
    gold[0, 0] = 1
    cells = F.binary_cross_entropy_with_logits(logits, gold, reduction="none")
    assert of_all == pytest.approx(float(cells[logits.isfinite()].sum()), rel=1e-4)
    assert of_some == pytest.approx(float(cells[0, 0] + cells[0, 1] + cells[1, 0]), rel=1e-4)
    assert of_right == pytest.approx(float(cells[0, 0]), rel=1e-4)


def test_gradients_of_spans_are_those_of_the_formula():
    """Of two sequences, the second one shorter than the longest span."""
    torch.manual_seed(0)
    hidden, width, rows = 4, 3, [4, 2]
    head = SpanMarker(hidden, width, 0.0).double()
    states = torch.randn(sum(rows), hidden, dtype=torch.float64, requires_grad=True)
    queries = [torch.randn(n, hidden, dtype=torch.float64, requires_grad=True) for n in (2, 1)]
    logits = head(*head.project(states), rows, queries)
    without = beyond(rows, width).split(rows)
    found = [
        own.masked_fill(out[:, :, None], 0.0) for own, out in zip(logits, without, strict=True)
    ]
    expected = []
    for own, asked in zip(states.split(rows), queries, strict=True):
        starts, ends = (F.relu(layer(own)) for layer in (head.project_start, head.project_end))
        made = states.new_zeros(len(own), width, len(asked))
        for i in range(len(own)):
            for j in range(i, min(len(own), i + width)):
                made[i, j - i] = asked @ head.out_project(torch.cat((starts[i], ends[j])))
        expected.append(made)
    weights = [torch.randn_like(own) for own in expected]
    inputs = [states, *queries, *head.parameters()]
    gradients = []
    for scores in (found, expected):
        total = sum((own * w).sum() for own, w in zip(scores, weights, strict=True))
        gradients.append(torch.autograd.grad(total, inputs))
    for own, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(own, wanted)
    for own, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(own, wanted)


@pytest.mark.parametrize(
    ("multi_label", "cats", "learned"),
    [
        (True, {"t:a": 1.0}, {"a": 1.0}),
        (True, {"t:a": 0.0, "t:b": 1.0}, {"a": 0.0, "b": 1.0}),
        (False, {"t:a": 1.0}, {"a": 1.0, "b": 0.0, "c": 0.0}),
        (False, {"t:b": 0.0}, {"b": 0.0}),
    ],
)
def test_of_class_labels_that_are_not_annotated_nothing_is_learned(
    checkpoint, multi_label, cats, learned
):
    """Unless another one is the right one of a task that has one."""
    nlp, pipe = make_pipe(checkpoint)
    task = {"task": "t", "labels": ["a", "b", "c"], "multi_label": multi_label}
    item = Annotated("Nobody works here.", {"classifications": [task]})
    example = item.example(nlp)
    example.reference.cats = cats
    network, states, sequence = encoded(pipe, item)
    rows = states[list(sequence.prompt.groups[0].children)]
    logits = dict(zip("abc", network.classifier(rows).squeeze(-1).detach(), strict=True))
    expected = sum(
        float(F.binary_cross_entropy_with_logits(logits[name], torch.tensor(value)))
        for name, value in learned.items()
    )
    assert pipe.get_loss([example])[1]["labels"] == pytest.approx(expected, abs=1e-5)
