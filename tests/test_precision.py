"""Other precisions than float32: nearly the same answers, and clear errors where there are none."""

import pickle
from pathlib import Path

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from spacy_gliner2.model import precision as support
from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.linear import make_linear
from spacy_gliner2.model.network import Network
from spacy_gliner2.model.precision import PRECISIONS, check_support

from .support.texts import ENGLISH

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
LOWER = ("bfloat16", "int8")
AGREES = {"bfloat16": 0.97, "int8": 0.93}
"""Share of the decisions that has to be those of float32; there are few, so that one counts."""

SCORES = {"bfloat16": 0.02, "int8": 0.06}
"""Largest mean difference of the scores of an entity that both find."""

SCHEMA = {
    "entities": ["person", "organization", "location", "product", "date"],
    "classifications": [{"task": "tone", "labels": ["positive", "negative", "neutral"]}],
}


def supported(precision: str) -> bool:
    try:
        check_support(precision, CPU)
    except ValueError:
        return False
    return True


lower = pytest.mark.parametrize(
    "precision",
    [
        pytest.param(one, marks=pytest.mark.skipif(not supported(one), reason="not supported"))
        for one in LOWER
    ],
)


def make_nlp(precision: str, name: str = "embedded", **config: object) -> Language:
    nlp = spacy.blank("en")
    model = {"name": str(name), "precision": precision}
    nlp.add_pipe("gliner2", config={"schema": SCHEMA, "model": model, **config})
    return nlp


def network(nlp: Language) -> Network:
    return get_shim(nlp.get_pipe("gliner2").model).checkpoint.network


def found(nlp: Language) -> dict[tuple[object, ...], float]:
    scores: dict[tuple[object, ...], float] = {}
    for n, doc in enumerate(nlp.pipe(ENGLISH)):
        scores.update(((n, e.start_char, e.end_char, e.label_), e._.score) for e in doc.ents)
        label = max(doc.cats, key=lambda label: doc.cats[label])
        scores[n, label] = doc.cats[label]
    return scores


@pytest.fixture(scope="module")
def exact() -> dict[tuple[object, ...], float]:
    return found(make_nlp("float32"))


@lower
def test_lower_precisions_decide_nearly_always_as_float32(precision, exact):
    own = found(make_nlp(precision))
    both = own.keys() & exact.keys()
    assert 2 * len(both) / (len(own) + len(exact)) >= AGREES[precision]
    assert own != exact  # or it was not computed with
    assert sum(abs(own[key] - exact[key]) for key in both) / len(both) < SCORES[precision]


@lower
def test_a_text_is_scored_alike_in_any_batch(precision):
    nlp = make_nlp(precision)
    together = [doc.cats for doc in nlp.pipe(ENGLISH)]
    for text, cats in zip(ENGLISH, together, strict=True):
        assert nlp(text).cats == pytest.approx(cats, abs=0.02)


@lower
def test_the_weights_that_are_saved_are_the_true_ones(precision, tmp_path):
    nlp = make_nlp(precision)
    nlp(ENGLISH[0])
    nlp.to_disk(tmp_path)
    saved = spacy.load(tmp_path, config={"components.gliner2.model.precision": "float32"})
    own, plain = network(saved).state_dict(), network(make_nlp("float32")).state_dict()
    assert network(saved).precision == "float32"
    assert own.keys() == plain.keys()
    assert all(torch.equal(own[key], plain[key]) for key in plain)


@lower
def test_copies_keep_the_precision_and_answer_the_same(precision):
    nlp = make_nlp(precision)
    expected = found(nlp)
    other = make_nlp(precision, schema=SCHEMA).from_bytes(nlp.to_bytes())
    for copy in (pickle.loads(pickle.dumps(nlp)), other):
        assert network(copy).precision == precision
        assert found(copy) == expected


@lower
def test_many_processes_answer_the_same(precision):
    nlp = make_nlp(precision)
    texts = ENGLISH[:6]
    alone = [(doc.text, [ent.text for ent in doc.ents]) for doc in nlp.pipe(texts)]
    many = nlp.pipe(texts, n_process=2, batch_size=2)
    assert [(doc.text, [ent.text for ent in doc.ents]) for doc in many] == alone


@lower
def test_what_is_learned_does_not_depend_on_the_precision(precision, small_checkpoint):
    learned = []
    for one in ("float32", precision):
        options = {"optimisation": {"precision": "float32"}, "augmentation": None}
        options["loss"] = {"drop_negatives": 0.0}  # which are drawn at random
        nlp = make_nlp(one, small_checkpoint(), **options)
        doc = nlp.make_doc("Marie Curie moved to Paris.")
        before = nlp("Marie Curie moved to Paris.").cats
        reference = doc.copy()
        reference.set_ents([doc.char_span(0, 11, "person")])
        nlp.update([Example(doc, reference)], sgd=Adam(1e-2, use_averages=False))
        assert nlp("Marie Curie moved to Paris.").cats != before
        learned.append(network(nlp).state_dict())
    assert all(torch.equal(learned[0][key], learned[1][key]) for key in learned[0])


@pytest.mark.parametrize("activation", [None, "relu", "gelu"])
@pytest.mark.parametrize("after", [None, "relu", "gelu"])
@lower
def test_a_linear_layer_is_close_to_the_exact_one(precision, activation, after):
    torch.manual_seed(0)
    inputs, weight, bias = torch.randn(40, 64), torch.randn(48, 64) / 8, torch.randn(48)
    residual = torch.randn(40, 48)
    inputs[3] = 0
    inputs[5] *= 1e4
    inputs = _activate(inputs, after)
    layer = make_linear(weight, bias, precision, activation, after)
    own = layer(inputs.bfloat16(), residual.bfloat16()).float()
    exact = _activate(F.linear(inputs, weight, bias), activation) + residual
    error = (own - exact).norm(dim=1) / exact.norm(dim=1)
    assert float(error.max()) < 0.03


def _activate(states: Tensor, name: str | None) -> Tensor:
    return states if name is None else getattr(F, name)(states)


@pytest.mark.parametrize("precision", LOWER)
def test_a_machine_without_the_precision_says_so_with_the_remedy(precision, monkeypatch):
    support.missing_for_bfloat16.cache_clear()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(support, "missing_for_int8", lambda device: None)
    try:
        with pytest.raises(ValueError, match=f"model.precision: '{precision}'.*'float32'"):
            make_nlp(precision)("A text.")
    finally:
        support.missing_for_bfloat16.cache_clear()


def test_8_bit_numbers_are_for_the_processor_alone():
    with pytest.raises(ValueError, match=r"'int8' needs the device 'cpu'.*'cuda'"):
        check_support("int8", torch.device("cuda"))


@pytest.mark.parametrize("precision", LOWER)
def test_an_encoder_of_another_family_runs_in_float32_alone(precision, monkeypatch):
    monkeypatch.setattr("spacy_gliner2.model.shim.check_support", lambda *_: None)
    monkeypatch.setattr("spacy_gliner2.model.encoders.PackedBert.supports", lambda _: False)
    with pytest.raises(ValueError, match=f"model.precision: '{precision}'.*float32 only"):
        make_nlp(precision)("A text.")


def test_precisions_are_those_that_the_docs_name():
    docs = (Path(__file__).parent.parent / "docs" / "speed.md").read_text(encoding="utf8")
    assert all(f'"{precision}"' in docs for precision in PRECISIONS)
