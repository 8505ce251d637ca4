"""`python -m spacy gliner2 debug-data`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import gliner2_cli, plain_errors
from .component import (
    ForComponentOption,
    ForOption,
    LangOption,
    SchemaOfOption,
    load_component,
    schema_source,
)

if TYPE_CHECKING:
    from wasabi.printer import Printer

    from ..training.corpus.debug import Report
    from ..training.corpus.findings import Finding, Kind

DataArgument = Annotated[Path, typer.Argument(help="Training data: JSONL or .spacy", exists=True)]
EvaluationArgument = Annotated[
    Path, typer.Argument(help="Evaluation data: JSONL or .spacy", exists=True)
]

SHOWN = 5
"""Number of findings of one kind that are shown unless all are asked for."""


@gliner2_cli.command("debug-data", no_args_is_help=True)
def debug_data_cli(
    train_path: DataArgument,
    dev_path: EvaluationArgument,
    config: ForOption = None,
    lang: LangOption = "en",
    for_component: ForComponentOption = None,
    schema_of: SchemaOfOption = None,
    show_all: Annotated[bool, typer.Option("--all", "-a", help="Show every finding")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,
) -> None:
    """
    Look through training and evaluation data: how often each label occurs, what the model cannot
    learn from, what does not fit the component, and what is in both.

    Exits with 1 if the data cannot be used like that.

    \b
        python -m spacy gliner2 debug-data train.jsonl dev.jsonl --config config.cfg
    """
    with plain_errors():
        from ..training.corpus.debug import debug_data

        nlp, component = load_component(config, lang, for_component)
        source = schema_source(schema_of, component)
        report = debug_data(train_path, dev_path, nlp, component, source)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        print_report(report, show_all=show_all)
    if report.fails:
        raise typer.Exit(1)


def print_report(report: "Report", *, show_all: bool = False) -> None:
    """Print a report for people.

    report (Report): The report.
    show_all (bool): Whether to show every finding instead of the first few of a kind.
    """
    from wasabi.printer import Printer

    from ..training.corpus.findings import TASKS, Kind

    msg = Printer()
    msg.divider("Texts")
    rows = [
        (name, counts.texts, counts.words, counts.longest)
        for name, counts in (("train", report.train.counts), ("dev", report.dev.counts))
    ]
    msg.table(rows, header=("", "Texts", "Words", "Longest"), aligns=("l", "r", "r", "r"))
    for task in TASKS:
        _print_counts(msg, report, task)
    msg.divider("Findings")
    for data, found in report.findings.items():
        for kind in Kind:
            _print_findings(msg, data, kind, [one for one in found if one.kind is kind], show_all)
    if not any(report.findings.values()):
        msg.good("Nothing is wrong with these corpora")
    elif not report.fails:
        msg.good("These corpora can be used; what is above is worth a look")


def _print_counts(msg: "Printer", report: "Report", task: str) -> None:
    train, dev = getattr(report.train.counts, task), getattr(report.dev.counts, task)
    if not train and not dev:
        return
    msg.divider(task.capitalize())
    rows = []
    for label in dict.fromkeys([*train, *dev]):
        row: list[Any] = [label]
        for counts in (train, dev):
            count = counts.get(label)
            row += ["-"] * 3 if count is None else [count.gold, count.present, count.absent]
        rows.append(row)
    header = ("", "Train", "texts with", "without", "Dev", "texts with", "without")
    msg.table(rows, header=header, aligns=("l", *"rrrrrr"))


def _print_findings(
    msg: "Printer", data: str, kind: "Kind", found: "Sequence[Finding]", show_all: bool
) -> None:
    if not found:
        return
    title = f"{'' if data == 'both' else f'{data}: '}{len(found)} {kind.text}"
    if kind.fails:
        msg.fail(title)
    else:
        msg.warn(title)
    for one in found if show_all else found[:SHOWN]:
        msg.text(f"  {one.where}{': ' if one.where else ''}{one.what}")
    if not show_all and len(found) > SHOWN:
        msg.text(f"  ... and {len(found) - SHOWN} more; --all shows them")
