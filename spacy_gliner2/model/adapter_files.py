"""Folders of adapters: that of PEFT is read and written, the reference's older one is read.

adapter_config.json            what it is; PEFT's has a key "peft_type"
adapter_model.safetensors      PEFT's matrices
adapter_weights.safetensors    the older form's
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from .adapter import Adapter, Matrices
from .adapter_config import AdapterConfig
from .contents import read_object, read_tensors
from .errors import CheckpointError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
OLD_WEIGHTS = "adapter_weights.safetensors"
PICKLED = "adapter_model.bin"

_PREFIX = "base_model.model."

_PARTS = ("lora_A", "lora_B", "lora_magnitude_vector")
"""PEFT's names of what there is for a layer."""

_UNUSUAL = (
    "use_rslora",
    "fan_in_fan_out",
    "lora_bias",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
)
"""Options of PEFT that make other adapters of it."""


def read_adapter(path: Path | str) -> tuple[AdapterConfig, dict[str, Matrices]]:
    """Read an adapter's folder.

    path (Path | str): The folder.
    RETURNS (tuple): What the adapter is, and its matrices by name of the layer.
    RAISES (CheckpointError): If a file is missing, damaged or of another kind of adapter.
    """
    path = Path(path)
    if not (path / WEIGHTS).is_file() and (path / PICKLED).is_file():
        raise CheckpointError(
            f"{path / PICKLED}: is pickled and could run code when read; save the adapter with "
            "safetensors first"
        )
    names = (CONFIG, WEIGHTS, OLD_WEIGHTS)
    files = {name: (path / name).read_bytes() for name in names if (path / name).is_file()}
    return adapter_from_files(files, str(path))


def adapter_from_files(
    files: Mapping[str, bytes], where: str
) -> tuple[AdapterConfig, dict[str, Matrices]]:
    """Make an adapter of the content of its files.

    files (Mapping): Content of each file, by name.
    where (str): What to call the whole in errors.
    RETURNS (tuple): What the adapter is, and its matrices by name of the layer.
    RAISES (CheckpointError): If something is missing, damaged or of another kind of adapter.
    """
    if CONFIG not in files:
        raise CheckpointError(f"{where}/{CONFIG}: no such file; give the folder of an adapter")
    data = read_object(files[CONFIG], f"{where}/{CONFIG}")
    _check_kind(data, f"{where}/{CONFIG}")
    name = WEIGHTS if "peft_type" in data or WEIGHTS in files else OLD_WEIGHTS
    if name not in files:
        raise CheckpointError(f"{where}/{name}: no such file; take a complete adapter")
    matrices = _by_layer(read_tensors(files[name], f"{where}/{name}"), f"{where}/{name}")
    try:
        return _config(data, tuple(matrices)), matrices
    except ValueError as error:
        raise CheckpointError(f"{where}/{CONFIG}: {error}") from error


def adapter_to_files(adapter: Adapter) -> dict[str, bytes]:
    """RETURNS (dict): Content of each file of an adapter's folder, in PEFT's form."""
    config = adapter.config
    data = {
        "peft_type": "LORA",
        "task_type": None,
        "base_model_name_or_path": None,
        "inference_mode": True,
        "bias": "none",
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "use_dora": config.dora,
        "target_modules": list(adapter.names),
    }
    tensors = {}
    for name, own in adapter.matrices().items():
        for part, value in zip(_PARTS, own, strict=True):
            if value is not None:
                end = "" if part == _PARTS[2] else ".weight"
                tensors[f"{_PREFIX}{name}.{part}{end}"] = value.cpu().contiguous()
    content = json.dumps(data, indent=2).encode("utf8")
    return {CONFIG: content, WEIGHTS: save(tensors, metadata={"format": "pt"})}


def _check_kind(data: dict[str, Any], where: str) -> None:
    """Refuse adapters of other kinds than LoRA and DoRA."""
    if data.get("peft_type", "LORA") != "LORA":
        raise CheckpointError(
            f"{where}: peft_type {data['peft_type']!r} is no LoRA; let PEFT merge it "
            "into the weights with merge_adapter(path)"
        )
    for key in _UNUSUAL:
        if data.get(key):
            raise CheckpointError(
                f"{where}: {key} is {data[key]!r}, which is not run here; let PEFT merge it "
                "into the weights with merge_adapter(path)"
            )
    if data.get("bias", "none") != "none":
        raise CheckpointError(
            f"{where}: bias is {data['bias']!r}, not 'none'; let PEFT merge "
            "it into the weights with merge_adapter(path)"
        )


def _config(data: dict[str, Any], names: tuple[str, ...]) -> AdapterConfig:
    """Read what an adapter is. Its matrices name its layers better than its config does."""
    if "peft_type" not in data:
        return AdapterConfig(
            rank=data.get("lora_r", 8),
            alpha=data.get("lora_alpha", 16.0),
            dropout=data.get("lora_dropout", 0.0),
            targets=names,
        )
    return AdapterConfig(
        rank=data.get("r", 8),
        alpha=data.get("lora_alpha", 8),
        dropout=data.get("lora_dropout", 0.0),
        targets=names,
        dora=data.get("use_dora", False),
    )


def _by_layer(tensors: Mapping[str, Tensor], where: str) -> dict[str, Matrices]:
    """Put together what there is for each layer."""
    layers: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        name, dot, part = key.removesuffix(".weight").removeprefix(_PREFIX).rpartition(".")
        if not dot or part not in _PARTS:
            raise CheckpointError(f"{where}: {key!r} is no matrix of a LoRA; take another adapter")
        layers.setdefault(name, {})[part] = value.float()
    for name, own in layers.items():
        missing = [part for part in _PARTS[:2] if part not in own]
        if missing:
            raise CheckpointError(
                f"{where}: of {name!r} there is no {missing[0]}, only {', '.join(own)}; take a "
                "complete adapter"
            )
    if not layers:
        raise CheckpointError(f"{where}: has no matrices; take a complete adapter")
    first, second, lengths = _PARTS
    return {
        name: Matrices(own[first], own[second], own.get(lengths)) for name, own in layers.items()
    }
