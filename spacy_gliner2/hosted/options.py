"""How to call a hosted model. The key is no part of it: it comes from the environment alone."""

import os
import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..checks import check_count, is_number
from .errors import AuthenticationError

DEFAULT_URL = "https://api.fastino.ai"
URL_VARIABLE = "GLINER2_API_BASE_URL"
KEY_VARIABLES = ("FASTINO_API_KEY", "PIONEER_API_KEY")
"""The names under which the key is looked for, in this order."""

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class HostedOptions:
    """How to call a hosted model.

    base_url (str): Where the service is; None for the variable GLINER2_API_BASE_URL of the
        environment, or the public service.
    timeout (float): Seconds to wait for the service to connect, and for each part of its reply.
    max_retries (int): How often a call is repeated that was refused for load or failed.
    max_wait (float): Most seconds to wait before a repetition.
    concurrency (int): Most calls at once.
    batch_size (int): Most texts in a call.
    """

    base_url: str | None = None
    timeout: float = 30.0
    max_retries: int = 3
    max_wait: float = 60.0
    concurrency: int = 4
    batch_size: int = 16

    def __post_init__(self) -> None:
        for key in ("timeout", "max_wait"):
            _check_seconds(key, getattr(self, key))
        for key, least in (("max_retries", 0), ("concurrency", 1), ("batch_size", 1)):
            check_count(f"model.{key}", getattr(self, key), least)
        if self.base_url is not None:
            check_url(self.base_url, "model.base_url")

    def find_url(self) -> str:
        """RETURNS (str): The URL to call.
        RAISES (ValueError): If the variable of the environment holds no URL.
        """
        url = self.base_url
        if url is None:
            url = os.environ.get(URL_VARIABLE) or DEFAULT_URL
            check_url(url, URL_VARIABLE)
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
            warnings.warn(
                f"model.base_url: {url!r} sends the key and all texts unencrypted; use https",
                stacklevel=2,
            )
        return f"{url.rstrip('/')}/gliner-2"


def find_key() -> str:
    """Read the key.

    RETURNS (str): The key.
    RAISES (AuthenticationError): If the environment has none that a request can carry.
    """
    for name in KEY_VARIABLES:
        key = os.environ.get(name, "").strip()
        if key and key.isascii() and key.isprintable():
            return key
        if key:
            raise AuthenticationError(
                f"the environment variable {name} holds characters that no key has; copy the key "
                "again"
            )
    raise AuthenticationError(
        f"the hosted model needs a key; set the environment variable {KEY_VARIABLES[0]}"
    )


def check_url(url: Any, key: str) -> None:
    """Refuse what is no URL of a service.

    url (Any): The URL.
    key (str): Where it comes from.
    RAISES (ValueError): If it is none, or holds a user and a password.
    """
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{key}: {url!r} is no URL; give one that begins with https://")
    if parts.username is not None or parts.password is not None or parts.query:
        raise ValueError(
            f"{key}: has a user, a password or a query in it, which would be saved with the "
            f"pipeline; leave them out and set the environment variable {KEY_VARIABLES[0]}"
        )


def _check_seconds(key: str, value: Any) -> None:
    if not is_number(value) or not 0 < value < 1e6:
        raise ValueError(f"model.{key}: {value!r} is no number of seconds; give one above 0")
