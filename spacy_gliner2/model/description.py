"""What a checkpoint is, without its weights in memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import srsly
from safetensors import SafetensorError, safe_open

from ..messages import said
from .checkpoint import CONFIG, ENCODER_CONFIG, WEIGHTS
from .config import SpanConfig
from .contents import read_object
from .errors import CheckpointError

_WIDTHS = ("hidden_size", "d_model", "dim")
"""Under which of these a configuration has the width of the states."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a checkpoint is.

    path (str): Its directory.
    architecture (str): "span", or one that this package does not run.
    runs (str): "yes", or why this package does not run it.
    encoder (str): The encoder that it was made from.
    encoder_type (str): The family of the encoder, as transformers calls it.
    layers (int): Layers of the encoder.
    hidden_size (int): Width of its states.
    heads (int): Attention heads of a layer.
    vocabulary (int): Tokens that it knows.
    max_width (int): Most words of a span.
    counting_layer (str): How it tells records apart.
    token_pooling (str): How the tokens of a word become one state.
    parameters (int): Numbers that were learned.
    encoder_parameters (int): Those of the encoder.
    dtype (str): How they are written.
    size (int): Bytes of the file with the weights.
    licence (str): What its card says of its licence; None if it says nothing.
    """

    path: str
    architecture: str
    runs: str
    encoder: str | None
    encoder_type: str | None
    layers: int | None
    hidden_size: int | None
    heads: int | None
    vocabulary: int | None
    max_width: int | None
    counting_layer: str | None
    token_pooling: str | None
    parameters: int
    encoder_parameters: int
    dtype: str
    size: int
    licence: str | None


def describe_checkpoint(path: Path) -> Description:
    """Say what a checkpoint is.

    path (Path): Its directory.
    RETURNS (Description): What it is.
    RAISES (CheckpointError): If a file is missing or cannot be read.
    """
    config, encoder = _read_json(path / CONFIG), _read_json(path / ENCODER_CONFIG)
    tensors = _read_tensors(path / WEIGHTS)
    sizes = {name: prod(shape) for name, (shape, _) in tensors.items()}
    head = config.get("span_head") or {}
    return Description(
        path=str(path),
        architecture=config.get("architecture") or "span",
        runs=_runs(config, path),
        encoder=config.get("model_name"),
        encoder_type=encoder.get("model_type"),
        layers=_first(encoder, "num_hidden_layers", "num_layers", "n_layers"),
        hidden_size=_first(encoder, *_WIDTHS),
        heads=_first(encoder, "num_attention_heads", "num_heads", "n_heads"),
        vocabulary=encoder.get("vocab_size"),
        max_width=head.get("max_width", config.get("max_width")),
        counting_layer=config.get("counting_layer"),
        token_pooling=config.get("token_pooling"),
        parameters=sum(sizes.values()),
        encoder_parameters=sum(n for name, n in sizes.items() if name.startswith("encoder.")),
        dtype=", ".join(sorted({dtype for _, dtype in tensors.values()})),
        size=(path / WEIGHTS).stat().st_size,
        licence=find_licence(path),
    )


def read_hidden_size(path: Path) -> int | None:
    """Say how wide the states of a checkpoint's encoder are.

    path (Path): Its directory.
    RETURNS (int): Their width; None if its configuration does not say it.
    RAISES (CheckpointError): If that is missing or cannot be read.
    """
    width: int | None = _first(_read_json(path / ENCODER_CONFIG), *_WIDTHS)
    return width


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise CheckpointError(f"{file}: no such file; take a complete checkpoint")
    return read_object(file.read_bytes(), str(file))


def _read_tensors(file: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """RETURNS (dict): Shape and type of each tensor, which the head of the file tells."""
    if not file.is_file():
        raise CheckpointError(
            f"{file}: no such file; take a complete checkpoint, with weights in safetensors form"
        )
    try:
        with safe_open(file, framework="pt") as weights:
            slices = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118
            return {
                name: (tuple(part.get_shape()), part.get_dtype()) for name, part in slices.items()
            }
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{file}: expected a safetensors file, found {said(error)}; take a whole file"
        ) from error


def _runs(config: Mapping[str, Any], path: Path) -> str:
    try:
        SpanConfig.from_dict(config, str(path / CONFIG))
    except CheckpointError as error:
        return f"no: {error}"
    return "yes"


def _first(config: Mapping[str, Any], *keys: str) -> Any:
    return next((config[key] for key in keys if key in config), None)


def find_licence(path: Path) -> str | None:
    """Find what the card of a checkpoint says of its licence.

    path (Path): The checkpoint's directory.
    RETURNS (str): The licence, as the head or the text of README.md names it, or the first line of
        a file LICENSE; None if there is neither.
    """
    card = path / "README.md"
    if card.is_file():
        text = card.read_text(encoding="utf8", errors="replace")
        found = _head(text).get("license") or _sentence(_HEAD.sub("", text))
        if found:
            return str(found)
    for file in sorted(path.glob("LICEN[CS]E*")):
        lines = file.read_text(encoding="utf8", errors="replace").splitlines()
        return next((line.strip() for line in lines if line.strip()), None)
    return None


_HEAD = re.compile(r"\A---\s*\n(.*?)\n---", re.DOTALL)


def _head(text: str) -> dict[str, Any]:
    """RETURNS (dict): The head of a model card, which is YAML between two lines of hyphens."""
    found = _HEAD.match(text)
    try:
        data = srsly.yaml_loads(found[1]) if found else None
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _sentence(text: str) -> str | None:
    """RETURNS (str): The first sentence that speaks of a licence."""
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    sentences = (part for text in paragraphs for part in re.split(r"(?<=\.)\s+", text))
    speaking = (
        part for part in sentences if re.search(r"\blicen[cs]e[sd]?\b", part, re.IGNORECASE)
    )
    found = next(speaking, None)
    return re.sub(r"^Licen[cs]es?:\s*", "", found).rstrip(".") if found else None
