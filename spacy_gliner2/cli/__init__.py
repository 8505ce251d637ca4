"""`python -m spacy gliner2`.

spaCy imports this package whenever its command line is used, so that it imports nothing heavy:
each command imports what it needs when it runs.
"""

from spacy.cli import _util

from .app import gliner2_cli
from .benchmark import benchmark_cli
from .extract import extract_cli
from .info import info_cli
from .visualize import visualize_cli

_util.app.add_typer(gliner2_cli)

__all__ = ["benchmark_cli", "extract_cli", "gliner2_cli", "info_cli", "visualize_cli"]
