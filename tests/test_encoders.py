"""The packed encoders compute what `transformers` computes, from the same weights."""

import copy
import pickle
from collections.abc import Callable, Sequence

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
    T5Config,
)

from spacy_gliner2.model.encoders import EmptyWeights, PackedEncoder, build_encoder
from spacy_gliner2.model.encoders.bert import PackedBert
from spacy_gliner2.model.encoders.deberta import PackedDeberta
from spacy_gliner2.model.encoders.fallback import SHORTEST, PaddedEncoder, similar

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
    return torch.randint(3, VOCAB, (sum(lengths),), generator=torch.Generator().manual_seed(1))


def mixed_lengths(encoder: PackedEncoder) -> list[int]:
    lengths = [1, 2, 5, 5, 100, 63, 64, 65, 3, 3, 3, 1, 257, 600, 1024]
    limit = encoder.max_positions
    return [length if limit is None else min(length, limit) for length in lengths]


@pytest.mark.parametrize(
    ("configs", "kind"),
    [(BERTS, PackedBert), (DEBERTAS, PackedDeberta), (FALLBACKS, PaddedEncoder)],
    ids=["bert", "deberta", "others"],
)
def test_each_family_gets_its_encoder(
    configs: dict[str, PretrainedConfig], kind: type[PackedEncoder]
) -> None:
    assert {type(build_encoder(config)) for config in configs.values()} == {kind}


@every_config
def test_states_are_those_of_transformers(config: PretrainedConfig) -> None:
    model, encoder = pair(config)
    lengths = mixed_lengths(encoder)
    ids = random_ids(lengths)
    with torch.no_grad():
        difference = encoder(ids, lengths) - reference_states(model, ids, lengths)
    assert difference.abs().max() < 1e-4


@pytest.mark.parametrize("config", DEBERTAS.values(), ids=DEBERTAS.keys())
def test_the_algebra_of_deberta_is_exact_in_double_precision(config: PretrainedConfig) -> None:
    model, encoder = (module.double() for module in pair(config))
    lengths = [1, 30, 2, 300]
    ids = random_ids(lengths)
    with torch.no_grad():
        difference = encoder(ids, lengths) - reference_states(model, ids, lengths)
    # The reference rounds the scale of its scores to single precision.
    assert difference.abs().max() < 1e-6


@pytest.mark.parametrize("length", [*range(1, 20), 127, 128, 129, 255, 256, 257, 320, 512, 513])
@packed_families
def test_every_length_is_encoded_as_by_transformers(config: PretrainedConfig, length: int) -> None:
    model, encoder = pair(config)
    lengths = [min(length, encoder.max_positions or length)]
    ids = random_ids(lengths)
    with torch.no_grad():
        difference = encoder(ids, lengths) - reference_states(model, ids, lengths)
    assert difference.abs().max() < 1e-4


@every_family
def test_a_sequence_is_encoded_the_same_in_any_batch(config: PretrainedConfig) -> None:
    _, encoder = pair(config)
    lengths = [7, 40, 40, 1, 90, 40, 128, 7, 7]
    sequences = random_ids(lengths).split(lengths)
    order = [6, 0, 7, 2, 8, 5, 4, 3, 1]
    with torch.no_grad():
        together = encoder(torch.cat(sequences), lengths).split(lengths)
        shuffled = encoder(
            torch.cat([sequences[i] for i in order]), [lengths[i] for i in order]
        ).split([lengths[i] for i in order])
        alone = [encoder(own, [len(own)]) for own in sequences]
    for place, i in enumerate(order):
        assert torch.allclose(together[i], shuffled[place], rtol=0, atol=1e-5)
        assert torch.allclose(together[i], alone[i], rtol=0, atol=1e-5)


@every_config
def test_states_of_some_tokens_are_those_among_all(config: PretrainedConfig) -> None:
    _, encoder = pair(config)
    lengths = [7, 40, 40, 1, 90]
    ids = random_ids(lengths)
    rows = torch.tensor([0, 6, 7, 8, 50, 86, 87, 88, 177])
    with torch.no_grad():
        some, all_states = encoder(ids, lengths, rows), encoder(ids, lengths)
    assert torch.allclose(some, all_states[rows], rtol=0, atol=1e-5)


@packed_families
def test_tokens_that_are_alike_are_embedded_once(
    config: PretrainedConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, encoder = pair(config)
    embedded: list[int] = []
    embed = encoder._embed

    def counted(ids: Tensor, places: Tensor | None) -> Tensor:
        embedded.append(len(ids))
        return embed(ids, places)

    monkeypatch.setattr(encoder, "_embed", counted)
    own = random_ids([8])[:8]
    with torch.no_grad():
        encoder(own.repeat(5), [8] * 5)
    assert embedded[0] <= 8


@packed_families
def test_many_sequences_of_equal_length_are_encoded_like_each_of_them(
    config: PretrainedConfig,
) -> None:
    _, encoder = pair(config)
    lengths = [150] * 30
    ids = random_ids(lengths)
    with torch.no_grad():
        together = encoder(ids, lengths)
        alone = torch.cat([encoder(own, [150]) for own in ids.split(lengths)])
    assert torch.allclose(together, alone, rtol=0, atol=1e-5)


@every_config
def test_state_dicts_have_the_names_and_the_order_of_transformers(
    config: PretrainedConfig,
) -> None:
    encoder = build_encoder(config)
    with torch.no_grad():
        encoder(random_ids([4]), [4])
    expected = AutoModel.from_config(config).state_dict()
    assert list(encoder.state_dict()) == list(expected)


@every_config
def test_gradients_are_those_of_transformers(config: PretrainedConfig) -> None:
    model, encoder = pair(config)
    lengths = [1, 6, 6, 90, 2]
    ids = random_ids(lengths)
    ids[0] = 0  # the padding, whose embedding is not trained
    direction = torch.randn(len(ids), 32, generator=torch.Generator().manual_seed(2))
    (reference_states(model, ids, lengths) * direction).sum().backward()
    (encoder(ids, lengths) * direction).sum().backward()
    trained = {name: p.grad for name, p in encoder.named_parameters() if p.grad is not None}
    expected = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert trained.keys() == expected.keys()
    for name, gradient in expected.items():
        size = max(1.0, gradient.abs().max().item())
        assert (trained[name] - gradient).abs().max() < 1e-4 * size, name


def test_gradients_flow_through_blocks_of_long_sequences() -> None:
    model, encoder = pair(deberta(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
    lengths = [300]
    ids = random_ids(lengths)
    direction = torch.randn(300, 8, generator=torch.Generator().manual_seed(2))
    (reference_states(model, ids, lengths) * direction).sum().backward()
    (encoder(ids, lengths) * direction).sum().backward()
    for name, parameter in model.named_parameters():
        expected, gradient = parameter.grad, encoder.get_parameter(name).grad
        size = max(1.0, expected.abs().max().item())
        assert (gradient - expected).abs().max() < 1e-4 * size, name


@every_family
def test_dropout_is_active_in_training_only(config: PretrainedConfig) -> None:
    _, encoder = pair(config)
    ids = random_ids([20])
    with torch.no_grad():
        quiet = encoder(ids, [20])
        encoder.train()
        assert not torch.equal(encoder(ids, [20]), encoder(ids, [20]))
        encoder.eval()
        assert torch.equal(encoder(ids, [20]), quiet)


@packed_families
def test_training_without_dropout_equals_evaluation(config: PretrainedConfig) -> None:
    quiet = copy.deepcopy(config)
    quiet.hidden_dropout_prob = quiet.attention_probs_dropout_prob = 0.0
    _, encoder = pair(quiet)
    ids = random_ids([20, 3])
    with torch.no_grad():
        evaluated = encoder(ids, [20, 3])
    assert torch.allclose(encoder.train()(ids, [20, 3]), evaluated, rtol=0, atol=1e-5)


def load(encoder: PackedEncoder, other: PackedEncoder) -> None:
    encoder.load_state_dict(other.state_dict())


def load_from_above(encoder: PackedEncoder, other: PackedEncoder) -> None:
    nn.ModuleList([encoder]).load_state_dict(nn.ModuleList([other]).state_dict())


def assign(encoder: PackedEncoder, other: PackedEncoder) -> None:
    encoder.load_state_dict(copy.deepcopy(other.state_dict()), assign=True)


def write_in_place(encoder: PackedEncoder, other: PackedEncoder) -> None:
    with torch.no_grad():
        for own, new in zip(encoder.parameters(), other.parameters(), strict=True):
            own.copy_(new)


def replace_data(encoder: PackedEncoder, other: PackedEncoder) -> None:
    for own, new in zip(encoder.parameters(), other.parameters(), strict=True):
        own.data = new.data.clone()


def train_a_step(encoder: PackedEncoder, other: PackedEncoder) -> None:
    encoder.train()
    optimizer = torch.optim.SGD(encoder.parameters(), lr=0.01)
    encoder(random_ids([5]), [5])[:, 0].sum().backward()
    optimizer.step()
    encoder.eval()
    other.load_state_dict(encoder.state_dict())


CHANGES = [load, load_from_above, assign, write_in_place, replace_data, train_a_step]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@every_family
def test_changed_weights_are_seen_by_the_next_forward(
    config: PretrainedConfig, change: Callable[[PackedEncoder, PackedEncoder], None]
) -> None:
    _, encoder = pair(config)
    other = build_encoder(config)
    ids = random_ids([9, 4])
    with torch.no_grad():
        before = encoder(ids, [9, 4])
    change(encoder, other)
    with torch.no_grad():
        after, expected = encoder(ids, [9, 4]), other(ids, [9, 4])
    assert not torch.allclose(before, after, atol=1e-4)
    assert torch.allclose(after, expected, rtol=0, atol=1e-6)


@packed_families
def test_what_follows_from_weights_is_computed_once(
    config: PretrainedConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, encoder = pair(config)
    ids = random_ids([9])
    with torch.inference_mode():
        before = encoder(ids, [9])

    def fail(*linears: nn.Linear) -> tuple[Tensor, Tensor]:
        raise AssertionError("the weights were fused again")

    monkeypatch.setattr("spacy_gliner2.model.encoders.layer.fuse", fail)
    with torch.inference_mode():
        assert torch.equal(encoder(ids, [9]), before)
    with torch.no_grad():
        assert torch.equal(encoder.eval()(ids, [9]), before)


@packed_families
def test_an_encoder_can_be_trained_after_it_ran_in_inference_mode(
    config: PretrainedConfig,
) -> None:
    _, encoder = pair(config)
    with torch.inference_mode():
        encoder(random_ids([9]), [9])
    encoder(random_ids([9]), [9]).sum().backward()
    assert all(p.grad is not None for n, p in encoder.named_parameters() if "query" in n)


@every_family
def test_copies_and_pickles_are_independent_and_carry_no_cache(config: PretrainedConfig) -> None:
    _, encoder = pair(config)
    ids = random_ids([9, 4])
    size = len(pickle.dumps(encoder))
    with torch.no_grad():
        before = encoder(ids, [9, 4])
        assert len(pickle.dumps(encoder)) == size
        for twin in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
            assert torch.equal(twin(ids, [9, 4]), before)
            for parameter in twin.parameters():
                parameter.zero_()
            assert not torch.allclose(twin(ids, [9, 4]), before)
            assert torch.equal(encoder(ids, [9, 4]), before)


@every_config
def test_weights_in_bfloat16_give_states_close_to_those_of_float32(
    config: PretrainedConfig,
) -> None:
    _, encoder = pair(config)
    lengths = [min(length, encoder.max_positions or length) for length in (9, 70, 300)]
    ids = random_ids(lengths)
    with torch.no_grad():
        exact = encoder(ids, lengths)
        rounded = encoder.to(torch.bfloat16)(ids, lengths)
    assert rounded.dtype == torch.bfloat16
    assert torch.cosine_similarity(exact, rounded.float()).min() > 0.97


@every_config
def test_a_checkpoint_fills_an_encoder_that_was_built_without_weights(
    config: PretrainedConfig,
) -> None:
    model, expected = pair(config)
    with EmptyWeights():
        encoder = build_encoder(config)
    assert all(parameter.is_meta for parameter in encoder.parameters())
    tensors = model.state_dict()
    encoder.load_state_dict(tensors, strict=True, assign=True)
    weights = [*encoder.parameters(), *encoder.buffers()]
    assert not any(weight.is_meta for weight in weights)
    assert all(p.data_ptr() == tensors[name].data_ptr() for name, p in encoder.named_parameters())
    assert all(p.requires_grad for p in encoder.parameters())
    ids = random_ids([9, 4])
    with torch.no_grad():
        assert torch.equal(encoder(ids, [9, 4]), expected(ids, [9, 4]))


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        (bert(max_position_embeddings=40), 40),
        (deberta(), None),
        (deberta(position_biased_input=True, max_position_embeddings=50), 50),
        (roberta(), 128),
    ],
    ids=["bert", "deberta", "deberta, positions in the input", "roberta"],
)
def test_encoders_say_how_long_a_sequence_may_be(
    config: PretrainedConfig, limit: int | None
) -> None:
    encoder = build_encoder(config)
    assert (encoder.max_positions, encoder.hidden_size) == (limit, 32)
    if limit is not None:
        with torch.no_grad():
            assert encoder(random_ids([limit]), [limit]).shape == (limit, 32)
        with pytest.raises(ValueError, match=f"reads {limit} at most"):
            encoder(random_ids([limit + 1]), [limit + 1])


@pytest.mark.parametrize("lengths", [[], [4], [3, 3], [5, 0]])
def test_lengths_that_do_not_fit_the_ids_are_refused(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="lengths"):
        build_encoder(bert())(random_ids([5]), lengths)


def test_models_with_a_decoder_are_refused() -> None:
    with pytest.raises(ValueError, match="has a decoder"):
        build_encoder(T5Config())


def test_padded_batches_hold_sequences_of_similar_length_only() -> None:
    lengths = [3, 100, 4, 90, 50, 4, 1, 76, 74]
    groups = list(similar(lengths))
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        sizes = [lengths[i] for i in group]
        assert min(sizes) >= SHORTEST * max(sizes)
    assert len(groups) < len(lengths)
