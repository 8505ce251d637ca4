"""A checkpoint of a few kilobytes with random weights, for what needs many and no quality."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig

from spacy_gliner2.model.config import SpanConfig
from spacy_gliner2.model.encoders import build_encoder
from spacy_gliner2.model.network import Network
from spacy_gliner2.schema import MARKERS

ENCODER = {
    "model_type": "bert",
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 512,
    "initializer_range": 0.5,
    "pad_token_id": 0,
}


def make_tiny(path: Path, positions: int = 512) -> None:
    """Make a checkpoint, the same one each time.

    path (Path): Its directory.
    positions (int): Most tokens that its encoder reads at once.
    """
    tokenizer = _tokenizer()
    (path / "encoder_config").mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path / "tokenizer.json"))
    config = {"model_type": "extractor", "counting_layer": "count_lstm_v2", "max_width": 4}
    encoder = {**ENCODER, "vocab_size": tokenizer.get_vocab_size()}
    encoder["max_position_embeddings"] = positions
    (path / "config.json").write_text(json.dumps(config), encoding="utf8")
    (path / "encoder_config" / "config.json").write_text(json.dumps(encoder), encoding="utf8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Network(SpanConfig.from_dict(config), build_encoder(BertConfig(**encoder)))
    with torch.no_grad():
        network.count_pred[2].bias[4:] = -100.0  # no more records than a text may have
    tensors = {key: value.contiguous() for key, value in network.state_dict().items()}
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})


def _tokenizer() -> Tokenizer:
    """A tokenizer whose words are single characters."""
    characters = [chr(code) for code in range(33, 127)]
    tokens = ["[PAD]", "[UNK]", *characters, *(f"##{one}" for one in characters)]
    vocabulary = {token: n for n, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(list(MARKERS))
    return tokenizer
