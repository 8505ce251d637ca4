"""Small checkpoints with random weights, built and saved by the reference package.

Plain random weights would make every probability one half and every count the same, so that a
comparison would compare nothing. The last layers are therefore set so that counts go from 0 to 5
and probabilities from nearly 0 to nearly 1.
"""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from gliner2 import GLiNER2
from gliner2.configuration import ExtractorConfig
from torch import Tensor, nn
from transformers import BertConfig, DebertaV2Config, PretrainedConfig, PreTrainedTokenizerFast

from .cases import Case, spread
from .reference import reference_schema
from .small_tokenizers import unigram, wordpiece

COUNTING_LAYERS = ("count_lstm", "count_lstm_v2", "count_lstm_moe")
ENCODERS = ("bert", "deberta")
HIDDEN = 32
LARGEST_COUNT = 5
SPREAD = 2.5
"""Standard deviation of the logits."""

SPAN_MEAN = -2.5
"""Mean of a span's logit: most spans are below the threshold, and some are above it."""


def encoder_config(kind: str, **options: Any) -> PretrainedConfig:
    """Describe a small encoder: "bert", or "deberta" with all that version 3 of it has."""
    sizes = {
        "hidden_size": HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "initializer_range": 0.2,
        "pad_token_id": 0,
    }
    if kind == "bert":
        return BertConfig(**{**sizes, "max_position_embeddings": 1024, **options})
    version_3 = {
        "max_position_embeddings": 64,
        "type_vocab_size": 0,
        "relative_attention": True,
        "max_relative_positions": -1,
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "layer_norm_eps": 1e-7,
    }
    return DebertaV2Config(**{**sizes, **version_3, **options})


def make_checkpoint(
    path: Path,
    kind: str,
    counting_layer: str,
    seed: int = 1,
    tokenizer: PreTrainedTokenizerFast | None = None,
    **options: Any,
) -> None:
    """Make a checkpoint and save it.

    path (Path): The directory.
    kind (str): One of `ENCODERS`.
    counting_layer (str): One of `COUNTING_LAYERS`.
    seed (int): Decides all weights.
    tokenizer (PreTrainedTokenizerFast): Its tokenizer, None for a small one.
    **options (Any): Other keys of its `config.json`.
    """
    if tokenizer is None:
        tokenizer = wordpiece() if kind == "bert" else unigram()
    config = ExtractorConfig(
        model_name=f"small-{kind}", counting_layer=counting_layer, **{"max_width": 6, **options}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = encoder_config(kind, vocab_size=len(tokenizer))
        model = GLiNER2(config, encoder_config=encoder, tokenizer=tokenizer).eval()
        _set_apart(model)
    model.save_pretrained(str(path))


def _set_apart(model: GLiNER2) -> None:
    """Set the last layers so that the outcomes for different inputs are far from each other."""
    cases = spread(30)
    _push_spans(model)
    with _recorded(model) as seen:
        _run(model, cases)
    with torch.no_grad():
        _centre(model.classifier[-1], torch.cat(seen["classifier"]))
        _centre(model.count_pred[-1], torch.cat(seen["count_pred"]))
        model.count_pred[-1].bias[LARGEST_COUNT + 1 :] = -1e4
    with _recorded(model) as seen:  # now that there are instances, whose spans have scores
        _run(model, cases)
    spans = torch.cat([logits.flatten() for logits in seen["spans"]])
    _scale_spans(model, spans[spans.isfinite()])


def _centre(layer: nn.Linear, outputs: Tensor) -> None:
    """Scale and shift each output of a layer to mean 0 and the standard deviation `SPREAD`."""
    mean = outputs.mean(dim=0)
    scale = SPREAD / outputs.std(dim=0)
    layer.weight.mul_(scale[:, None])
    layer.bias.sub_(mean).mul_(scale)


def _push_spans(model: GLiNER2) -> None:
    """Give all queries a common part, which the bias of the spans can then be set against."""
    with torch.no_grad():
        _query_bias(model).add_(1.0)


def _scale_spans(model: GLiNER2, logits: Tensor) -> None:
    """Bring the logits of spans to `SPAN_MEAN` and `SPREAD`, as far as one bias can do that."""
    last = model.span_rep.span_rep_layer.out_project[-1]
    with torch.no_grad():
        scale = SPREAD / logits.std()
        last.weight.mul_(scale)
        last.bias.mul_(scale)
        last.bias.add_((SPAN_MEAN - scale * logits.mean()) / HIDDEN)


def _query_bias(model: GLiNER2) -> Tensor:
    layer = model.count_embed
    if hasattr(layer, "b2"):
        return layer.b2
    projector = layer.projector if hasattr(layer, "projector") else layer.transformer.out_projector
    bias: Tensor = projector[-1].bias
    return bias


def _run(model: GLiNER2, cases: Sequence[Case]) -> None:
    model.batch_extract(
        [case.text for case in cases],
        [reference_schema(case.schema) for case in cases],
        format_results=False,
    )


@contextmanager
def _recorded(model: GLiNER2) -> Iterator[dict[str, list[Tensor]]]:
    """Record what the heads say while a model runs."""
    seen: dict[str, list[Tensor]] = {"count_pred": [], "classifier": [], "spans": []}
    hooks = [
        getattr(model, name).register_forward_hook(
            lambda _, __, output, name=name: seen[name].append(copy.deepcopy(output.detach()))
        )
        for name in ("count_pred", "classifier")
    ]
    score = model.compute_span_scores_batched

    def recorded(*args: Any, **kwargs: Any) -> list[Tensor]:
        scores: list[Tensor] = score(*args, **kwargs)
        seen["spans"] += scores
        return scores

    model.compute_span_scores_batched = recorded
    try:
        yield seen
    finally:
        del model.compute_span_scores_batched
        for hook in hooks:
            hook.remove()


def edit_json(file: Path, **changes: Any) -> None:
    """Change keys of a JSON file.

    file (Path): The file.
    **changes (Any): By key, the new value; None takes the key away.
    """
    data = {**json.loads(file.read_text("utf8")), **changes}
    file.write_text(json.dumps({k: v for k, v in data.items() if v is not None}), "utf8")
