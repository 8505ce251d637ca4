"""The tokenizer of DeBERTa-v3, from its vocabulary of 128,000 pieces."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file
from sentencepiece import SentencePieceProcessor
from transformers import DebertaV2TokenizerFast

from spacy_gliner2.inference.prompt import make_prompt
from spacy_gliner2.inference.subwords import Subwords
from spacy_gliner2.inference.words import read_words
from spacy_gliner2.model.checkpoint import load_checkpoint
from spacy_gliner2.schema import MARKERS, FrozenSchema

from .support.cases import spread
from .support.checkpoints import make_checkpoint
from .test_parity import check, compare

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # transformers says so of the vocabulary of DeBERTa-v3, which is what the models have.
    pytest.mark.filterwarnings("ignore:.*byte fallback option:UserWarning"),
]

SPM = Path(__file__).parents[2] / "shared" / "data" / "deberta-v3-spm" / "spm.model"


@pytest.fixture(scope="module")
def deberta(tmp_path_factory) -> Path:
    if not SPM.is_file():
        pytest.skip("the vocabulary is not there")
    path = tmp_path_factory.mktemp("deberta-v3")
    tokenizer = DebertaV2TokenizerFast(vocab_file=str(SPM), do_lower_case=False)
    make_checkpoint(path, "deberta", "count_lstm", tokenizer=tokenizer)
    return path


def test_the_markers_follow_the_vocabulary_of_deberta(deberta):
    tokenizer = load_checkpoint(deberta).tokenizer
    assert [tokenizer.token_to_id(marker) for marker in MARKERS] == list(range(128001, 128011))
    rows = load_file(deberta / "model.safetensors")["encoder.embeddings.word_embeddings.weight"]
    assert len(rows) == 128011


def test_a_prompt_and_a_text_have_the_ids_of_the_vocabulary_of_deberta(deberta):
    subwords = Subwords(load_checkpoint(deberta).tokenizer)
    schema = FrozenSchema.from_dict({"entities": ["person", "organization"]})
    assert make_prompt(schema, subwords).ids == (
        *(287, 128003, 6967, 287, 128005, 604, 128005, 1416, 1263, 1263, 128002),
    )
    words = read_words("John works at Google.", "gliner2").forms
    assert subwords.all_ids(words) == [(23810,), (885,), (288,), (7374,), (323,)]


def test_words_have_the_ids_that_sentencepiece_gives(deberta):
    subwords = Subwords(load_checkpoint(deberta).tokenizer)
    model = SentencePieceProcessor(model_file=str(SPM))
    known = 0
    for case in spread(100, seed=15):
        for form in read_words(case.text, "gliner2").forms:
            expected = model.encode(form)
            if expected and not any(model.is_byte(i) for i in expected):
                known += 1
                assert subwords.ids(form) == tuple(expected), form
    assert known > 1000


def test_the_sentencepiece_model_alone_gives_the_same_tokenizer(deberta, tmp_path, no_network):
    bare = Path(shutil.copytree(deberta, tmp_path / "bare"))
    (bare / "tokenizer.json").unlink()
    shutil.copy(SPM, bare / "spm.model")
    expected, found = (Subwords(load_checkpoint(p).tokenizer) for p in (deberta, bare))
    for case in spread(100, seed=13):
        for form in read_words(case.text, "gliner2").forms:
            assert found.ids(form) == expected.ids(form)


def test_both_find_the_same_with_it(deberta):
    check(compare(deberta, spread(45, seed=14)))
