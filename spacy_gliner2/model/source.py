"""Where a checkpoint comes from: inside the package, a directory, or a name on the hub."""

from importlib.util import find_spec
from pathlib import Path

from .errors import CheckpointError

EMBEDDED = "embedded"
"""The name of the checkpoint that comes inside the package."""


def find_checkpoint(name: str, revision: str | None = None) -> Path:
    """Find the directory of a checkpoint, from the hub only if it is nowhere else.

    name (str): "embedded", the path of a directory, or a name on the hub ("owner/model").
    revision (str): For a name on the hub: the commit, tag or branch.
    RETURNS (Path): The directory.
    RAISES (CheckpointError): If there is none.
    """
    path = find_local(name)
    if path is not None:
        return path
    if Path(name).expanduser().is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise CheckpointError(
            f"name: {name!r} is no directory, and no name on the hub either; give the path of a "
            f"checkpoint, a name such as 'fastino/gliner2-base-v1', or {EMBEDDED!r}"
        )
    return _download(name, revision)


def find_local(name: str) -> Path | None:
    """Find the directory of a checkpoint that is on this machine.

    name (str): As in `find_checkpoint`.
    RETURNS (Path): The directory; None if the checkpoint is neither in the package nor a directory.
    """
    if name == EMBEDDED:
        return Path(__file__).parent.parent / "embedded"
    path = Path(name).expanduser()
    return path if path.is_dir() else None


def _download(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    failures: tuple[type[Exception], ...]
    failures = (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError)
    if find_spec("httpx"):  # which transports the files from version 1 of huggingface-hub on
        from httpx import HTTPError

        failures += (HTTPError,)
    patterns = ["*.json", "*/*.json", "*.safetensors", "*.model", "*.txt"]
    patterns += ["README.md", "LICENSE*"]
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except failures as error:
        raise CheckpointError(
            f"name: {name!r} (revision {revision!r}) is no directory and could not be fetched from "
            f"the hub; check the name and the network, or give the path of a directory ({error})"
        ) from error
