"""The HTTP client: one call at a time from any thread, repeated while that may help."""

import random
import weakref
from collections.abc import Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from time import sleep
from typing import TYPE_CHECKING, Any

from .errors import (
    AuthenticationError,
    GLiNER2APIError,
    RateLimitError,
    ReplyError,
    ServerError,
    ValidationError,
)
from .options import HostedOptions, find_key

if TYPE_CHECKING:
    import httpx

REPEATED = (429, 500, 502, 503, 504)
"""Statuses after which the same call may succeed."""

HIDDEN = "***"
"""What stands in messages where the service repeats the key."""


class HostedClient:
    """Calls the service. The key is read for every call and kept nowhere.

    options (HostedOptions): How to call it.
    """

    def __init__(self, options: HostedOptions) -> None:
        httpx = _import_httpx()
        self._options = options
        self._url = options.find_url()
        limits = httpx.Limits(max_connections=options.concurrency)
        self._http = httpx.Client(timeout=options.timeout, limits=limits)
        weakref.finalize(self, self._http.close)  # with its component, whose end nobody announces

    def extract(
        self, texts: Sequence[str], schema: dict[str, Any], threshold: float, *, repeat: bool = True
    ) -> list[Any]:
        """Extract from texts.

        texts (Sequence): The texts.
        schema (dict): The schema as the service reads it.
        threshold (float): Smallest score.
        repeat (bool): Whether a failed call is repeated.
        RETURNS (list): What was found in each text, as the service writes it.
        RAISES (GLiNER2APIError): If the call fails, or the reply is not one for each text.
        """
        body = {
            "task": "schema",
            "text": list(texts),
            "schema": schema,
            "threshold": threshold,
            "include_confidence": True,
            "include_spans": True,
            "format_results": True,
        }
        found = self._call(body, self._options.max_retries if repeat else 0)
        result = found["result"] if isinstance(found, dict) and "result" in found else found
        if isinstance(result, dict) and len(texts) == 1:
            return [result]
        if not isinstance(result, list) or len(result) != len(texts):
            size = len(result) if isinstance(result, list) else f"a {type(result).__name__}"
            raise ReplyError(
                f"the service replied with {size} for {len(texts)} texts, where a list of as many "
                "results was expected",
                200,
                found,
            )
        return result

    def _call(self, body: dict[str, Any], retries: int) -> Any:
        for attempt in range(retries + 1):
            try:
                return self._send(body)
            except _FailedCallError as failure:
                wait = failure.wait if failure.wait is not None else _backoff(attempt)
                if attempt == retries or wait > self._options.max_wait:
                    raise failure.error from None
                sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    def _send(self, body: dict[str, Any]) -> Any:
        import httpx

        key = find_key()
        # Raised after the except clause, since the error of httpx holds the request with the key.
        try:
            response = self._http.post(self._url, json=body, headers={"X-API-Key": key})
        except httpx.TimeoutException:
            failure = f"the service did not reply within {self._options.timeout:g} s"
        except httpx.RequestError as error:
            failure = f"the connection to the service failed: {error!s}".replace(key, HIDDEN)
        else:
            return self._read(response, key)
        raise _FailedCallError(GLiNER2APIError(failure))

    def _read(self, response: "httpx.Response", key: str) -> Any:
        if response.is_success:
            return _read_json(response)
        failure = _status_error(response, key)
        if response.status_code in REPEATED:
            raise _FailedCallError(failure, _retry_after(response.headers.get("Retry-After")))
        raise failure


class _FailedCallError(Exception):
    """A call that may be repeated.

    error (GLiNER2APIError): What is raised if it is not.
    wait (float): Seconds that the service asks to wait, None where it says nothing.
    """

    def __init__(self, error: GLiNER2APIError, wait: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.wait = wait


def _import_httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise ImportError(
            "the hosted model needs httpx, which is not installed; run "
            "`pip install spacy-gliner2[api]`"
        ) from error
    return httpx


def _read_json(response: "httpx.Response") -> Any:
    if not response.content:
        raise ReplyError("the service replied with nothing", response.status_code)
    try:
        return response.json()
    except ValueError as error:
        raise ReplyError(
            f"the service replied with something else than JSON: {response.text[:80]!r}",
            response.status_code,
        ) from error


_Kind = tuple[type[GLiNER2APIError], str]
_REFUSED: _Kind = (ValidationError, "the service refused the request")
_WRONG_KEY: _Kind = (AuthenticationError, "the key is wrong or has expired")
_STATUSES: dict[int, _Kind] = {
    400: _REFUSED,
    401: _WRONG_KEY,
    403: _WRONG_KEY,
    413: _REFUSED,
    422: _REFUSED,
    429: (RateLimitError, "the service has too many requests"),
}


def _status_error(response: "httpx.Response", key: str) -> GLiNER2APIError:
    status = response.status_code
    kind, default = _STATUSES.get(status, (GLiNER2APIError, "the request failed"))
    if status >= 500:
        kind, default = ServerError, "the service failed"
    try:
        data = _without(response.json(), key)
    except ValueError:
        data = None
    detail = data.get("detail") if isinstance(data, dict) else None
    message = f"{default} (status {status})" + (f": {detail}" if detail else "")
    return kind(message, status, data)


def _without(data: Any, key: str) -> Any:
    """RETURNS (Any): Plain data in which the key stands nowhere."""
    if isinstance(data, str):
        return data.replace(key, HIDDEN)
    if isinstance(data, list):
        return [_without(part, key) for part in data]
    if isinstance(data, dict):
        return {_without(name, key): _without(part, key) for name, part in data.items()}
    return data


def _backoff(attempt: int) -> float:
    """RETURNS (float): About 1, 2, 4 seconds, so that callers do not come all at once."""
    return float(2**attempt) * random.uniform(0.75, 1.25)


def _retry_after(value: str | None) -> float | None:
    """Read the header, which holds seconds or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - datetime.now(timezone.utc)).total_seconds())
