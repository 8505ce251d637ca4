"""Errors of a checkpoint: each names the file, what was expected and what was found."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be found, read or used."""
