"""Small encoders of every family, and those of `transformers` with the same weights."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    AutoModel,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    PretrainedConfig,
    RobertaConfig,
)

from spacy_gliner2.model.encoders import PackedEncoder, build_encoder

VOCAB = 90

SIZES = {
    "vocab_size": VOCAB,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "initializer_range": 0.2,
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
}

V3 = {
    "relative_attention": True,
    "position_buckets": 16,
    "max_position_embeddings": 64,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
}


def bert(**changes: object) -> BertConfig:
    return BertConfig(**{**SIZES, **changes})


def deberta(**changes: object) -> DebertaV2Config:
    return DebertaV2Config(**{**SIZES, **V3, **changes})


def distilbert() -> DistilBertConfig:
    return DistilBertConfig(vocab_size=VOCAB, dim=32, n_layers=2, n_heads=4, hidden_dim=48)


def roberta() -> RobertaConfig:
    return RobertaConfig(**{**SIZES, "max_position_embeddings": 130})


BERTS = {
    "plain": bert(),
    "no token types": bert(type_vocab_size=1),
    "relu": bert(hidden_act="relu"),
    "tanh gelu": bert(hidden_act="gelu_new"),
}

DEBERTAS = {
    "v3 in small": deberta(),
    "v3 and mdeberta buckets": deberta(position_buckets=256, max_position_embeddings=512),
    "projections of their own": deberta(share_att_key=False),
    "content to position": deberta(pos_att_type=["c2p"]),
    "content to position, own projection": deberta(pos_att_type="c2p", share_att_key=False),
    "position to content": deberta(pos_att_type="p2c"),
    "position to content, own projection": deberta(pos_att_type="p2c", share_att_key=False),
    "no positional terms": deberta(pos_att_type=None),
    "no buckets": deberta(position_buckets=-1),
    "few distances": deberta(position_buckets=-1, max_relative_positions=10),
    "relative embeddings not normed": deberta(norm_rel_ebd="none"),
    "convolution, as in v2-xlarge": deberta(conv_kernel_size=3, conv_act="gelu"),
    "positions in the input": deberta(position_biased_input=True, max_position_embeddings=1024),
    "token types": deberta(type_vocab_size=2),
    "narrow embeddings": deberta(embedding_size=20),
    "terms without relative attention": deberta(relative_attention=False),
    "absolute positions only": deberta(
        relative_attention=False,
        pos_att_type=None,
        position_biased_input=True,
        max_position_embeddings=1024,
    ),
}

FALLBACKS = {
    "distilbert": distilbert(),
    "roberta": roberta(),
    "bert, relative positions": bert(position_embedding_type="relative_key"),
}

EVERY = {**BERTS, **DEBERTAS, **FALLBACKS}

FAMILIES = {
    "bert": bert(),
    "deberta": deberta(),
    "distilbert": distilbert(),
    "roberta": roberta(),
}

every_config = pytest.mark.parametrize("config", EVERY.values(), ids=EVERY.keys())

every_family = pytest.mark.parametrize("config", FAMILIES.values(), ids=FAMILIES.keys())

packed_families = pytest.mark.parametrize("config", [bert(), deberta()], ids=["bert", "deberta"])


def reference_states(model: nn.Module, ids: Tensor, lengths: Sequence[int]) -> Tensor:
    """Encode sequences one by one with a model of `transformers`."""
    states = [
        model(input_ids=own[None], attention_mask=torch.ones_like(own[None])).last_hidden_state[0]
        for own in ids.split(list(lengths))
    ]
    return torch.cat(states)


def pair(config: PretrainedConfig) -> tuple[nn.Module, PackedEncoder]:
    """Make a model of `transformers` and an encoder of ours with the same weights."""
    torch.manual_seed(0)
    model = AutoModel.from_config(config).eval()
    # New layers have biases of zero, which would hide that one is left out.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter), alpha=0.1)
    encoder = build_encoder(config)
    encoder.load_state_dict(model.state_dict(), strict=True)
    return model, encoder


def random_ids(lengths: Sequence[int]) -> Tensor:
    """Make tokens of sequences, the same at each call."""
    return torch.randint(3, VOCAB, (sum(lengths),), generator=torch.Generator().manual_seed(1))


def mixed_lengths(encoder: PackedEncoder) -> list[int]:
    """Lengths of sequences that an encoder can read, many of them at a limit of some kind."""
    lengths = [1, 2, 5, 5, 100, 63, 64, 65, 3, 3, 3, 1, 257, 600, 1024]
    limit = encoder.max_positions
    return [length if limit is None else min(length, limit) for length in lengths]
