"""Adapters of kinds that are not run here: PEFT merges them into the weights."""

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ..messages import said
from .adapter_files import PICKLED, WEIGHTS
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
    twin = copy.deepcopy(network)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Found missing adapter keys")
            adapted = PeftModel.from_pretrained(twin, str(path))
            merged = adapted.merge_and_unload(safe_merge=True).state_dict()
        # Loading would say it, too, but only after it has written a part.
        if _shapes(merged) != _shapes(network.state_dict()):
            raise ValueError("the merged weights have other names or shapes")
    except Exception as error:  # PEFT's errors are of many kinds
        raise CheckpointError(
            f"{path}: PEFT cannot merge it into this model ({said(error)}); take an adapter of "
            "this model, of a kind that can be merged"
        ) from error
    network.load_state_dict(merged)


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(weight.shape) for key, weight in state.items()}
