"""The encoder alone: ours, `transformers`, and ONNX Runtime with the same encoder exported."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .checkpoints import load_encoder
from .systems import make_pipeline

BATCH = 8
"""Sequences of a padded batch."""

MAX_TOKENS = 4096
"""Tokens of one of our batches."""


class _HiddenStates(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states: Tensor = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        return states


def export_onnx(path: Path, folder: Path) -> dict[str, Path]:
    """Export a checkpoint's encoder, and quantise the export dynamically to 8 bits.

    path (Path): The checkpoint's directory.
    folder (Path): Where to write.
    RETURNS (dict): The files, by precision.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    files = {"float32": folder / "float32.onnx", "int8": folder / "int8.onnx"}
    if not files["float32"].is_file():
        folder.mkdir(parents=True, exist_ok=True)
        model = load_encoder(path)
        if hasattr(model, "set_attn_implementation"):
            model.set_attn_implementation("eager")
        example = torch.randint(5, 1000, (2, 24))
        axes = {0: "batch", 1: "length"}
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _HiddenStates(model),
                (example, torch.ones_like(example)),
                str(files["float32"]),
                input_names=["ids", "mask"],
                output_names=["states"],
                dynamic_axes={"ids": axes, "mask": axes, "states": axes},
                opset_version=17,
                dynamo=False,
            )
    if not files["int8"].is_file():
        quantize_dynamic(str(files["float32"]), str(files["int8"]), weight_type=QuantType.QInt8)
    return files


def onnx_runner(file: Path, sequences: Sequence[Sequence[int]], threads: int) -> Callable[[], Any]:
    """RETURNS (Callable): Runs ONNX Runtime over sequences sorted by length, in padded batches."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
    batches = [
        {"ids": ids.numpy(), "mask": mask.numpy().astype(np.int64)}
        for ids, mask in _padded(sorted(sequences, key=len))
    ]
    return lambda: [session.run(None, batch) for batch in batches]


def transformers_runner(model: nn.Module, sequences: Sequence[Sequence[int]]) -> Callable[[], Any]:
    """RETURNS (Callable): Runs `transformers` over sequences as they come, in padded batches."""
    batches = list(_padded(sequences))

    def run() -> None:
        with torch.inference_mode():
            for ids, mask in batches:
                model(input_ids=ids, attention_mask=mask)

    return run


def our_runner(name: str, precision: str, sequences: Sequence[Sequence[int]]) -> Callable[[], Any]:
    """RETURNS (Callable): Runs our packed encoder over sequences sorted by length."""
    from spacy_gliner2.inference.sequences import make_batches
    from spacy_gliner2.model.architecture import get_shim

    pipe: Any = make_pipeline(name, {"entities": ["thing"]}, precision).get_pipe("gliner2")
    encoder = get_shim(pipe.model).checkpoint.network.encoder.eval()
    lengths = [len(sequence) for sequence in sequences]
    batches = []
    for batch in make_batches(lengths, MAX_TOKENS):
        ids = torch.tensor([token for index in batch for token in sequences[index]])
        batches.append((ids, [lengths[index] for index in batch]))

    def run() -> None:
        with torch.inference_mode():
            for ids, own in batches:
                encoder(ids, own)

    return run


def _padded(sequences: Sequence[Sequence[int]]) -> Any:
    for first in range(0, len(sequences), BATCH):
        batch = sequences[first : first + BATCH]
        width = max(map(len, batch))
        ids = torch.zeros(len(batch), width, dtype=torch.long)
        mask = torch.zeros(len(batch), width, dtype=torch.long)
        for row, sequence in enumerate(batch):
            ids[row, : len(sequence)] = torch.tensor(sequence)
            mask[row, : len(sequence)] = 1
        yield ids, mask


def limit_runner(hidden: int, inner: int, layers: int, rows: int) -> Callable[[], Any]:
    """Make the matrix products of an encoder's linear layers alone: the limit of the machine.

    hidden (int): Width of the states.
    inner (int): Width of the feed-forward.
    layers (int): Number of layers.
    rows (int): Tokens.
    RETURNS (Callable): Runs the products, a thousand tokens at a time.
    """
    sizes = [(hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (inner, hidden)]
    products = [(torch.randn(512, a), torch.randn(b, a)) for a, b in sizes]

    def run() -> None:
        for _ in range(layers * max(rows // 512, 1)):
            for states, weight in products:
                torch.nn.functional.linear(states, weight)

    return run
