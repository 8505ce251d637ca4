"""Encoders follow their weights: loaded, changed, rounded, copied, or not yet there."""

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import PretrainedConfig

from spacy_gliner2.model.encoders import EmptyWeights, PackedEncoder, build_encoder

from .support.encoders import every_config, every_family, packed_families, pair, random_ids


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
