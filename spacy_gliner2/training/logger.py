"""spaCy's console logger with the loss of each task: `spacy-gliner2.ConsoleLogger.v1`.

spaCy imports every logger there is whenever it makes any pipeline, so that this module imports
nothing heavy.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from spacy.language import Language
from spacy.training.loggers import console_logger_v3

COLUMNS = {
    "ents": ("entities", "entities"),
    "rels": ("relations", "relations"),
    "recs": ("structures", "records"),
    "cats": ("classifications", "labels"),
    "counts": (None, "counts"),
}
"""By column, the section of the schema that it needs, and the part of the loss that it shows."""

LogStep = Callable[[dict[str, Any] | None], None]
Setup = Callable[..., tuple[LogStep, Callable[[], None]]]


def make_console_logger(
    progress_bar: str | None = None,
    console_output: bool = True,
    output_file: str | Path | None = None,
) -> Setup:
    """Make a logger that shows what `spacy.ConsoleLogger.v3` does, and the loss of each task.

    ```ini
    [training.logger]
    @loggers = "spacy-gliner2.ConsoleLogger.v1"
    progress_bar = null
    console_output = true
    output_file = null
    ```

    progress_bar (str): "train" or "eval" for a bar up to the end or the next evaluation.
    console_output (bool): Whether to show the log.
    output_file (str | Path): A file for the log, in JSON lines.
    RETURNS (Callable): The logger.
    """
    setup_inner = console_logger_v3(progress_bar, console_output, output_file)

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        columns = _columns(nlp)
        named = SimpleNamespace(config=nlp.config, pipeline=_pipeline(nlp, columns))
        log_inner, finalize = setup_inner(named, stdout, stderr)

        def log_step(info: dict[str, Any] | None) -> None:
            if info is not None:
                losses = info["losses"]
                shown = {column: losses.get(key, 0.0) for column, key in columns.items()}
                info = {**info, "losses": {**losses, **shown}}
            log_inner(info)

        return log_step, finalize

    return setup


def _columns(nlp: Language) -> dict[str, str]:
    """RETURNS (dict): By column, the key of its loss."""
    from ..schema import FrozenSchema

    found = [(name, getattr(pipe, "schema", None)) for name, pipe in nlp.pipeline]
    pipes = [(name, schema) for name, schema in found if isinstance(schema, FrozenSchema)]
    return {
        column if len(pipes) == 1 else f"{name} {column}": f"{name}.{part}"
        for name, schema in pipes
        for column, (section, part) in COLUMNS.items()
        if section is None or getattr(schema, section)
    }


def _pipeline(nlp: Language, columns: dict[str, str]) -> list[tuple[str, Any]]:
    """RETURNS (list): The components, each followed by the columns of its own losses."""
    pipeline = []
    for name, pipe in nlp.pipeline:
        pipeline.append((name, pipe))
        pipeline += [(c, pipe) for c, key in columns.items() if key.startswith(f"{name}.")]
    return pipeline
