"""Small checkpoints with plain random weights, to train and to compute losses with."""

from pathlib import Path
from typing import Any

import torch
from gliner2 import GLiNER2
from gliner2.configuration import ExtractorConfig

from .checkpoints import encoder_config
from .small_tokenizers import unigram, wordpiece


def make_untrained(
    path: Path, kind: str = "bert", counting_layer: str = "count_lstm", **options: Any
) -> GLiNER2:
    """Make a checkpoint and save it.

    path (Path): The directory.
    kind (str): "bert" or "deberta".
    counting_layer (str): One of the three.
    **options (Any): Other keys of its `config.json`.
    RETURNS (GLiNER2): The reference's model.
    """
    tokenizer: Any = wordpiece() if kind == "bert" else unigram()
    config = ExtractorConfig(
        model_name=f"small-{kind}", counting_layer=counting_layer, **{"max_width": 6, **options}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = encoder_config(kind, vocab_size=len(tokenizer))
        model = GLiNER2(config, encoder_config=encoder, tokenizer=tokenizer).eval()
    model.save_pretrained(str(path))
    return model
