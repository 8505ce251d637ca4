"""What an encoder's configuration declares, checked before anything is built by it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import CheckpointError

LARGEST = 2**20
"""Above it no whole number of a configuration is a size; ids of tokens are none."""

FUNCTIONS = ("hidden_act", "hidden_activation", "activation", "activation_function")
"""Under which of these a configuration names a function."""

FEWEST = 100
"""How often something is built at most where there are no weights at all."""

_REPEATED = re.compile("layer|group|expert")
"""In the name of what says how often something is built, each time with tensors of its own."""


_NOT_NONE = ("heads", "hidden_size")
"""How the name of a number ends that is 1 or more."""


def check_encoder_config(config: Mapping[str, Any], tensors: int, file: str) -> None:
    """Refuse a configuration by which more would be built than the weights can fill, or nothing.

    config (Mapping): The content of an encoder's `config.json`.
    tensors (int): Number of the tensors in the file with the weights.
    file (str): What to call the configuration in errors.
    RAISES (CheckpointError): If a number is too large or too small, or a value no name or id.
    """
    for key in FUNCTIONS:
        if not isinstance(config.get(key, ""), str):
            raise CheckpointError(
                f"{file}: {key} is {config[key]!r:.80}, expected the name of a function, such as "
                "'gelu'"
            )
    for key, value in config.items():
        if key.endswith("_token_id") and type(value) not in (int, list, type(None)):
            raise CheckpointError(f"{file}: {key} is {value!r:.80}, expected the id of a token")
    repeats = tensors or FEWEST  # without any, the missing ones are what will be said
    for key, value in _numbers(config):
        if key.endswith(_NOT_NONE) and value < 1:
            raise CheckpointError(f"{file}: {key} is {value}, expected 1 or more")
        most = repeats if _REPEATED.search(key) else LARGEST
        if abs(value) > most:
            reason = (
                f"the weights have {tensors} tensors" if most == repeats else "no size is larger"
            )
            raise CheckpointError(
                f"{file}: {key} is {value}, expected at most {most}, since {reason}; take the "
                "configuration that belongs to the weights"
            )


def _numbers(config: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _numbers(value)
        elif type(value) is int and not key.endswith(("_id", "_ids")):
            yield key, value
