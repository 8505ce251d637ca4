"""Corpora: from records in the reference's JSONL to Docs that say what is right, and back."""

from .errors import CorpusError
from .from_doc import RecordWriter
from .options import CorpusOptions
from .reader import JsonlCorpus

__all__ = ["CorpusError", "CorpusOptions", "JsonlCorpus", "RecordWriter"]
