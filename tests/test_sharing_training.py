"""One encoder for several components: they teach it, and their gradients are those of torch."""

import numpy as np
import pytest
import spacy
import torch
from spacy.util import fix_random_seed
from thinc.api import SGD, Adam, RAdam

from spacy_gliner2.model.architecture import get_shim

from .support.sharing import GOLD, MODELS, encoder, gold, pieces, sharing, train
from .test_pipe import TEXT

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("listening", [["tagger"], ["ner"], ["textcat"], list(MODELS)])
def test_listeners_learn_and_teach_the_encoder(untrained, listening):
    nlp = sharing(untrained, *listening)
    before = [weight.detach().clone() for weight in encoder(nlp).parameters()]
    train(nlp, 30)
    moved = [not torch.equal(*pair) for pair in zip(before, encoder(nlp).parameters(), strict=True)]
    assert sum(moved) > len(moved) / 2
    for (text, tags, ents, label), doc in zip(GOLD, nlp.pipe(g[0] for g in GOLD), strict=True):
        assert doc.text == text
        if "tagger" in listening:
            assert [token.tag_ for token in doc] == tags
        if "ner" in listening:
            assert [(e.start_char, e.end_char, e.label_) for e in doc.ents] == ents
        if "textcat" in listening:
            assert max(doc.cats, key=doc.cats.get) == label


def test_a_frozen_encoder_does_not_move_and_its_listeners_learn(untrained):
    nlp = sharing(untrained, "tagger", frozen=["encoder"])
    before = [weight.detach().clone() for weight in encoder(nlp).parameters()]
    train(nlp, 30)
    assert all(map(torch.equal, before, encoder(nlp).parameters()))
    assert [token.tag_ for token in nlp(GOLD[0][0])] == GOLD[0][1]


def test_a_frozen_component_teaches_listeners_by_annotating(untrained):
    nlp = sharing(untrained, "tagger")
    nlp.get_pipe("gliner2")(nlp.make_doc("x"))
    examples = gold(nlp)
    with nlp.select_pipes(disable=["gliner2"]):
        optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    before = [weight.detach().clone() for weight in encoder(nlp).parameters()]
    for _ in range(30):
        nlp.update(examples, sgd=optimizer, exclude=["gliner2"], annotates=["gliner2"])
    assert all(map(torch.equal, before, encoder(nlp).parameters()))
    assert [token.tag_ for token in nlp(GOLD[1][0])] == GOLD[1][1]


def test_gradients_of_listeners_are_those_of_torch(untrained):
    nlp = sharing(untrained, "tagger")
    examples = gold(nlp)
    nlp.initialize(lambda: examples)
    pipe, tagger = nlp.get_pipe("gliner2"), nlp.get_pipe("tagger")
    docs = [example.predicted for example in examples]
    weight = next(encoder(nlp).parameters())

    pipe._send(docs, 0.0)
    outputs, backprop = tagger.model.get_ref("tok2vec").begin_update(docs)
    backprop([np.ones_like(part) for part in outputs])
    found = weight.grad.clone()

    weight.grad = None
    request = [pipe._request(doc, pipe.schema, pipe._settings()) for doc in docs]
    total = sum(own.states.sum() for one in pipe._extractor.encode(request) for own in one)
    total.backward()
    # Each token here is of one piece or more, and their mean gets the gradient of one.
    assert found.shape == weight.grad.shape
    assert found.abs().sum() > 0
    single = all(len(own) == 1 for doc in map(nlp, (g[0] for g in GOLD)) for own in pieces(doc))
    if single:
        assert torch.allclose(found, len(docs) * weight.grad, atol=1e-4)


@pytest.mark.parametrize("make_rule", [Adam, RAdam, SGD])
def test_one_call_of_update_steps_when_listeners_have_sent_back_their_gradients(
    untrained, make_rule
):
    """As a call for the gradients and one for the step do."""
    found = []
    for together in (True, False):
        nlp = sharing(untrained, "tagger", schema={"entities": ["COLOUR"]})
        fix_random_seed(0)
        nlp.initialize(lambda: gold(nlp))  # noqa: B023  (called at once)
        rule = make_rule(1e-3, L2=0.0, grad_clip=1.0, use_averages=False)
        for _ in range(2):
            fix_random_seed(1)
            nlp.update(gold(nlp), sgd=rule if together else False)
            if not together:
                for _, pipe in nlp.pipeline:
                    pipe.finish_update(rule)
        found.append([weight.detach().clone() for weight in encoder(nlp).parameters()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("when", ["saved", "used", "measured"])
def test_a_listener_that_does_not_learn_holds_up_no_step(untrained, when):
    def measured():
        nlp.get_pipe("gliner2").get_loss(gold(nlp))

    nlp = sharing(untrained, "tagger", schema={"entities": ["COLOUR"]})
    rule = nlp.initialize(lambda: gold(nlp))
    before = [weight.detach().clone() for weight in encoder(nlp).parameters()]
    nlp.update(gold(nlp), sgd=rule, exclude=["tagger"])
    {"saved": nlp.to_bytes, "used": lambda: nlp(TEXT), "measured": measured}[when]()
    moved = [not torch.equal(*pair) for pair in zip(before, encoder(nlp).parameters(), strict=True)]
    assert sum(moved) > len(moved) / 2


@pytest.mark.parametrize("kind", ["lora", "frozen"])
def test_what_takes_the_place_of_a_listener_learns_what_the_component_does(
    untrained, tmp_path, kind
):
    lora = {"@misc": "spacy-gliner2.lora.v1", "rank": 4}
    options = {"lora": {"lora": lora}, "frozen": {"frozen": ["encoder"]}}[kind]
    nlp = sharing(untrained, "tagger", schema={"entities": ["COLOUR"]}, **options)
    train(nlp, 2)
    nlp.replace_listeners("gliner2", "tagger", ["model.tok2vec"])
    nlp.to_disk(tmp_path)
    for one in (nlp, spacy.load(tmp_path)):
        nodes = one.get_pipe("tagger").model.walk()
        (shim,) = next(node for node in nodes if node.name == "gliner2_encoder").shims
        network = get_shim(shim.model).checkpoint.network
        before = {n: w.detach().clone() for n, w in network.named_parameters()}
        rule = one.resume_training()
        one.update(gold(one), sgd=rule, exclude=["gliner2"])
        moved = {n for n, w in network.named_parameters() if not torch.equal(before[n], w)}
        assert all(".lora_" in name for name in moved)
        assert bool(moved) == (kind == "lora")


def test_the_component_learns_its_own_task_beside_its_listeners(untrained):
    nlp = sharing(untrained, "tagger", schema={"entities": ["COLOUR"]})
    first = train(nlp, 1)["gliner2"]
    assert train(nlp, 15)["gliner2"] < first


def test_a_replaced_listener_gives_the_same_has_its_own_encoder_and_is_saved(untrained, tmp_path):
    nlp = sharing(untrained, "tagger", schema={"entities": ["COLOUR"]})
    train(nlp, 20)
    tags = [[token.tag_ for token in nlp(text)] for text, *_ in GOLD]
    scores = nlp.get_pipe("tagger").model.predict([nlp(GOLD[0][0])])[0]
    nlp.replace_listeners("gliner2", "tagger", ["model.tok2vec"])
    assert nlp.get_pipe("gliner2").listeners == []
    assert np.allclose(
        nlp.get_pipe("tagger").model.predict([nlp.make_doc(GOLD[0][0])])[0], scores, atol=1e-5
    )
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=["gliner2"])
    assert [[token.tag_ for token in loaded(text)] for text, *_ in GOLD] == tags
    assert np.allclose(
        loaded.get_pipe("tagger").model.predict([loaded.make_doc(GOLD[0][0])])[0],
        scores,
        atol=1e-5,
    )
    optimizer = loaded.resume_training()
    before = loaded.update(gold(loaded), sgd=optimizer)["tagger"]
    for _ in range(5):
        losses = loaded.update(gold(loaded), sgd=optimizer)
    assert losses["tagger"] < before


def test_a_listener_of_a_frozen_component_knows_how_wide_its_states_are(untrained):
    """Which is in the checkpoint's configuration, so that its weights are not needed."""
    nlp = sharing(untrained, "tagger", "ner")
    examples = gold(nlp)
    with nlp.select_pipes(disable=["gliner2"]):
        optimizer = nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=optimizer, exclude=["gliner2"], annotates=["gliner2"])
    assert [token.tag_ for token in nlp(GOLD[0][0])]
