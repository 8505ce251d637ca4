"""The two checkpoints that are measured: the embedded one, and a random one of published size."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModel, DebertaV2Config

from spacy_gliner2.model.config import SpanConfig
from spacy_gliner2.model.encoders import build_encoder
from spacy_gliner2.model.network import Network
from spacy_gliner2.model.source import find_checkpoint

DEBERTA_BASE = {
    "model_type": "deberta-v2",
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "type_vocab_size": 0,
    "relative_attention": True,
    "max_relative_positions": -1,
    "position_buckets": 256,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": "p2c|c2p",
    "position_biased_input": False,
    "layer_norm_eps": 1e-7,
}
"""The encoder of `fastino/gliner2-base-v1`, but for its vocabulary."""

LIKELY = 1
"""Instances that the random checkpoint nearly always counts, as in most texts."""


def make_base(path: Path) -> Path:
    """Make a checkpoint with DeBERTa-v3-base's sizes, random weights and the embedded tokenizer.

    path (Path): Its directory, kept if it is there.
    RETURNS (Path): The directory.
    """
    if (path / "model.safetensors").is_file():
        return path
    embedded = find_checkpoint("embedded")
    (path / "encoder_config").mkdir(parents=True, exist_ok=True)
    for file in embedded.iterdir():
        if file.name.startswith(("tokenizer", "special", "added", "vocab")):
            (path / file.name).write_bytes(file.read_bytes())
    rows = len(json.loads((path / "tokenizer.json").read_text())["model"]["vocab"]) + 10
    encoder = {**DEBERTA_BASE, "vocab_size": rows}
    config = {**json.loads((embedded / "config.json").read_text()), "model_name": "random-base"}
    config["max_width"] = 8
    (path / "config.json").write_text(json.dumps(config))
    (path / "encoder_config" / "config.json").write_text(json.dumps(encoder))
    torch.manual_seed(0)
    heads = SpanConfig.from_dict(config, "config.json")
    network = Network(heads, build_encoder(DebertaV2Config(**encoder)))
    calm(network)
    tensors = {key: value.contiguous() for key, value in network.state_dict().items()}
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    return path


def calm(network: Network) -> None:
    """Let the random heads find about as much as trained ones, so that decoding has its share."""
    last = network.spans.out_project[3]
    counts = network.count_pred[2]
    assert isinstance(last, nn.Linear)
    assert isinstance(counts, nn.Linear)
    with torch.no_grad():
        counts.bias.fill_(-10.0)
        counts.bias[LIKELY] = 10.0
        last.weight.mul_(4.0)


def load_encoder(path: Path) -> nn.Module:
    """Load a checkpoint's encoder as `transformers` has it.

    path (Path): The directory of the checkpoint.
    RETURNS (Module): The encoder.
    """
    from spacy_gliner2.model.checkpoint import load_checkpoint

    network = load_checkpoint(path).network
    from transformers import AutoConfig

    config = AutoConfig.for_model(
        **json.loads((path / "encoder_config" / "config.json").read_text())
    )
    config.vocab_size = network.state_dict()["encoder.embeddings.word_embeddings.weight"].shape[0]
    model: nn.Module = AutoModel.from_config(config).eval()
    own = {
        key.removeprefix("encoder."): value
        for key, value in network.state_dict().items()
        if key.startswith("encoder.")
    }
    missing, unexpected = model.load_state_dict(own, strict=False)
    assert not unexpected
    assert all("pooler" in key or "position_ids" in key for key in missing), missing
    return model
