"""Dropout leaves out the share that it is given, on average without a change."""

import pytest
import torch
from torch import nn

from spacy_gliner2.model.dropout import Dropout, add_dropped, dropout
from spacy_gliner2.model.encoders.attention import attend

SHARES = (0.003, 0.1, 0.5, 0.9)


@pytest.mark.parametrize("share", SHARES)
def test_the_share_is_left_out_and_the_rest_is_greater(share):
    torch.manual_seed(0)
    left = dropout(torch.ones(1000, 999), share)
    assert float((left == 0).float().mean()) == pytest.approx(share, abs=0.002)
    assert left[left != 0].unique().tolist() == pytest.approx([1 / (1 - share)])
    assert (left == 0).any(dim=0).all() or share < 0.01  # wherever a number is


def test_what_is_left_out_has_no_gradient_and_a_seed_repeats_it():
    states = torch.randn(7, 11, requires_grad=True)
    torch.manual_seed(3)
    left = dropout(states, 0.4)
    left.sum().backward()
    assert torch.equal(states.grad == 0, left == 0)
    torch.manual_seed(3)
    assert torch.equal(dropout(states, 0.4), left)
    assert not torch.equal(dropout(states, 0.4), left)


def test_nothing_is_left_out_in_use():
    states = torch.randn(3, 5)
    layer = Dropout(0.5)
    assert not torch.equal(layer(states), states)
    layer.eval()
    assert torch.equal(layer(states), states)
    assert torch.equal(add_dropped(states, layer, states), states + states)
    assert dropout(states, 0.0) is states


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_added_is_all_there(dtype):
    layer = nn.Dropout(0.5)
    states, others = torch.ones(50, 50, dtype=dtype), torch.full((50, 50), 5.0, dtype=dtype)
    added = add_dropped(states, layer, others)
    assert added.dtype == dtype
    assert added.unique().tolist() == [5.0, 7.0]


def test_attention_with_dropout_is_right_on_average():
    torch.manual_seed(0)
    query, key, value, bias = torch.randn(4, 2, 3, 5, 5).unbind()
    exact = attend(query, key, value, 0.0, bias, scale=0.3)
    drawn = [attend(query, key, value, 0.3, bias, scale=0.3) for _ in range(4000)]
    assert torch.allclose(torch.stack(drawn).mean(0), exact, atol=0.06)
    assert not torch.allclose(drawn[0], exact, atol=0.06)
