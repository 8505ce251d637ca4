"""One encoder for several components: they read its states, saved or copied, too."""

import shutil

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_gliner2.model.source import find_checkpoint

from .support.sharing import GOLD, LISTENER, MODELS, encoder, gold, pieces, sharing, train
from .test_pipe import SCHEMA, TEXT, content

pytestmark = pytest.mark.usefixtures("one_thread")


def rows(doc):
    """The states of each token's pieces."""
    data = doc._.trf_data
    flat = data.model_output.last_hidden_state.reshape(-1, data.width)
    ends = np.cumsum(data.align.lengths)
    indices = np.split(data.align.dataXd, ends[:-1])
    return [flat[own] for own in indices]


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
def test_docs_with_hardly_a_token_are_read_by_listeners(untrained, text):
    nlp = sharing(untrained, "tagger", "ner", "textcat")
    train(nlp, 1)
    docs = list(nlp.pipe([text, "I like green eggs", text]))
    assert [doc.text for doc in docs] == [text, "I like green eggs", text]
    examples = [*gold(nlp), Example.from_dict(nlp.make_doc(text), {})]
    nlp.update(examples, sgd=nlp.create_optimizer())


def test_a_saved_pipeline_gives_the_same(untrained, tmp_path):
    nlp = sharing(untrained, "tagger", "ner")
    train(nlp, 10)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    copied = sharing(untrained, "tagger", "ner").from_bytes(nlp.to_bytes())
    for other in (loaded, copied):
        assert len(other.get_pipe("gliner2").listeners) == 2
        for text, *_ in GOLD:
            doc, own = other(text), nlp(text)
            assert [(t.tag_, t.ent_iob_) for t in doc] == [(t.tag_, t.ent_iob_) for t in own]
            assert np.allclose(doc._.trf_data.tensors[0], own._.trf_data.tensors[0], atol=1e-5)


def test_states_survive_processes_and_files(untrained):
    nlp = sharing(untrained)
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


def test_a_component_that_does_not_publish_has_no_listeners(untrained):
    nlp = sharing(untrained, "tagger", publish_trf_data=False)
    assert nlp.get_pipe("gliner2").listeners == []
    assert nlp.get_pipe("gliner2")(nlp.make_doc("x"))._.trf_data is None


def test_a_saved_pipeline_needs_no_checkpoint_where_it_came_from(untrained, tmp_path):
    """Nor is it misled by another one that is there by now, of another width."""
    origin = tmp_path / "origin"
    shutil.copytree(untrained, origin)
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


def test_a_listener_to_a_component_that_does_not_publish_is_refused(untrained):
    nlp = sharing(untrained, publish_trf_data=False)
    named = {**MODELS["tagger"], "tok2vec": {**LISTENER, "upstream": "gliner2"}}
    with pytest.raises(ValueError, match=r"publish_trf_data: is false in 'gliner2', and 'tagger'"):
        nlp.add_pipe("tagger", config={"model": named})


def test_a_wrong_value_is_refused():
    with pytest.raises(ValueError, match="publish_trf_data"):
        sharing(publish_trf_data="yes")
    with pytest.raises(ValueError, match="served elsewhere"):
        sharing(model={"@architectures": "spacy-gliner2.GLiNER2API.v1"})
