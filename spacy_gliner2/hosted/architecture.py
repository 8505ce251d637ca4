"""The registered architecture `spacy-gliner2.GLiNER2API.v1`."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thinc.api import Model, Shim

from .client import HostedClient
from .options import HostedOptions

_connecting = threading.Lock()


class HostedShim(Shim):
    """Stands for a model that is served; there is nothing of it to save.

    options (HostedOptions): How to call it.
    """

    def __init__(self, options: HostedOptions) -> None:
        super().__init__(None)
        self.options = options
        self._client: HostedClient | None = None

    @property
    def client(self) -> HostedClient:
        """RETURNS (HostedClient): The client, made now if it was not before."""
        with _connecting:
            if self._client is None:
                self._client = HostedClient(self.options)
        return self._client

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
        return {**self.__dict__, "_client": None}


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
