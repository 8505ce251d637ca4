"""One encoder for several components: listeners read its states and teach it."""

import shutil

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import SGD, Adam, RAdam

from spacy_gliner2.model.architecture import get_shim
from spacy_gliner2.model.source import find_checkpoint

from .support.untrained import make_untrained
from .test_pipe import SCHEMA, TEXT, content

pytestmark = pytest.mark.usefixtures("one_thread")

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "*",
    "pooling": {"@layers": "reduce_mean.v1"},
}
MODELS = {
    "tagger": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER},
    "ner": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 32,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LISTENER,
    },
    "textcat": {
        "@architectures": "spacy.TextCatParametricAttention.v1",
        "exclusive_classes": True,
        "tok2vec": LISTENER,
    },
}
GOLD = [
    ("I like green eggs", ["PRON", "VERB", "ADJ", "NOUN"], [(7, 12, "COLOUR")], "calm"),
    ("Eat blue ham now!", ["VERB", "ADJ", "NOUN", "ADV", "PUNCT"], [(4, 8, "COLOUR")], "angry"),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint")
    make_untrained(path)
    return str(path)


def sharing(checkpoint="embedded", *listening, frozen=(), schema=None, **config):
    nlp = spacy.blank("en")
    options = {"model": {"name": checkpoint}, "publish_trf_data": True, "schema": schema or {}}
    if frozen:
        options["optimisation"] = {
            "@misc": "spacy-gliner2.optimisation.v1",
            "frozen": list(frozen),
            "encoder_rate": 1.0,
        }
    else:
        options["optimisation"] = {
            "@misc": "spacy-gliner2.optimisation.v1",
            "encoder_rate": 0.1,
            "precision": "float32",
        }
    nlp.add_pipe("gliner2", config={**options, **config})
    for name in listening:
        nlp.add_pipe(name, config={"model": MODELS[name]})
    return nlp


def gold(nlp):
    examples = []
    for text, tags, ents, label in GOLD:
        cats = {"calm": float(label == "calm"), "angry": float(label == "angry")}
        annotation = {"tags": tags, "entities": ents, "cats": cats}
        examples.append(Example.from_dict(nlp.make_doc(text), annotation))
    return examples


def train(nlp, steps, rate=0.01):
    examples = gold(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = rate
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
    return losses


def rows(doc):
    """The states of each token's pieces."""
    data = doc._.trf_data
    flat = data.model_output.last_hidden_state.reshape(-1, data.width)
    ends = np.cumsum(data.align.lengths)
    indices = np.split(data.align.dataXd, ends[:-1])
    return [flat[own] for own in indices]


def pieces(doc):
    data = doc._.trf_data
    flat = [piece for window in data.wordpieces.strings for piece in window]
    ends = np.cumsum(data.align.lengths)
    return [[flat[i] for i in own] for own in np.split(data.align.dataXd, ends[:-1])]


def encoder(nlp):
    return get_shim(nlp.get_pipe("gliner2").model).checkpoint.network.encoder


def test_states_are_those_of_the_text_aligned_to_tokens():
    nlp = sharing(schema=SCHEMA)
    doc = nlp("Well-known facts, don't they?  Yes\n")
    assert [[one.removeprefix("##") for one in own] for own in pieces(doc)][:4] == [
        ["well"],
        ["-"],
        ["known"],
        ["facts"],
    ]
    assert [len(own) for token, own in zip(doc, rows(doc), strict=True) if token.is_space] == [0, 0]
    assert all(len(own) for token, own in zip(doc, rows(doc), strict=True) if not token.is_space)


def test_publishing_changes_nothing_of_what_is_found_and_reads_the_text_once():
    shared, alone = sharing(schema=SCHEMA), spacy.blank("en")
    alone.add_pipe("gliner2", config={"schema": SCHEMA})
    calls = []
    encoder(shared).register_forward_hook(lambda *args: calls.append(1))
    assert content(shared(TEXT)) == content(alone(TEXT))
    assert len(calls) == 1


def test_states_equal_those_of_the_network():
    nlp = sharing(schema=SCHEMA)
    pipe = nlp.get_pipe("gliner2")
    doc = nlp(TEXT)
    (window,) = pipe._extractor.encode([pipe._request(doc, pipe.schema, pipe._settings())])[0]
    states = doc._.trf_data.model_output.last_hidden_state
    assert states.shape == (1, *window.states.shape)
    assert np.allclose(states[0], window.states.detach().numpy(), atol=1e-5)


def test_a_token_in_two_windows_has_its_pieces_in_both():
    nlp = sharing(schema={"entities": ["person"]}, window=30, stride=20)
    doc = nlp(" ".join(f"word{i}" for i in range(60)))
    counts = [
        len({i // doc._.trf_data.wordpieces.input_ids.shape[1] for i in own})
        for own in np.split(
            doc._.trf_data.align.dataXd, np.cumsum(doc._.trf_data.align.lengths)[:-1]
        )
    ]
    assert len(doc._.trf_data.wordpieces) > 2
    assert set(counts) == {1, 2}


@pytest.mark.parametrize("text", ["", "   ", "\n", "x"])
def test_docs_with_hardly_a_token_are_read_by_listeners(checkpoint, text):
    nlp = sharing(checkpoint, "tagger", "ner", "textcat")
    train(nlp, 1)
    docs = list(nlp.pipe([text, "I like green eggs", text]))
    assert [doc.text for doc in docs] == [text, "I like green eggs", text]
    examples = [*gold(nlp), Example.from_dict(nlp.make_doc(text), {})]
    nlp.update(examples, sgd=nlp.create_optimizer())


@pytest.mark.parametrize("listening", [["tagger"], ["ner"], ["textcat"], list(MODELS)])
def test_listeners_learn_and_teach_the_encoder(checkpoint, listening):
    nlp = sharing(checkpoint, *listening)
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


def test_a_frozen_encoder_does_not_move_and_its_listeners_learn(checkpoint):
    nlp = sharing(checkpoint, "tagger", frozen=["encoder"])
    before = [weight.detach().clone() for weight in encoder(nlp).parameters()]
    train(nlp, 30)
    assert all(map(torch.equal, before, encoder(nlp).parameters()))
    assert [token.tag_ for token in nlp(GOLD[0][0])] == GOLD[0][1]


def test_a_frozen_component_teaches_listeners_by_annotating(checkpoint):
    nlp = sharing(checkpoint, "tagger")
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


def test_gradients_of_listeners_are_those_of_torch(checkpoint):
    nlp = sharing(checkpoint, "tagger")
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
    checkpoint, make_rule
):
    """As a call for the gradients and one for the step do."""
    found = []
    for together in (True, False):
        nlp = sharing(checkpoint, "tagger", schema={"entities": ["COLOUR"]})
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
def test_a_listener_that_does_not_learn_holds_up_no_step(checkpoint, when):
    def measured():
        nlp.get_pipe("gliner2").get_loss(gold(nlp))

    nlp = sharing(checkpoint, "tagger", schema={"entities": ["COLOUR"]})
    rule = nlp.initialize(lambda: gold(nlp))
    before = [weight.detach().clone() for weight in encoder(nlp).parameters()]
    nlp.update(gold(nlp), sgd=rule, exclude=["tagger"])
    {"saved": nlp.to_bytes, "used": lambda: nlp(TEXT), "measured": measured}[when]()
    moved = [not torch.equal(*pair) for pair in zip(before, encoder(nlp).parameters(), strict=True)]
    assert sum(moved) > len(moved) / 2


@pytest.mark.parametrize("kind", ["lora", "frozen"])
def test_what_takes_the_place_of_a_listener_learns_what_the_component_does(
    checkpoint, tmp_path, kind
):
    lora = {"@misc": "spacy-gliner2.lora.v1", "rank": 4}
    options = {"lora": {"lora": lora}, "frozen": {"frozen": ["encoder"]}}[kind]
    nlp = sharing(checkpoint, "tagger", schema={"entities": ["COLOUR"]}, **options)
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


def test_the_component_learns_its_own_task_beside_its_listeners(checkpoint):
    nlp = sharing(checkpoint, "tagger", schema={"entities": ["COLOUR"]})
    first = train(nlp, 1)["gliner2"]
    assert train(nlp, 15)["gliner2"] < first


def test_a_saved_pipeline_gives_the_same(checkpoint, tmp_path):
    nlp = sharing(checkpoint, "tagger", "ner")
    train(nlp, 10)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    copied = sharing(checkpoint, "tagger", "ner").from_bytes(nlp.to_bytes())
    for other in (loaded, copied):
        assert len(other.get_pipe("gliner2").listeners) == 2
        for text, *_ in GOLD:
            doc, own = other(text), nlp(text)
            assert [(t.tag_, t.ent_iob_) for t in doc] == [(t.tag_, t.ent_iob_) for t in own]
            assert np.allclose(doc._.trf_data.tensors[0], own._.trf_data.tensors[0], atol=1e-5)


def test_a_replaced_listener_gives_the_same_has_its_own_encoder_and_is_saved(checkpoint, tmp_path):
    nlp = sharing(checkpoint, "tagger", schema={"entities": ["COLOUR"]})
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


def test_states_survive_processes_and_files(checkpoint):
    nlp = sharing(checkpoint)
    doc = nlp(TEXT)
    docs = [*nlp.pipe([TEXT, TEXT], n_process=2)]
    store = DocBin(store_user_data=True, docs=[doc])
    docs += store.get_docs(nlp.vocab)
    docs.append(Doc(nlp.vocab).from_bytes(doc.to_bytes()))
    for other in docs:
        assert np.allclose(other._.trf_data.tensors[0], doc._.trf_data.tensors[0], atol=1e-5)
    assert nlp.add_pipe("doc_cleaner")(doc)._.trf_data is None


def test_a_listener_needs_no_weights_before_they_are_used(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("weights were loaded")

    monkeypatch.setattr("spacy_gliner2.model.shim.load_checkpoint", refuse)
    nlp = sharing("embedded", "tagger")
    assert nlp.get_pipe("gliner2").listening_components == ["tagger"]


def test_a_component_that_does_not_publish_has_no_listeners(checkpoint):
    nlp = sharing(checkpoint, "tagger", publish_trf_data=False)
    assert nlp.get_pipe("gliner2").listeners == []
    assert nlp.get_pipe("gliner2")(nlp.make_doc("x"))._.trf_data is None


def test_a_listener_of_a_frozen_component_knows_how_wide_its_states_are(checkpoint):
    """Which is in the checkpoint's configuration, so that its weights are not needed."""
    nlp = sharing(checkpoint, "tagger", "ner")
    examples = gold(nlp)
    with nlp.select_pipes(disable=["gliner2"]):
        optimizer = nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=optimizer, exclude=["gliner2"], annotates=["gliner2"])
    assert [token.tag_ for token in nlp(GOLD[0][0])]


def test_a_saved_pipeline_needs_no_checkpoint_where_it_came_from(checkpoint, tmp_path):
    """Nor is it misled by another one that is there by now, of another width."""
    origin = tmp_path / "origin"
    shutil.copytree(checkpoint, origin)
    nlp = sharing(str(origin), "tagger")
    train(nlp, 1)
    nlp.to_disk(tmp_path / "nlp")
    tags = [token.tag_ for token in nlp(GOLD[0][0])]
    shutil.rmtree(origin)
    shutil.copytree(find_checkpoint("embedded"), origin)
    assert [token.tag_ for token in spacy.load(tmp_path / "nlp")(GOLD[0][0])] == tags
    shutil.rmtree(origin)
    origin.mkdir()
    assert [token.tag_ for token in spacy.load(tmp_path / "nlp")(GOLD[0][0])] == tags


def test_a_listener_to_a_component_that_does_not_publish_is_refused(checkpoint):
    nlp = sharing(checkpoint, publish_trf_data=False)
    named = {**MODELS["tagger"], "tok2vec": {**LISTENER, "upstream": "gliner2"}}
    with pytest.raises(ValueError, match=r"publish_trf_data: is false in 'gliner2', and 'tagger'"):
        nlp.add_pipe("tagger", config={"model": named})


def test_a_wrong_value_is_refused():
    with pytest.raises(ValueError, match="publish_trf_data"):
        sharing(publish_trf_data="yes")
    with pytest.raises(ValueError, match="served elsewhere"):
        sharing(model={"@architectures": "spacy-gliner2.GLiNER2API.v1"})
