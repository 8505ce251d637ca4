"""Errors of a corpus: each names the file, the line, the key, the value and the remedy."""


class CorpusError(ValueError):
    """A corpus that cannot be read."""


class RecordError(ValueError):
    """A record that cannot be read; the reader of its file adds file and line."""
