"""`python -m spacy gliner2 extract`."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from .app import check_output, complain, gliner2_cli, plain_errors, say
from .pipeline import (
    CheckpointOption,
    CodeOption,
    ComponentOption,
    ConfigOption,
    GpuOption,
    LangOption,
    ModelOption,
    PipelineOptions,
    ProcessesOption,
    SchemaOption,
    TextFieldOption,
    ThresholdOption,
    check_schemas,
    fingerprint,
    load_pipeline,
    load_weights,
)

if TYPE_CHECKING:
    from ..distributed.cluster import Cluster
    from ..documents.inputs import Item
    from ..documents.outputs import Parts, Result, Sink

INPUTS = ("txt", "jsonl", "csv", "tsv", "parquet", "spacy")
OUTPUTS = ("jsonl", "parquet", "spacy")
TABLES = ("csv", "tsv", "parquet")
"""Inputs whose rows all have the same fields."""


class OnError(str, Enum):
    """What a failing document does to the run."""

    report = "report"
    stop = "stop"


class Engine(str, Enum):
    """What runs the pipeline."""

    local = "local"
    ray = "ray"


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """How documents are read and written; each is documented with its option of the command."""

    text_field: str = "text"
    prefix: str = ""
    input_format: str | None = None
    output_format: str | None = None
    on_error: OnError = OnError.report
    force: bool = False
    batch_size: int = 128
    n_process: int = 1
    progress: bool | None = None
    cluster: "Cluster | None" = None


@gliner2_cli.command(
    "extract",
    no_args_is_help=True,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def extract_cli(
    ctx: typer.Context,
    input: Annotated[
        Path,
        typer.Argument(
            help="Documents: .txt (one a line), .jsonl, .csv, .tsv, .parquet or .spacy; - for "
            "standard input"
        ),
    ],
    output: Annotated[
        Path, typer.Argument(help="Results: .jsonl, .parquet or .spacy; - for standard output")
    ],
    schema: SchemaOption = None,
    model: ModelOption = None,
    config: ConfigOption = None,
    checkpoint: CheckpointOption = "embedded",
    lang: LangOption = "en",
    threshold: ThresholdOption = None,
    component: ComponentOption = None,
    text_field: TextFieldOption = "text",
    prefix: Annotated[
        str, typer.Option(help="What the names of the fields that are added begin with")
    ] = "",
    input_format: Annotated[
        Optional[str],  # noqa: UP045  (Typer reads it)
        typer.Option(
            "--input-format",
            "-if",
            help=f"Format of the input, if its name does not tell: {', '.join(INPUTS)}",
        ),
    ] = None,
    output_format: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--output-format",
            "-of",
            help=f"Format of the output, if its name does not tell: {', '.join(OUTPUTS)}",
        ),
    ] = None,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="What a document does that fails: 'report' its number and go on, its result being "
            "the reason in a field 'error'; or 'stop' the run"
        ),
    ] = OnError.report,
    force: Annotated[
        bool, typer.Option("--force", "-F", help="Begin anew where a run was interrupted")
    ] = False,
    batch_size: Annotated[
        int, typer.Option("--batch-size", "-b", help="Documents that are read ahead", min=1)
    ] = 128,
    n_process: ProcessesOption = 1,
    engine: Annotated[
        Engine,
        typer.Option(
            help="What runs the pipeline: this machine, or 'ray' for the workers of a Ray cluster, "
            "which must all see the input"
        ),
    ] = Engine.local,
    address: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="With --engine ray: the cluster; by default one on this machine"),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", help="With --engine ray: how many workers", min=1)
    ] = 2,
    progress: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option(
            "--progress/--no-progress", help="Show a progress bar; by default on a terminal"
        ),
    ] = None,
    code: CodeOption = None,
    gpu_id: GpuOption = -1,
) -> None:
    """
    Extract from the documents of a file. What to extract is said by a schema, and how by a pipeline
    or a config; with a schema alone, the checkpoint inside the package does it.

    \b
        python -m spacy gliner2 extract news.jsonl found.jsonl --schema schema.yml
        python -m spacy gliner2 extract news.parquet found.parquet --model ./my_pipeline
        cat news.jsonl | python -m spacy gliner2 extract - - -s schema.yml | jq .entities

    Each result has the fields of its document and beside them entities, cats, relations and
    structures. There is one result for each document, in the same order.

    While it runs, the results are in a directory OUTPUT.partial. The same command goes on after an
    interruption; OUTPUT is there, or replaced, when all is done.

    Values of the config can be set by their name, such as --components.gliner2.window 200 or
    --components.gliner2.model.precision float32.
    """
    from spacy.cli._util import parse_config_overrides

    with plain_errors():
        nlp = load_pipeline(
            PipelineOptions(
                model=model,
                config=config,
                schema=schema,
                checkpoint=checkpoint,
                lang=lang,
                threshold=threshold,
                component=component,
                code=code,
                gpu_id=gpu_id,
                overrides=parse_config_overrides(ctx.args),
            )
        )
        options = ExtractOptions(
            text_field=text_field,
            prefix=prefix,
            input_format=input_format,
            output_format=output_format,
            on_error=on_error,
            force=force,
            batch_size=batch_size,
            n_process=n_process,
            progress=progress,
            cluster=_cluster(engine, address, workers, gpu_id),
        )
        count, failed = extract(nlp, input, output, options)
    say(f"{output}: {count} document{'s' * (count != 1)}" + f", {failed} failed" * bool(failed))
    if count and failed == count:  # most likely one fault, and no result that a script could use
        raise typer.Exit(1)


def _cluster(engine: Engine, address: str | None, workers: int, gpu_id: int) -> "Cluster | None":
    if engine is Engine.local:
        return None
    from ..distributed.cluster import Cluster

    return Cluster(address, workers, num_gpus=int(gpu_id >= 0))


def extract(nlp: Any, input: Path, output: Path, options: ExtractOptions) -> tuple[int, int]:
    """Extract from the documents of a file, going on where an interrupted run stopped.

    nlp (Language): The pipeline.
    input (Path): The documents, or "-".
    output (Path): The results, or "-".
    options (ExtractOptions): How to read and write them.
    RETURNS (tuple): How many documents there are, and how many of this run's failed.
    RAISES (ValueError): If the input cannot be read, a document failed and the run shall stop
        then, or an interrupted run had other settings.
    """
    from ..documents.inputs import find_format, read_items

    kind = find_format(input, options.input_format, INPUTS, "name one with --input-format")
    into = find_format(output, options.output_format, OUTPUTS, "name one with --output-format")
    check_output(output, input)
    if kind != "spacy":  # whose Docs may have schemas of their own
        check_schemas(nlp)
    load_weights(nlp)
    if options.cluster is not None:
        _check_for_cluster(input, kind, into)
    items = _checked(read_items(input, kind, nlp.vocab), input, kind, options)
    sink = _open(nlp, input, output, kind, into, options)
    if sink.done:
        say(f"{output}: goes on after {sink.done} documents of an interrupted run")
    items = itertools.islice(items, sink.done, None)
    if options.cluster is None:
        results = _annotate(nlp, items, options)
    else:
        results = _distribute(nlp, input, kind, items, options.cluster, sink.done, options)
    count, failed = sink.done, 0
    total = _total(input, kind, nlp, options)
    try:
        for result in _with_progress(results, total, sink.done, options):
            if result.error is not None:
                failed += 1
                _report(result, options.on_error)
            sink.write(result)
            count += 1
    finally:
        sink.pause()
    sink.finish()
    return count, failed


def _checked(
    items: "Iterator[Item]", input: Path, kind: str, options: ExtractOptions
) -> "Iterator[Item]":
    """Look at the first document, so that a wrong file or field is said before all else."""
    from ..documents.annotating import check_names

    first = next(items, None)
    if first is None:
        return iter(())
    if kind in TABLES and first.error is None and options.text_field not in first.fields:
        raise ValueError(
            f"{input}: has no column {options.text_field!r}, but {', '.join(first.fields)}; name "
            "the one that holds the text with --text-field"
        )
    try:
        check_names(first.fields, options.text_field, options.prefix)
    except ValueError as error:
        raise ValueError(f"row {first.number}: {error}") from error
    return itertools.chain([first], items)


def _open(
    nlp: Any, input: Path, output: Path, kind: str, into: str, options: ExtractOptions
) -> "Sink":
    from ..documents.inputs import STANDARD
    from ..documents.outputs import StandardOutput, open_output

    if output == STANDARD:
        if into != "jsonl":
            raise ValueError(f"-: {into} cannot go to standard output; name a file, or take jsonl")
        return StandardOutput()
    settings = {
        "input": _identity(input),
        "pipeline": fingerprint(nlp),
        "fields": [options.text_field, options.prefix, kind, into],
    }
    return open_output(output, _parts(input, kind, into, options), settings, options.force)


def _identity(path: Path) -> list[Any]:
    """RETURNS (list): What tells a file from another one, and from itself once it has changed."""
    from ..documents.inputs import STANDARD

    if path == STANDARD:
        return ["-"]
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def _parts(input: Path, kind: str, into: str, options: ExtractOptions) -> "Parts | None":
    from ..documents.inputs import STANDARD
    from ..documents.outputs import SpacyParts

    if into == "jsonl":
        return None
    if into == "spacy":
        return SpacyParts(options.text_field)
    from ..documents.parquet import ParquetParts, read_types

    known = kind == "parquet" and input != STANDARD
    return ParquetParts(options.prefix, read_types(input) if known else None)


def _check_for_cluster(input: Path, kind: str, into: str) -> None:
    from ..distributed.extract import READABLE
    from ..documents.inputs import STANDARD

    if input == STANDARD or kind not in READABLE:
        raise ValueError(
            f"{input}: the workers of a cluster read {' or '.join(READABLE)} files; convert it, or "
            "leave out --engine ray"
        )
    if into == "spacy":
        raise ValueError(
            "--engine ray: results come back as rows, not as Docs; write .jsonl or .parquet"
        )


def _distribute(
    nlp: Any,
    input: Path,
    kind: str,
    items: "Iterator[Item]",
    cluster: "Cluster",
    done: int,
    options: ExtractOptions,
) -> "Iterator[Result]":
    from ..distributed.extract import annotate_file

    return annotate_file(
        nlp,
        input,
        kind,
        items,
        cluster,
        done=done,
        text_field=options.text_field,
        prefix=options.prefix,
        batch_size=options.batch_size,
    )


def _annotate(nlp: Any, items: "Iterable[Item]", options: ExtractOptions) -> "Iterator[Result]":
    from ..documents.annotating import annotate_items

    return annotate_items(
        nlp,
        items,
        text_field=options.text_field,
        prefix=options.prefix,
        batch_size=options.batch_size,
        n_process=options.n_process,
    )


def _with_progress(
    results: "Iterator[Result]", total: int | None, done: int, options: ExtractOptions
) -> "Iterator[Result]":
    from tqdm import tqdm

    hidden = not _shows_progress(options)
    return iter(
        tqdm(results, total=total, initial=done, unit="doc", file=sys.stderr, disable=hidden)
    )


def _shows_progress(options: ExtractOptions) -> bool:
    return sys.stderr.isatty() if options.progress is None else options.progress


def _total(input: Path, kind: str, nlp: Any, options: ExtractOptions) -> int | None:
    """RETURNS (int): How many documents there are, if somebody sees it and it can be found out."""
    from ..documents.inputs import STANDARD, read_items

    if input == STANDARD or not _shows_progress(options):
        return None
    return sum(1 for _ in read_items(input, kind, nlp.vocab))


def _report(result: "Result", on_error: OnError) -> None:
    message = f"row {result.number}: {result.error}"
    if on_error is OnError.stop:
        raise ValueError(message)
    complain(message)
