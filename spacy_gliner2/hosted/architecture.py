"""The registered architecture `spacy-gliner2.GLiNER2API.v1`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thinc.api import Model, Shim

from .client import HostedClient
from .options import HostedOptions


class HostedShim(Shim):
    """Stands for a model that is served; there is nothing of it to save.

    options (HostedOptions): How to call it.
    """

    def __init__(self, options: HostedOptions) -> None:
        super().__init__(None)
        self.options = options
        self._clients: dict[int, HostedClient] = {}

    @property
    def client(self) -> HostedClient:
        """RETURNS (HostedClient): The client of this process, made now if it was not before.

        A forked process must not write to the connections of the one it came from, whose client
        it leaves alone. No lock, which could be held at the fork: where threads make clients at
        once, the first is the one that stays.
        """
        process = os.getpid()
        if process not in self._clients:
            self._clients.setdefault(process, HostedClient(self.options))
        return self._clients[process]

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): Nothing."""
        return b""

    def from_bytes(self, bytes_data: bytes) -> "HostedShim":
        """RETURNS (HostedShim): Itself, as it was."""
        return self

    def to_disk(self, path: Path | str) -> None:
        """Write nothing."""

    def from_disk(self, path: Path | str) -> "HostedShim":
        """RETURNS (HostedShim): Itself, as it was."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_clients": {}}


def build_gliner2_api(
    base_url: str | None = None,
    timeout: float = 30.0,
    max_retries: int = 3,
    max_wait: float = 60.0,
    concurrency: int = 4,
    batch_size: int = 16,
) -> "Model[Any, Any]":
    """Make a model that is served elsewhere.

    ```ini
    [components.gliner2.model]
    @architectures = "spacy-gliner2.GLiNER2API.v1"
    base_url = null
    timeout = 30.0
    max_retries = 3
    max_wait = 60.0
    concurrency = 4
    batch_size = 16
    ```

    The key comes from the environment variable FASTINO_API_KEY, or PIONEER_API_KEY, at the time
    of each call. It is saved, logged and pickled nowhere.

    base_url (str): Where the service is; None for the variable GLINER2_API_BASE_URL of the
        environment, or the public service.
    timeout (float): Seconds to wait for the service to connect, and for each part of its reply.
    max_retries (int): How often a call is repeated that was refused for load or failed.
    max_wait (float): Most seconds to wait before a repetition; a service that asks for more gets
        no other call.
    concurrency (int): Most calls at once.
    batch_size (int): Most texts in a call.
    RETURNS (Model): The model.
    RAISES (ValueError): If a value is wrong.
    """
    options = HostedOptions(base_url, timeout, max_retries, max_wait, concurrency, batch_size)
    return Model("gliner2_api", _forward, shims=[HostedShim(options)], attrs={"hosted": True})


def _forward(
    model: "Model[Any, Any]", inputs: Any, is_train: bool
) -> tuple[Any, Callable[[Any], Any]]:
    raise ValueError("model: is served elsewhere, and takes texts, not token sequences")
