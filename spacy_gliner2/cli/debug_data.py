"""`python -m spacy gliner2 debug-data`: what is in a corpus, and what is wrong with it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import srsly
from spacy.language import Language
from typer import Argument as Arg
from typer import Exit, echo
from typer import Option as Opt
from wasabi.printer import Printer

from ..model.config import SpanConfig
from ..model.source import EMBEDDED, find_checkpoint
from ..schema import FrozenSchema
from ..training.convert.docbin import read_docbin
from ..training.corpus import CorpusOptions, JsonlCorpus
from ..training.corpus.compare import compare
from ..training.corpus.files import corpus_files
from ..training.corpus.findings import TASKS, Finding, Kind
from ..training.corpus.inspect import Inspector
from ..training.corpus.reader import Reading
from ..training.corpus.to_doc import DocMaker
from .pipelines import errors_in_a_line, find_component, load_pipeline

SHOWN = 5
"""Number of findings of one kind that are shown unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is in training and evaluation data, and what is wrong.

    train (Inspector): The training data.
    dev (Inspector): The evaluation data.
    findings (dict): By the name of the data, what is wrong with it; "both" for what concerns
        both.
    """

    train: Inspector
    dev: Inspector
    findings: dict[str, list[Finding]]

    @property
    def fails(self) -> bool:
        """RETURNS (bool): Whether the data cannot be used like that."""
        return any(one.kind.fails for found in self.findings.values() for one in found)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The report as plain data."""
        return {
            "ok": not self.fails,
            "train": asdict(self.train.counts),
            "dev": asdict(self.dev.counts),
            "findings": [
                {
                    "data": data,
                    "kind": one.kind.name.lower(),
                    "fails": one.kind.fails,
                    "where": one.where,
                    "what": one.what,
                }
                for data, found in self.findings.items()
                for one in found
            ],
        }


def debug_data_cli(
    train_path: Annotated[Path, Arg(help="Training data: JSONL or .spacy", exists=True)],
    dev_path: Annotated[Path, Arg(help="Evaluation data: JSONL or .spacy", exists=True)],
    config: Annotated[
        str | None, Opt("--config", "-c", help="Config or pipeline that is to be trained")
    ] = None,
    lang: Annotated[
        str, Opt("--lang", "-l", help="Language, whose tokenizer is used without a config")
    ] = "en",
    schema: Annotated[
        str | None,
        Opt(
            help="Whose labels each text is asked for: those of its 'record' or, by default where "
            "the config has a schema, those of the 'component'"
        ),
    ] = None,
    show_all: Annotated[bool, Opt("--all", "-a", help="Show every finding")] = False,
    as_json: Annotated[bool, Opt("--json", help="Print the report as JSON")] = False,
) -> None:
    """
    Look through training and evaluation data: how often each label occurs, what the model cannot
    learn from, and what is in both. Exits with 1 if the data cannot be used like that.
    """
    with errors_in_a_line():
        nlp = load_pipeline(config, lang)
        component = None if config is None else find_component(nlp)
        report = debug_data(train_path, dev_path, nlp, component, schema)
    if as_json:
        echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        print_report(report, show_all=show_all)
    if report.fails:
        raise Exit(1)


def debug_data(
    train_path: Path,
    dev_path: Path,
    nlp: Language,
    component: Any = None,
    schema: str | None = None,
) -> Report:
    """Look through training and evaluation data.

    train_path (Path): The training data, JSONL or .spacy.
    dev_path (Path): The evaluation data.
    nlp (Language): The pipeline, whose tokenizer is used.
    component (GLiNER2Pipe): The component that is to be trained; None for one with the embedded
        checkpoint and without schema.
    schema (str): Whose labels each text is asked for, "record" or "component"; None for the
        component if it has a schema.
    RETURNS (Report): What was found.
    RAISES (ValueError): If there are no such data.
    """
    cfg = {} if component is None else component.cfg
    known = FrozenSchema() if component is None else component.schema
    schema = schema or ("component" if known else "record")
    if schema == "component" and not known:
        raise ValueError("--schema: 'component' needs a --config whose component has a schema")
    options = CorpusOptions.of_component(cfg, schema=schema, on_missing="skip")
    asked = known if schema == "component" else None
    width = _max_width(component)
    inspectors = []
    for data in (train_path, dev_path):
        inspector = Inspector(nlp, options, schema=asked, max_width=width)
        inspector.look_through(_readings(data, nlp, options))
        inspectors.append(inspector)
    train, dev = inspectors
    findings = {
        "train": train.findings,
        "dev": dev.findings,
        "both": list(compare(train, dev, asked)),
    }
    return Report(train, dev, findings)


def _max_width(component: Any) -> int:
    """Tell how many words a span may have, without loading weights for it."""
    name, revision = EMBEDDED, None
    if component is not None:
        from ..model.architecture import get_shim

        shim = get_shim(component.model)
        if shim.loaded:
            return shim.checkpoint.config.max_width
        name, revision = shim.name, shim.revision
    file = find_checkpoint(name, revision) / "config.json"
    return SpanConfig.from_dict(srsly.read_json(file), str(file)).max_width


def _readings(path: Path, nlp: Language, options: CorpusOptions) -> Iterator[Reading]:
    make = DocMaker(nlp, options)
    if path.suffix != ".spacy":
        yield from JsonlCorpus(path, options=options).readings(make)
        return
    for file in corpus_files(path, (".spacy",)):
        for number, doc in enumerate(read_docbin(file, nlp.vocab), 1):
            yield Reading(f"{file}, Doc {number}", doc=doc)


def print_report(report: Report, *, show_all: bool = False) -> None:
    """Print a report for people.

    report (Report): The report.
    show_all (bool): Whether to show every finding instead of the first few of a kind.
    """
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


def _print_counts(msg: Printer, report: Report, task: str) -> None:
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
    msg: Printer, data: str, kind: Kind, found: Sequence[Finding], show_all: bool
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
