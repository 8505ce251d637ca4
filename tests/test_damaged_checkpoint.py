"""A checkpoint that is damaged, or of another kind, is refused with what was expected."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from spacy_gliner2 import GLiNER2
from spacy_gliner2.model.checkpoint import checkpoint_from_files, load_checkpoint
from spacy_gliner2.model.errors import CheckpointError
from spacy_gliner2.model.source import find_checkpoint

from .support.checkpoints import edit_json

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # transformers says so of the vocabulary of DeBERTa-v3, which is what the models have.
    pytest.mark.filterwarnings("ignore:.*byte fallback option:UserWarning"),
]


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
            lambda p: edit_json(p / CONFIG, architecture="boundary"),
            r"config\.json: architecture is 'boundary', and this package runs 'span'",
            id="another architecture",
        ),
        pytest.param(
            lambda p: shutil.copy(p / ENCODER_CONFIG, p / CONFIG),
            r"checkpoint/config\.json: model_type is 'bert', expected 'extractor'",
            id="the config of another kind of model",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, counting_layer="count_gru"),
            r"config\.json: counting_layer is 'count_gru', expected one of .*'count_lstm_v2'",
            id="an unknown counting layer",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, counting_layer="count_lstm_moe"),
            r"model\.safetensors: count_embed\.b1: expected \(4, 64\), found nothing",
            id="another counting layer",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, counting_layer=["count_lstm"]),
            r"config\.json: counting_layer is \['count_lstm'\]",
            id="several counting layers",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, token_pooling="last"),
            r"config\.json: token_pooling is 'last', expected one of",
            id="an unknown pooling",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, span_head={"max_width": 0}),
            r"config\.json: max_width is 0, expected 1 to",
            id="no width",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, span_head={"max_width": True}),
            r"config\.json: max_width is True, expected 1 to",
            id="a width that is no number",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, span_head=[8]),
            r"config\.json: span_head is \[8\], expected a JSON object",
            id="a head that is no object",
        ),
        pytest.param(
            lambda p: edit_json(p / CONFIG, span_head={"span_mode": "query"}),
            r"config\.json: span_mode is 'query', expected 'markerV0'",
            id="another span head",
        ),
        pytest.param(
            lambda p: (p / ENCODER_CONFIG).unlink(),
            r"encoder_config/config\.json: no such file",
            id="no encoder config",
        ),
        pytest.param(
            lambda p: edit_json(p / ENCODER_CONFIG, model_type=None),
            r"encoder_config/config\.json: describes no encoder .*model_type None",
            id="an encoder without a type",
        ),
        pytest.param(
            lambda p: edit_json(p / ENCODER_CONFIG, model_type="t5"),
            r"encoder_config/config\.json: .*has a decoder",
            id="a decoder",
        ),
        pytest.param(
            lambda p: edit_json(p / ENCODER_CONFIG, hidden_size="wide"),
            r"encoder_config/config\.json: describes no encoder",
            id="an encoder of no size",
        ),
        pytest.param(
            lambda p: edit_json(p / ENCODER_CONFIG, hidden_act="no such function"),
            r"encoder_config/config\.json: describes no encoder",
            id="an encoder with an unknown function",
        ),
        pytest.param(
            lambda p: edit_json(p / ENCODER_CONFIG, intermediate_size=48),
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
def test_a_damaged_checkpoint_is_refused_with_the_file_and_what_was_expected(
    checkpoint_copy, damage, message
):
    damage(checkpoint_copy)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(checkpoint_copy)
    with pytest.raises(CheckpointError, match="checkpoint"):
        GLiNER2.from_pretrained(checkpoint_copy)


def test_a_tokenizer_of_another_model_is_refused(checkpoint_copy):
    shutil.copy(find_checkpoint("embedded") / "tokenizer.json", checkpoint_copy / "tokenizer.json")
    with pytest.raises(CheckpointError, match=r"word embeddings for 1015 tokens, .* has 30532"):
        load_checkpoint(checkpoint_copy)


def test_a_tokenizer_with_one_word_too_many_is_refused(checkpoint_copy):
    tokenizer = load_checkpoint(checkpoint_copy).tokenizer
    tokenizer.add_tokens(["entirely-new"])
    tokenizer.save(str(checkpoint_copy / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="take the tokenizer that belongs to the weights"):
        load_checkpoint(checkpoint_copy)


def test_a_directory_without_any_tokenizer_is_refused(checkpoint_copy):
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "added_tokens.json"):
        (checkpoint_copy / name).unlink(missing_ok=True)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: no such file, and none could be"):
        load_checkpoint(checkpoint_copy)


@pytest.mark.parametrize("name", [CONFIG, ENCODER_CONFIG, "tokenizer.json", "model.safetensors"])
def test_bytes_without_a_file_are_refused(name, checkpoint_copy):
    files = load_checkpoint(checkpoint_copy).to_files()
    del files[name]
    with pytest.raises(CheckpointError, match=f"has no {name}"):
        checkpoint_from_files(files)


def test_truncated_bytes_are_refused(checkpoint_copy):
    files = load_checkpoint(checkpoint_copy).to_files()
    files["model.safetensors"] = files["model.safetensors"][:-10]
    with pytest.raises(CheckpointError, match=r"model\.safetensors: expected safetensors"):
        checkpoint_from_files(files)
