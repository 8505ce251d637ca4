"""Running our commands as a user does."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner


def run(*arguments: object, stdin: bytes | None = None, status: int = 0) -> Any:
    """Run a command in this process.

    *arguments (object): What follows `python -m spacy gliner2`.
    stdin (bytes): What it reads from standard input.
    status (int): The exit status that it must have.
    RETURNS (Result): Its stdout, stderr and what went with it.
    """
    from spacy.cli._util import app

    import spacy_gliner2.cli  # noqa: F401  (as spaCy does by the entry point)

    result = CliRunner().invoke(app, ["gliner2", *map(str, arguments)], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.stderr
    return result


def run_process(*arguments: object, cwd: Path, stdin: bytes | None = None) -> Any:
    """Run a command in a process of its own.

    *arguments (object): What follows `python -m spacy gliner2`.
    cwd (Path): Where it runs.
    stdin (bytes): What it reads from standard input.
    RETURNS (CompletedProcess): What came of it.
    """
    command = [sys.executable, "-m", "spacy", "gliner2", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=False)
