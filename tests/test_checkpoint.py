"""Checkpoints: the reference's directory, read and written strictly and safely."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import gliner2
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentencepiece import SentencePieceProcessor
from transformers import DebertaV2TokenizerFast

from spacy_gliner2 import GLiNER2
from spacy_gliner2.inference.prompt import make_prompt
from spacy_gliner2.inference.subwords import Subwords
from spacy_gliner2.inference.words import read_words
from spacy_gliner2.model.checkpoint import (
    checkpoint_from_files,
    load_checkpoint,
    save_checkpoint,
)
from spacy_gliner2.model.errors import CheckpointError
from spacy_gliner2.model.source import find_checkpoint
from spacy_gliner2.schema import MARKERS, FrozenSchema

from .support.cases import spread
from .support.checkpoints import COUNTING_LAYERS, ENCODERS, make_checkpoint
from .support.reference import load_reference, run_reference
from .test_parity import check, compare

SPM = Path(__file__).parents[2] / "shared" / "data" / "deberta-v3-spm" / "spm.model"
TEXT = "Tim Cook met Satya Nadella in Paris."

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # transformers says so of the vocabulary of DeBERTa-v3, which is what the models have.
    pytest.mark.filterwarnings("ignore:.*byte fallback option:UserWarning"),
]


@pytest.fixture
def copy(small_checkpoint, tmp_path) -> Path:
    """A small checkpoint that a test may damage."""
    return Path(shutil.copytree(small_checkpoint(), tmp_path / "checkpoint"))


def edit(file: Path, **changes) -> None:
    """Change keys of a JSON file; None takes one away."""
    data = {**json.loads(file.read_text("utf8")), **changes}
    file.write_text(json.dumps({k: v for k, v in data.items() if v is not None}), "utf8")


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


def test_float16_is_for_the_disk_and_float32_for_computing(copy, tmp_path):
    checkpoint = replace(load_checkpoint(copy), dtype=torch.float16)
    save_checkpoint(checkpoint, tmp_path / "half")
    half = load_checkpoint(tmp_path / "half")
    assert {value.dtype for value in half.network.parameters()} == {torch.float32}
    assert half.dtype == torch.float16
    size = (tmp_path / "half" / "model.safetensors").stat().st_size
    assert size < 0.55 * (copy / "model.safetensors").stat().st_size
    check(compare(tmp_path / "half", spread(30, seed=11)))


def test_bytes_are_a_whole_checkpoint(copy):
    checkpoint = load_checkpoint(copy)
    again = checkpoint_from_files(checkpoint.to_files())
    assert again.config == checkpoint.config
    assert again.to_files() == checkpoint.to_files()


def test_a_local_checkpoint_is_loaded_and_run_without_the_network(copy, no_network):
    assert GLiNER2.from_pretrained(copy).extract(TEXT, {"entities": ["p"]}, 0.0)["entities"]["p"]


def test_a_config_of_the_first_version_is_read(copy):
    old = {
        "counting_layer": "count_lstm",
        "max_width": 6,
        "model_name": "small-bert",
        "model_type": "extractor",
        "token_pooling": "first",
        "transformers_version": "4.51.0",
    }
    current = load_checkpoint(copy).config
    (copy / "config.json").write_text(json.dumps(old))
    assert load_checkpoint(copy).config == current


def test_everything_that_the_config_leaves_out_has_the_default_of_the_reference(copy):
    (copy / "config.json").write_text("{}")
    config = load_checkpoint(copy).config
    assert (config.max_width, config.counting_layer, config.token_pooling, config.dropout) == (
        *(8, "count_lstm", "first", 0.1),
    )


def test_the_tokenizer_is_read_from_its_own_file_whatever_its_config_says(copy):
    before = load_checkpoint(copy).tokenizer.encode(TEXT).ids
    # Written by a later version of transformers, which stops earlier ones.
    edit(copy / "tokenizer_config.json", extra_special_tokens=list(MARKERS), tokenizer_class="New")
    assert load_checkpoint(copy).tokenizer.encode(TEXT).ids == before


def test_a_tokenizer_of_older_files_is_converted_without_the_network(tmp_path, no_network):
    path = Path(shutil.copytree(find_checkpoint("embedded"), tmp_path / "old"))
    expected = Subwords(load_checkpoint(path).tokenizer)
    (path / "tokenizer.json").unlink()
    found = Subwords(load_checkpoint(path).tokenizer)
    for case in spread(100, seed=12):
        for form in read_words(case.text, "gliner2").forms:
            assert found.ids(form) == expected.ids(form)
    assert [found.ids(marker) for marker in MARKERS] == [expected.ids(m) for m in MARKERS]


def test_code_in_a_checkpoint_is_not_run(copy):
    (copy / "evil.py").write_text("raise SystemExit('the code of the checkpoint ran')")
    for name in ("config.json", "encoder_config/config.json", "tokenizer_config.json"):
        edit(copy / name, auto_map={"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"})
    shutil.copy(copy / "evil.py", copy / "encoder_config" / "evil.py")
    load_checkpoint(copy)
    edit(copy / "encoder_config" / "config.json", model_type="evil")
    with pytest.raises(CheckpointError, match="model_type 'evil'"):
        load_checkpoint(copy)


def change_weights(path: Path, change) -> None:
    tensors = load_file(path / "model.safetensors")
    change(tensors)
    save_file(tensors, path / "model.safetensors")


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def pickled_weights(path: Path) -> None:
    torch.save(load_file(path / "model.safetensors"), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()


CONFIG, ENCODER_CONFIG = "config.json", "encoder_config/config.json"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(
            lambda p: change_weights(p, lambda t: t.pop("count_pred.2.bias")),
            r"model\.safetensors: count_pred\.2\.bias: expected \(20,\), found nothing",
            id="a missing tensor",
        ),
        pytest.param(
            lambda p: change_weights(p, lambda t: t.update(extra=torch.ones(2))),
            r"model\.safetensors: extra: expected nothing, found \(2,\)",
            id="an unexpected tensor",
        ),
        pytest.param(
            lambda p: change_weights(p, lambda t: t.update({"classifier.0.bias": torch.ones(3)})),
            r"classifier\.0\.bias: expected \(64,\), found \(3,\)",
            id="a tensor of another shape",
        ),
        pytest.param(
            lambda p: change_weights(p, lambda t: t.clear()),
            r"model\.safetensors: .*expected .*found nothing.* and \d+ more",
            id="no tensors",
        ),
        pytest.param(
            lambda p: change_weights(
                p, lambda t: t.update({"count_pred.2.bias": torch.ones(20, dtype=torch.int64)})
            ),
            r"count_pred\.2\.bias: expected \(20,\), found \(20,\) of torch\.int64",
            id="whole numbers",
        ),
        pytest.param(
            lambda p: truncate(p / "model.safetensors"),
            r"model\.safetensors: expected a safetensors file",
            id="truncated weights",
        ),
        pytest.param(
            lambda p: (p / "model.safetensors").write_bytes(b""),
            r"model\.safetensors: expected a safetensors file",
            id="empty weights",
        ),
        pytest.param(
            lambda p: (p / "model.safetensors").unlink(),
            r"model\.safetensors: no such file, expected the weights in safetensors form",
            id="no weights",
        ),
        pytest.param(
            pickled_weights,
            r"found .*pytorch_model\.bin, which is pickled and could run code",
            id="pickled weights",
        ),
        pytest.param(
            lambda p: (p / CONFIG).unlink(), r"config\.json: no such file", id="no config"
        ),
        pytest.param(
            lambda p: (p / CONFIG).write_text("{'a': 1}"),
            r"checkpoint/config\.json: expected JSON",
            id="bad JSON",
        ),
        pytest.param(
            lambda p: (p / CONFIG).write_bytes(b"\xff\xfe{}"),
            r"checkpoint/config\.json: expected JSON",
            id="no text",
        ),
        pytest.param(
            lambda p: (p / CONFIG).write_text("[1]"),
            r"checkpoint/config\.json: expected a JSON object, found \[1\]",
            id="no object",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, architecture="boundary"),
            r"config\.json: architecture is 'boundary', and this package runs 'span'",
            id="another architecture",
        ),
        pytest.param(
            lambda p: shutil.copy(p / ENCODER_CONFIG, p / CONFIG),
            r"checkpoint/config\.json: model_type is 'bert', expected 'extractor'",
            id="the config of another kind of model",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, counting_layer="count_gru"),
            r"config\.json: counting_layer is 'count_gru', expected one of .*'count_lstm_v2'",
            id="an unknown counting layer",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, counting_layer="count_lstm_moe"),
            r"model\.safetensors: count_embed\.b1: expected \(4, 64\), found nothing",
            id="another counting layer",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, counting_layer=["count_lstm"]),
            r"config\.json: counting_layer is \['count_lstm'\]",
            id="several counting layers",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, token_pooling="last"),
            r"config\.json: token_pooling is 'last', expected one of",
            id="an unknown pooling",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, span_head={"max_width": 0}),
            r"config\.json: max_width is 0, expected 1 to",
            id="no width",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, span_head={"max_width": True}),
            r"config\.json: max_width is True, expected 1 to",
            id="a width that is no number",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, span_head=[8]),
            r"config\.json: span_head is \[8\], expected a JSON object",
            id="a head that is no object",
        ),
        pytest.param(
            lambda p: edit(p / CONFIG, span_head={"span_mode": "query"}),
            r"config\.json: span_mode is 'query', expected 'markerV0'",
            id="another span head",
        ),
        pytest.param(
            lambda p: (p / ENCODER_CONFIG).unlink(),
            r"encoder_config/config\.json: no such file",
            id="no encoder config",
        ),
        pytest.param(
            lambda p: edit(p / ENCODER_CONFIG, model_type=None),
            r"encoder_config/config\.json: describes no encoder .*model_type None",
            id="an encoder without a type",
        ),
        pytest.param(
            lambda p: edit(p / ENCODER_CONFIG, model_type="t5"),
            r"encoder_config/config\.json: .*has a decoder",
            id="a decoder",
        ),
        pytest.param(
            lambda p: edit(p / ENCODER_CONFIG, hidden_size="wide"),
            r"encoder_config/config\.json: describes no encoder",
            id="an encoder of no size",
        ),
        pytest.param(
            lambda p: edit(p / ENCODER_CONFIG, hidden_act="no such function"),
            r"encoder_config/config\.json: describes no encoder",
            id="an encoder with an unknown function",
        ),
        pytest.param(
            lambda p: edit(p / ENCODER_CONFIG, intermediate_size=48),
            r"model\.safetensors: encoder\.encoder\.layer\.0\.intermediate\.dense\.bias: expected",
            id="another encoder",
        ),
        pytest.param(
            lambda p: (p / "tokenizer.json").write_text("{}"),
            r"tokenizer\.json: expected a tokenizer",
            id="no tokenizer",
        ),
        pytest.param(
            lambda p: truncate(p / "tokenizer.json"),
            r"tokenizer\.json: expected a tokenizer",
            id="a truncated tokenizer",
        ),
    ],
)
def test_a_damaged_checkpoint_is_refused_with_the_file_and_what_was_expected(copy, damage, message):
    damage(copy)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(copy)
    with pytest.raises(CheckpointError, match="checkpoint"):
        GLiNER2.from_pretrained(copy)


def test_a_tokenizer_of_another_model_is_refused(copy):
    shutil.copy(find_checkpoint("embedded") / "tokenizer.json", copy / "tokenizer.json")
    with pytest.raises(CheckpointError, match=r"word embeddings for 1015 tokens, .* has 30532"):
        load_checkpoint(copy)


def test_a_tokenizer_with_one_word_too_many_is_refused(copy):
    tokenizer = load_checkpoint(copy).tokenizer
    tokenizer.add_tokens(["entirely-new"])
    tokenizer.save(str(copy / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="take the tokenizer that belongs to the weights"):
        load_checkpoint(copy)


def test_a_directory_without_any_tokenizer_is_refused(copy):
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "added_tokens.json"):
        (copy / name).unlink(missing_ok=True)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: no such file, and none could be"):
        load_checkpoint(copy)


@pytest.mark.parametrize("name", [CONFIG, ENCODER_CONFIG, "tokenizer.json", "model.safetensors"])
def test_bytes_without_a_file_are_refused(name, copy):
    files = load_checkpoint(copy).to_files()
    del files[name]
    with pytest.raises(CheckpointError, match=f"has no {name}"):
        checkpoint_from_files(files)


def test_truncated_bytes_are_refused(copy):
    files = load_checkpoint(copy).to_files()
    files["model.safetensors"] = files["model.safetensors"][:-10]
    with pytest.raises(CheckpointError, match=r"model\.safetensors: expected safetensors"):
        checkpoint_from_files(files)


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
