"""The torch model behind the thinc one; its weights load when they are first needed."""

import multiprocessing
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import srsly
import torch
from thinc.api import Shim, get_torch_default_device

from ..inference.scores import SequenceScores
from ..inference.sequences import TokenSequence
from ..inference.subwords import Subwords
from .checkpoint import Checkpoint, checkpoint_from_files, load_checkpoint, save_checkpoint
from .description import read_hidden_size
from .errors import CheckpointError
from .precision import Precision, check_support
from .source import find_checkpoint, find_local

_loading = threading.Lock()


class GLiNER2Shim(Shim):
    """Holds a checkpoint and runs its network.

    name (str): "embedded", the path of a directory, or a name on the hub.
    revision (str): For a name on the hub: the commit, tag or branch.
    device (str): Where to run, such as "cpu", "cuda:0" or "mps"; None for where thinc runs.
    precision (str): What to compute with where nothing is learned.
    """

    def __init__(
        self,
        name: str,
        revision: str | None = None,
        device: str | None = None,
        precision: Precision = "float32",
    ) -> None:
        super().__init__(None)
        self.name = name
        self.revision = revision
        self.device = device
        self.precision = precision
        self._checkpoint: Checkpoint | None = None
        self._subwords: Subwords | None = None
        self._process = os.getpid()

    @property
    def loaded(self) -> bool:
        """RETURNS (bool): Whether the weights are in memory."""
        return self._checkpoint is not None

    @property
    def checkpoint(self) -> Checkpoint:
        """RETURNS (Checkpoint): The checkpoint, loaded now if it was not before.
        RAISES (CheckpointError): If it cannot be found or read.
        """
        if self._checkpoint is None:
            with _loading:
                if self._checkpoint is None:
                    path = find_checkpoint(self.name, self.revision)
                    self.set_checkpoint(load_checkpoint(path))
        assert self._checkpoint is not None
        return self._checkpoint

    @property
    def hidden_size(self) -> int | None:
        """RETURNS (int): Width of the encoder's states, which needs no weights; None as long as the
        checkpoint would have to be fetched.
        """
        if self._checkpoint is not None:
            return self._checkpoint.network.encoder.hidden_size
        path = find_local(self.name)
        if path is None:
            return None
        try:
            return read_hidden_size(path)
        except CheckpointError:  # whoever loads it says what is wrong
            return None

    def set_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Run another checkpoint from now on.

        checkpoint (Checkpoint): The checkpoint; moved to the device.
        RAISES (ValueError): If this machine does not have the device or the precision, or the
            encoder runs in float32 only.
        """
        device = _find_device(self.device)
        check_support(self.precision, device)
        network = checkpoint.network.to(device)
        known = network.encoder.precisions
        if self.precision not in known:
            raise ValueError(
                f"model.precision: {self.precision!r}, and the encoder of {self.name!r} runs in "
                f"{', '.join(known)} only; choose that, or a checkpoint with BERT or DeBERTa"
            )
        network.precision = self.precision
        self._subwords = Subwords(checkpoint.tokenizer)
        self._checkpoint = checkpoint

    @property
    def subwords(self) -> Subwords:
        """RETURNS (Subwords): Turns texts into the checkpoint's token ids."""
        _ = self.checkpoint
        assert self._subwords is not None
        return self._subwords

    def predict(self, sequences: Sequence[TokenSequence]) -> list[SequenceScores]:
        """Score a batch of sequences.

        sequences (Sequence): The sequences.
        RETURNS (list): The scores of each.
        """
        network = self.checkpoint.network
        if self._process != os.getpid():
            # Threads of the process that this one was forked from do not exist here, and waiting
            # for them would take forever.
            torch.set_num_threads(1)
            self._process = os.getpid()
        if network.training:
            network.eval()
        with torch.inference_mode():
            scores: list[SequenceScores] = network(sequences)
        return scores

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The whole checkpoint."""
        content: bytes = srsly.msgpack_dumps({"files": self.checkpoint.to_files()})
        return content

    def from_bytes(self, bytes_data: bytes) -> "GLiNER2Shim":
        """Load a checkpoint.

        bytes_data (bytes): What `to_bytes` returned.
        RETURNS (GLiNER2Shim): Itself.
        """
        self.set_checkpoint(checkpoint_from_files(srsly.msgpack_loads(bytes_data)["files"]))
        return self

    def to_disk(self, path: Path | str) -> None:
        """Write the whole checkpoint.

        path (Path | str): The directory.
        """
        save_checkpoint(self.checkpoint, path)

    def from_disk(self, path: Path | str) -> "GLiNER2Shim":
        """Load a checkpoint.

        path (Path | str): The directory.
        RETURNS (GLiNER2Shim): Itself.
        """
        self.set_checkpoint(load_checkpoint(path))
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        loaded = state.pop("_checkpoint") is not None
        state.pop("_subwords")
        state["_bytes"] = self.to_bytes() if loaded else None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        content = state.pop("_bytes")
        self.__dict__.update(state, _checkpoint=None, _subwords=None)
        if multiprocessing.parent_process() is None:  # no worker, which keeps to one thread
            self._process = os.getpid()
        if content is not None:
            self.from_bytes(content)


def _find_device(name: str | None) -> torch.device:
    if name is None:
        return get_torch_default_device()
    device = torch.device(name)
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ValueError(
            f"model.device: this machine has no device {name!r} that torch can use "
            f"({error!s:.90}); give one that it has, such as 'cpu', or null for where spaCy runs"
        ) from error
    return device
