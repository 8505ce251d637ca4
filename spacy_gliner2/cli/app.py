"""The Typer application to which the commands attach, and how they speak to the user."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import typer

HELP = """Extract entities, labels, relations and records with GLiNER2: from files to files, as
pictures, and to and from annotation tools."""

gliner2_cli = typer.Typer(name="gliner2", help=HELP, no_args_is_help=True, rich_markup_mode=None)


def say(text: str) -> None:
    """Tell the user something, on standard error: standard output is for data.

    text (str): What to say.
    """
    typer.echo(text, err=True)


def complain(text: str) -> None:
    """Tell the user of something that went wrong, on standard error.

    text (str): What went wrong.
    """
    typer.secho(text, fg=typer.colors.RED, err=True)


def columns(facts: Sequence[tuple[str, str]]) -> str:
    """Write facts below each other.

    facts (Sequence): Pairs of a name and what it is.
    RETURNS (str): The lines.
    """
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{width}}  {fact}" for name, fact in facts)


def check_output(output: Path, input: Path) -> None:
    """Refuse to write over what is read.

    output (Path): The file to write.
    input (Path): The file that is read.
    RAISES (ValueError): If they are one file.
    """
    if output.exists() and input.exists() and output.samefile(input):
        raise ValueError(f"{output}: is an input, too; name another file for the output")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn errors that say what to do into a message and an exit status.

    RAISES (Exit): Instead of a ValueError, an OSError, the failure of a hosted model, a package
        that is not installed, or what spaCy raises for a wrong option.
    """
    from ..hosted import GLiNER2APIError

    try:
        yield
    except BrokenPipeError:
        raise
    except click.ClickException as error:
        complain(error.format_message())
        raise typer.Exit(error.exit_code) from error
    except (ValueError, OSError, ImportError, GLiNER2APIError) as error:
        complain(str(error).strip())
        raise typer.Exit(1) from error
