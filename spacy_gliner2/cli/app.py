"""The Typer application to which the commands attach, and how they speak to the user."""

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn errors that say what to do into a message and an exit status of 1.

    RAISES (Exit): Instead of a ValueError or an OSError.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        complain(str(error))
        raise typer.Exit(1) from error
