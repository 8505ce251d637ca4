"""Errors of a checkpoint: each names the file, what was expected and what was found."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be found, read or used."""


def said(error: Exception) -> str:
    """RETURNS (str): What a library says of a file, on one line."""
    return " ".join(str(error).split())
