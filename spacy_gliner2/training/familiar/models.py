"""The models that a training leaves."""

import shutil
from pathlib import Path

from ...files import write_directory
from ...model.adapter_files import adapter_to_files
from ...model.checkpoint import Checkpoint, save_checkpoint


class Models:
    """A folder of models, each of which is written beside its place and then moved there.

    folder (Path): The folder.
    limit (int): Most of those with a number, 0 for all.
    adapter_only (bool): Whether of a model with an adapter only that is kept; otherwise it is
        merged with the weights.
    """

    def __init__(self, folder: Path, limit: int, adapter_only: bool) -> None:
        self._folder = folder
        self._limit = limit
        self._adapter_only = adapter_only
        self._numbered: list[Path] = []

    def save(self, name: str, checkpoint: Checkpoint) -> Path:
        """Write a model.

        name (str): Name of its folder.
        checkpoint (Checkpoint): The model.
        RETURNS (Path): Its folder.
        """
        path = self._folder / name
        adapter = checkpoint.adapter
        if adapter is not None and self._adapter_only:
            write_directory(path, adapter_to_files(adapter))
        else:
            save_checkpoint(checkpoint, path, merged=True)
        return path

    def save_numbered(self, number: str, checkpoint: Checkpoint) -> None:
        """Write a model that makes way when there are too many.

        number (str): Number of its folder.
        checkpoint (Checkpoint): The model.
        """
        self._numbered.append(self.save(f"checkpoint-{number}", checkpoint))
        while self._limit and len(self._numbered) > self._limit:
            shutil.rmtree(self._numbered.pop(0))
