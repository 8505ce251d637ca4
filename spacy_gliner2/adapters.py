"""Adapters of a model that is in use: loaded, switched, merged and taken away."""

from abc import ABC, abstractmethod
from pathlib import Path

from .files import write_directory
from .model.adapter import Adapter
from .model.adapter_config import AdapterConfig
from .model.adapter_files import adapter_to_files
from .model.architecture import GLiNER2Model, get_shim
from .model.checkpoint import Checkpoint


class Adaptable(ABC):
    """What the component and the familiar face share of adapters.

    An adapter acts wherever the model is used, and is part of what is saved. There is one at a
    time.
    """

    @abstractmethod
    def _adapted_model(self) -> GLiNER2Model:
        """RETURNS (Model): The model that an adapter acts in."""

    @property
    def checkpoint(self) -> Checkpoint:
        """RETURNS (Checkpoint): The model with everything that belongs to it, loaded by now."""
        return get_shim(self._adapted_model()).checkpoint

    @property
    def has_adapter(self) -> bool:
        """RETURNS (bool): Whether there is an adapter."""
        return self.checkpoint.adapter is not None

    @property
    def adapter_config(self) -> AdapterConfig | None:
        """RETURNS (AdapterConfig): What the adapter is; None if there is none."""
        adapter = self.checkpoint.adapter
        return None if adapter is None else adapter.config

    def load_adapter(self, path: str | Path) -> None:
        """Use an adapter, in place of the one that is in use.

        path (str | Path): Its folder, as PEFT or as older versions of the `gliner2` package write
            it.
        RAISES (CheckpointError): If it cannot be read or does not fit; then nothing changes.
        """
        self.checkpoint.load_adapter(path)

    def unload_adapter(self) -> None:
        """Use no adapter; the weights are exactly those from before."""
        self.checkpoint.remove_adapter()

    def merge_adapter(self, path: str | Path | None = None) -> None:
        """Make what an adapter does a part of the weights, for good.

        path (str | Path): The folder of an adapter of any kind that PEFT can merge (extra `lora`);
            None for the adapter that is in use.
        RAISES (ValueError): If there is a path, and an adapter in use.
        RAISES (ImportError): If there is a path, and PEFT is not installed.
        RAISES (CheckpointError): If it cannot be merged; then nothing changes.
        """
        if path is None:
            self.checkpoint.remove_adapter(merge=True)
        else:
            self.checkpoint.merge_adapter(Path(path))

    merge_lora = merge_adapter

    def save_adapter(self, path: str | Path) -> None:
        """Write the adapter that is in use, in PEFT's form.

        path (str | Path): A folder; what it holds is replaced.
        RAISES (ValueError): If there is none.
        """
        write_directory(Path(path), adapter_to_files(self._required()))

    def _required(self) -> Adapter:
        adapter = self.checkpoint.adapter
        if adapter is None:
            raise ValueError("adapter: there is none; load one or train one first")
        return adapter
