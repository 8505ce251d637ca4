"""Adapters of kinds that are not run here: PEFT merges them into the weights."""

import copy
import warnings
from pathlib import Path

from torch import nn

from .adapter_files import PICKLED, WEIGHTS
from .derived import forget
from .errors import CheckpointError


def merge_with_peft(network: nn.Module, path: Path) -> None:
    """Merge an adapter into the weights of a network.

    network (Module): The network, without an adapter.
    path (Path): Folder of an adapter, of any kind that PEFT can merge.
    RAISES (ImportError): If PEFT is not installed.
    RAISES (CheckpointError): If PEFT cannot merge it; then nothing changes.
    """
    try:
        from peft import PeftModel
    except ImportError as error:
        raise ImportError(
            "merge_adapter: PEFT is not installed; run: pip install 'spacy-gliner2[lora]'"
        ) from error
    if not (path / WEIGHTS).is_file():
        pickled = ", only one that is pickled and could run code" * (path / PICKLED).is_file()
        raise CheckpointError(
            f"{path / WEIGHTS}: no such file{pickled}; give the folder of an adapter in "
            "safetensors form"
        )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Found missing adapter keys")
            adapted = PeftModel.from_pretrained(copy.deepcopy(network), str(path))
            merged = adapted.merge_and_unload(safe_merge=True)
            network.load_state_dict(merged.state_dict())
    except Exception as error:  # PEFT's errors are of many kinds
        raise CheckpointError(
            f"{path}: PEFT cannot merge it into this model ({error!s:.200}); take an adapter of "
            "this model, of a kind that can be merged"
        ) from error
    forget(network)
