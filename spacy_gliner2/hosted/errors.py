"""What can go wrong with a hosted model."""

from typing import Any


class GLiNER2APIError(Exception):
    """A call failed.

    message (str): What happened.
    status_code (int): The status of the reply, None where there was none.
    response_data (Any): What the reply said, None where it said nothing that can be read.
    """

    def __init__(
        self, message: str, status_code: int | None = None, response_data: Any = None
    ) -> None:
        super().__init__(message, status_code, response_data)
        self.status_code = status_code
        self.response_data = response_data

    def __str__(self) -> str:
        return str(self.args[0])


class AuthenticationError(GLiNER2APIError):
    """The key is missing or wrong, which is the fault of no text."""


class ValidationError(GLiNER2APIError):
    """The service refused the request."""


class RateLimitError(GLiNER2APIError):
    """The service asked to wait longer, or more often, than the settings allow."""


class ServerError(GLiNER2APIError):
    """The service failed."""


class ReplyError(GLiNER2APIError):
    """The service replied with something else than the protocol says."""
