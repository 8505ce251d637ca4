"""`python -m spacy gliner2 visualize`."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .app import gliner2_cli, plain_errors, say

PAGES = (".html", ".htm")
"""Endings of the names that a page may have."""

InputsArgument = Annotated[
    list[Path],
    typer.Argument(
        help="Annotated documents: .spacy, or .jsonl or .parquet as extract writes them"
    ),
]
OutputArgument = Annotated[Path, typer.Argument(help="The page, .html; - for standard output")]


@gliner2_cli.command("visualize", no_args_is_help=True)
def visualize_cli(
    inputs: InputsArgument,
    output: OutputArgument,
    title: Annotated[str, typer.Option(help="Heading of the page")] = "What was found",
    limit: Annotated[
        Optional[int],  # noqa: UP045  (Typer reads it)
        typer.Option("--limit", "-n", help="Show this many documents at most", min=1),
    ] = None,
    text_field: Annotated[
        str, typer.Option(help="The field of .jsonl and .parquet that holds the text")
    ] = "text",
    spans_key: Annotated[
        str, typer.Option("--spans-key", "-sk", help="Key of doc.spans in .spacy files")
    ] = "gliner2",
    relations_attr: Annotated[
        str, typer.Option(help="Extension of Doc with the relations in .spacy files")
    ] = "relations",
    structures_attr: Annotated[
        str, typer.Option(help="Extension of Doc with the records in .spacy files")
    ] = "structures",
) -> None:
    """
    Make a page of annotated documents: entities marked in the text, relations as arcs, records as
    tables, labels as bars, with a filter by label and by score. The page is one file that needs
    nothing else, and is readable in light and dark.

    \b
        python -m spacy gliner2 visualize news.jsonl news.html
        python -m spacy gliner2 visualize gold.spacy predicted.spacy both.html
    """
    names = {"relations_attr": relations_attr, "structures_attr": structures_attr}
    with plain_errors():
        count = visualize(
            inputs,
            output,
            title=title,
            limit=limit,
            text_field=text_field,
            names={"spans_key": spans_key, **names},
        )
    say(f"{output}: {count} document{'s' * (count != 1)}")


def visualize(
    inputs: list[Path],
    output: Path,
    *,
    title: str = "What was found",
    limit: int | None = None,
    text_field: str = "text",
    names: dict[str, str] | None = None,
) -> int:
    """Write a page of annotated documents.

    inputs (list): The files.
    output (Path): The page, or "-".
    title (str): Its heading.
    limit (int): How many documents it shows at most.
    text_field (str): The field of rows that holds the text.
    names (dict): Where Docs have their annotations, as the arguments of `Places`.
    RETURNS (int): How many documents it shows.
    RAISES (ValueError): If a file cannot be read or holds something else, or if the output is a
        file of another kind: most likely an input, and its own name was forgotten.
    """
    from ..displacy import render_report
    from ..documents.annotated import read_annotated
    from ..documents.inputs import STANDARD
    from ..files import replacing
    from ..rows import Places

    if output != STANDARD and output.suffix.lower() not in PAGES:
        raise ValueError(
            f"{output}: the page is HTML; give its name last, ending in {' or '.join(PAGES)}, or - "
            "for standard output"
        )
    places = (Places(**(names or {})),)
    found: Any = (
        {"file": path.name, **row} if len(inputs) > 1 else row
        for path in inputs
        for row in read_annotated(path, text_field=text_field, places=places)
    )
    rows = list(islice(found, limit))
    page = render_report(rows, title=title).encode("utf8", "replace")
    if output == STANDARD:
        sys.stdout.buffer.write(page)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        with replacing(output) as beside:
            beside.write_bytes(page)
    return len(rows)
