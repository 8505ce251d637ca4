"""A model that is not here but served, through the HTTP protocol of the `gliner2` package."""

from .errors import (
    AuthenticationError,
    GLiNER2APIError,
    RateLimitError,
    ServerError,
    ValidationError,
)

__all__ = [
    "AuthenticationError",
    "GLiNER2APIError",
    "RateLimitError",
    "ServerError",
    "ValidationError",
]
