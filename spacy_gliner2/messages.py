"""The words of errors: places in data, and what libraries say, each on one line."""

from typing import Any


def member(path: str, key: Any) -> str:
    """Name what a mapping has under a key.

    path (str): The name of the mapping; "" if it has none.
    key (Any): The key. One that is blank or holds line breaks and the like is shown escaped, so
        that an error stays on its line.
    RETURNS (str): The name.
    """
    plain = isinstance(key, str) and key.isprintable() and key.strip()
    if not plain:
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def said(error: Exception) -> str:
    """RETURNS (str): What a library says of a file, on one line."""
    return " ".join(str(error).split())
