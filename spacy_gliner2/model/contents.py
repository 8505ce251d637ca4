"""What is in the files of checkpoints and adapters."""

from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from ..messages import said
from ..plain_json import parse_json
from .errors import CheckpointError


def read_object(content: bytes, file: str) -> dict[str, Any]:
    """Read a JSON object.

    content (bytes): The content of the file.
    file (str): What to call the file in errors.
    RETURNS (dict): The object.
    RAISES (CheckpointError): If it is something else.
    """
    try:
        data = parse_json(content)
    except ValueError as error:
        raise CheckpointError(f"{file}: expected JSON, found {error}; take a whole file") from error
    if not isinstance(data, dict):
        raise CheckpointError(
            f"{file}: expected a JSON object, found {data!r:.80}; take a whole file"
        )
    return data


def read_tensors(content: bytes, file: str) -> dict[str, Tensor]:
    """Read tensors in safetensors form.

    content (bytes): The content of the file.
    file (str): What to call the file in errors.
    RETURNS (dict): The tensors, by name.
    RAISES (CheckpointError): If it is something else.
    """
    try:
        tensors: dict[str, Tensor] = load(content)
    except SafetensorError as error:
        raise CheckpointError(
            f"{file}: expected safetensors, found {said(error)}; take a whole file"
        ) from error
    return tensors
