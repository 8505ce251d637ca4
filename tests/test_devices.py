"""The network on another device than the processor, one that only pretends to compute.

Its tensors have shapes, types and a device, so that an operation on tensors of two devices is an
error; numbers, and what they decide, are not seen.
"""

import pytest
import torch

from spacy_gliner2.model.counting import COUNTING_LAYERS
from spacy_gliner2.model.encoders import build_encoder
from spacy_gliner2.model.spans import SpanMarker

from .support.encoders import VOCAB, packed_families

DEVICE = "meta"
LENGTHS = [5, 3, 3, 70]

either_precision = pytest.mark.parametrize("precision", ["float32", "bfloat16"])


@either_precision
@packed_families
def test_encoders_run_whole_on_one_device(config, precision):
    encoder = build_encoder(config).eval().to(DEVICE)
    encoder.precision = precision
    ids = torch.randint(3, VOCAB, (sum(LENGTHS),)).to(DEVICE)
    with torch.inference_mode():
        states = encoder(ids, LENGTHS, torch.tensor([0, 4, 19]).to(DEVICE))
    assert states.shape == (3, config.hidden_size)
    assert states.device.type == DEVICE


@either_precision
def test_span_heads_run_whole_on_one_device(precision):
    head = SpanMarker(32, 6, 0.1).eval().to(DEVICE)
    head.precision = precision
    with torch.inference_mode():
        starts, ends = head.project(torch.randn(7, 32).to(DEVICE))
        folded, bias = head.fold(torch.randn(4, 32).to(DEVICE))
    assert {x.device.type for x in (starts, ends, folded, bias)} == {DEVICE}


@pytest.mark.parametrize("layer", COUNTING_LAYERS.values(), ids=COUNTING_LAYERS.keys())
def test_counting_layers_run_whole_on_one_device(layer):
    with torch.inference_mode():
        queries = layer(32).eval().to(DEVICE)(torch.randn(2, 3, 32).to(DEVICE), 4)
    assert queries.shape == (2, 4, 3, 32)
    assert queries.device.type == DEVICE
