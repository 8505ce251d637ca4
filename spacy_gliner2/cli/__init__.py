"""`python -m spacy gliner2`.

spaCy imports this package whenever its command line is used, so that it imports nothing heavy:
each command imports what it needs when it runs.
"""

from spacy.cli import _util

from .app import gliner2_cli
from .benchmark import benchmark_cli
from .convert import convert_cli
from .debug_data import debug_data_cli
from .evaluate import evaluate_cli
from .extract import extract_cli
from .info import info_cli
from .visualize import visualize_cli

_util.app.add_typer(gliner2_cli)

__all__ = [
    "benchmark_cli",
    "convert_cli",
    "debug_data_cli",
    "evaluate_cli",
    "extract_cli",
    "gliner2_cli",
    "info_cli",
    "visualize_cli",
]
