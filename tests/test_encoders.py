"""The packed encoders compute what `transformers` computes, from the same weights."""

import copy

import pytest
import torch
from torch import Tensor
from transformers import AutoModel, PretrainedConfig, T5Config

from spacy_gliner2.model.encoders import PackedEncoder, build_encoder
from spacy_gliner2.model.encoders.bert import PackedBert
from spacy_gliner2.model.encoders.deberta import PackedDeberta
from spacy_gliner2.model.encoders.fallback import SHORTEST, PaddedEncoder, similar

from .support.encoders import (
    BERTS,
    DEBERTAS,
    FALLBACKS,
    bert,
    deberta,
    every_config,
    every_family,
    mixed_lengths,
    packed_families,
    pair,
    random_ids,
    reference_states,
    roberta,
)


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
