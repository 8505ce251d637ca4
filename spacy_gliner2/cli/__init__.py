"""The command line: `python -m spacy gliner2 ...`."""

import typer
from spacy.cli._util import app

from .convert import convert_cli
from .debug_data import debug_data_cli
from .evaluate import evaluate_cli

gliner2_cli = typer.Typer(
    name="gliner2",
    help="Commands for GLiNER2: corpora, and more.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
gliner2_cli.command("convert")(convert_cli)
gliner2_cli.command("debug-data")(debug_data_cli)
gliner2_cli.command("evaluate")(evaluate_cli)
app.add_typer(gliner2_cli)
