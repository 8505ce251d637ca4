"""Checkpoints: the reference's directory, read and written strictly and safely."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import gliner2
import pytest
import torch
from safetensors.torch import load_file

from spacy_gliner2 import GLiNER2
from spacy_gliner2.inference.subwords import Subwords
from spacy_gliner2.inference.words import read_words
from spacy_gliner2.model.checkpoint import checkpoint_from_files, load_checkpoint, save_checkpoint
from spacy_gliner2.model.errors import CheckpointError
from spacy_gliner2.model.source import find_checkpoint
from spacy_gliner2.schema import MARKERS

from .support.cases import spread
from .support.checkpoints import COUNTING_LAYERS, ENCODERS, edit_json
from .support.reference import load_reference, run_reference
from .test_parity import check, compare

TEXT = "Tim Cook met Satya Nadella in Paris."

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # transformers says so of the vocabulary of DeBERTa-v3, which is what the models have.
    pytest.mark.filterwarnings("ignore:.*byte fallback option:UserWarning"),
]


@pytest.mark.parametrize("layer", COUNTING_LAYERS)
@pytest.mark.parametrize("kind", ENCODERS)
def test_what_we_save_the_reference_loads_and_answers_the_same(
    kind, layer, small_checkpoint, tmp_path
):
    path = small_checkpoint(kind, layer)
    save_checkpoint(load_checkpoint(path), tmp_path / "ours")
    before, after = load_reference(path), load_reference(tmp_path / "ours")
    ours = after.state_dict()
    assert before.state_dict().keys() == ours.keys()
    assert all(torch.equal(value, ours[key]) for key, value in before.state_dict().items())
    cases = spread(15, seed=9)
    assert run_reference(before, cases) == run_reference(after, cases)


def test_what_the_reference_saves_of_ours_we_load_and_answer_the_same(small_checkpoint, tmp_path):
    path = small_checkpoint("deberta", "count_lstm_v2")
    GLiNER2.from_pretrained(path).save_pretrained(tmp_path / "ours")
    gliner2.GLiNER2.from_pretrained(str(tmp_path / "ours")).save_pretrained(tmp_path / "theirs")
    first, last = (GLiNER2.from_pretrained(p) for p in (path, tmp_path / "theirs"))
    for case in spread(30, seed=10):
        options = {"threshold": case.threshold, "format_results": False}
        assert first.extract(case.text, case.schema, **options) == last.extract(
            case.text, case.schema, **options
        )


def test_the_embedded_checkpoint_is_written_as_it_was_read(tmp_path):
    source = find_checkpoint("embedded")
    save_checkpoint(load_checkpoint(source), tmp_path / "saved")
    before, after = (load_file(p / "model.safetensors") for p in (source, tmp_path / "saved"))
    assert before.keys() == after.keys()
    assert {value.dtype for value in after.values()} == {torch.float16}
    assert all(torch.equal(before[key], after[key]) for key in before)
    for name in ("config.json", "tokenizer_config.json", "special_tokens_map.json"):
        assert (tmp_path / "saved" / name).read_bytes() == (source / name).read_bytes()
    assert load_reference(tmp_path / "saved").config.counting_layer == "count_lstm_v2"


def test_float16_is_for_the_disk_and_float32_for_computing(checkpoint_copy, tmp_path):
    checkpoint = replace(load_checkpoint(checkpoint_copy), dtype=torch.float16)
    save_checkpoint(checkpoint, tmp_path / "half")
    half = load_checkpoint(tmp_path / "half")
    assert {value.dtype for value in half.network.parameters()} == {torch.float32}
    assert half.dtype == torch.float16
    size = (tmp_path / "half" / "model.safetensors").stat().st_size
    assert size < 0.55 * (checkpoint_copy / "model.safetensors").stat().st_size
    check(compare(tmp_path / "half", spread(30, seed=11)))


def test_bytes_are_a_whole_checkpoint(checkpoint_copy):
    checkpoint = load_checkpoint(checkpoint_copy)
    again = checkpoint_from_files(checkpoint.to_files())
    assert again.config == checkpoint.config
    assert again.to_files() == checkpoint.to_files()


def test_a_local_checkpoint_is_loaded_and_run_without_the_network(checkpoint_copy, no_network):
    assert GLiNER2.from_pretrained(checkpoint_copy).extract(TEXT, {"entities": ["p"]}, 0.0)[
        "entities"
    ]["p"]


def test_a_config_of_the_first_version_is_read(checkpoint_copy):
    old = {
        "counting_layer": "count_lstm",
        "max_width": 6,
        "model_name": "small-bert",
        "model_type": "extractor",
        "token_pooling": "first",
        "transformers_version": "4.51.0",
    }
    current = load_checkpoint(checkpoint_copy).config
    (checkpoint_copy / "config.json").write_text(json.dumps(old))
    assert load_checkpoint(checkpoint_copy).config == current


def test_everything_that_the_config_leaves_out_has_the_default_of_the_reference(checkpoint_copy):
    (checkpoint_copy / "config.json").write_text("{}")
    config = load_checkpoint(checkpoint_copy).config
    assert (config.max_width, config.counting_layer, config.token_pooling, config.dropout) == (
        *(8, "count_lstm", "first", 0.1),
    )


def test_the_tokenizer_is_read_from_its_own_file_whatever_its_config_says(checkpoint_copy):
    before = load_checkpoint(checkpoint_copy).tokenizer.encode(TEXT).ids
    # Written by a later version of transformers, which stops earlier ones.
    edit_json(
        checkpoint_copy / "tokenizer_config.json",
        extra_special_tokens=list(MARKERS),
        tokenizer_class="New",
    )
    assert load_checkpoint(checkpoint_copy).tokenizer.encode(TEXT).ids == before


def test_a_tokenizer_of_older_files_is_converted_without_the_network(tmp_path, no_network):
    path = Path(shutil.copytree(find_checkpoint("embedded"), tmp_path / "old"))
    expected = Subwords(load_checkpoint(path).tokenizer)
    (path / "tokenizer.json").unlink()
    found = Subwords(load_checkpoint(path).tokenizer)
    for case in spread(100, seed=12):
        for form in read_words(case.text, "gliner2").forms:
            assert found.ids(form) == expected.ids(form)
    assert [found.ids(marker) for marker in MARKERS] == [expected.ids(m) for m in MARKERS]


def test_code_in_a_checkpoint_is_not_run(checkpoint_copy):
    (checkpoint_copy / "evil.py").write_text("raise SystemExit('the code of the checkpoint ran')")
    for name in ("config.json", "encoder_config/config.json", "tokenizer_config.json"):
        edit_json(
            checkpoint_copy / name, auto_map={"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}
        )
    shutil.copy(checkpoint_copy / "evil.py", checkpoint_copy / "encoder_config" / "evil.py")
    load_checkpoint(checkpoint_copy)
    edit_json(checkpoint_copy / "encoder_config" / "config.json", model_type="evil")
    with pytest.raises(CheckpointError, match="model_type 'evil'"):
        load_checkpoint(checkpoint_copy)
