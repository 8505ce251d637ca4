"""`python -m spacy gliner2 benchmark`."""

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .app import columns, gliner2_cli, plain_errors
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
    load_pipeline,
    load_weights,
)


@gliner2_cli.command(
    "benchmark",
    no_args_is_help=True,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def benchmark_cli(
    ctx: typer.Context,
    input: Annotated[
        Path,
        typer.Argument(help="Texts: .txt (one a line), .jsonl, .csv, .tsv, .parquet or .spacy"),
    ],
    schema: SchemaOption = None,
    model: ModelOption = None,
    config: ConfigOption = None,
    checkpoint: CheckpointOption = "embedded",
    lang: LangOption = "en",
    threshold: ThresholdOption = None,
    component: ComponentOption = None,
    text_field: TextFieldOption = "text",
    limit: Annotated[
        Optional[int],  # noqa: UP045  (Typer reads it)
        typer.Option(help="Take this many texts at most", min=1),
    ] = None,
    repeat: Annotated[int, typer.Option("--repeat", "-r", help="Times that it runs", min=1)] = 3,
    batch_size: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--batch-size", "-b", help="Documents that are read ahead", min=1),
    ] = None,
    n_process: ProcessesOption = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON")] = False,
    code: CodeOption = None,
    gpu_id: GpuOption = -1,
) -> None:
    """
    Measure how many words a second a pipeline reads, from texts to annotated documents. It runs
    once to warm up and then several times; the middle one of these counts.

    \b
        python -m spacy gliner2 benchmark texts.txt --schema schema.yml
        python -m spacy gliner2 benchmark texts.jsonl --model ./my_pipeline --repeat 5
    """
    from spacy.cli._util import parse_config_overrides

    with plain_errors():
        options = PipelineOptions(
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
        nlp, loading = _timed(lambda: _load(options))
        texts = read_texts(input, text_field, limit)
        found = benchmark(nlp, texts, repeat=repeat, batch_size=batch_size, n_process=n_process)
    facts = {**found, "load_seconds": loading}
    typer.echo(json.dumps(facts, indent=2) if as_json else _table(facts))


def _load(options: PipelineOptions) -> Any:
    nlp = load_pipeline(options)
    check_schemas(nlp)
    load_weights(nlp)
    return nlp


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    value = run()
    return value, time.perf_counter() - start


def read_texts(path: Path, text_field: str, limit: int | None) -> list[str]:
    """Read the texts of a file.

    path (Path): The file.
    text_field (str): The field that holds the text.
    limit (int): Most texts.
    RETURNS (list): The texts.
    RAISES (ValueError): If there are none, or a document has none.
    """
    from spacy.vocab import Vocab

    from ..documents.inputs import READERS, find_format, read_items

    kind = find_format(path, None, tuple(READERS), "convert or rename the file")
    items = list(itertools.islice(read_items(path, kind, Vocab()), limit))
    for item in items:
        if not isinstance(item.fields.get(text_field), str):
            why = item.error or f"has no text under {text_field!r} (--text-field)"
            raise ValueError(f"{path}, row {item.number}: {why}")
    if not items:
        raise ValueError(f"{path}: has no texts; name a file that has some")
    return [item.fields[text_field] for item in items]


def benchmark(
    nlp: Any,
    texts: list[str],
    *,
    repeat: int = 3,
    batch_size: int | None = None,
    n_process: int = 1,
) -> dict[str, Any]:
    """Measure a pipeline on texts.

    nlp (Language): The pipeline.
    texts (list): The texts.
    repeat (int): How often it runs, after once to warm up.
    batch_size (int): Documents that are read ahead; None for the pipeline's own number.
    n_process (int): Processes that share the work.
    RETURNS (dict): "documents", "words", "seconds" (of each run), "words_per_second" and
        "documents_per_second" of the middle run, and "peak_memory_mb" of this process, None
        where the system does not tell.
    """
    words = sum(not token.is_space for text in texts for token in nlp.make_doc(text))

    def run() -> None:
        for _ in nlp.pipe(texts, batch_size=batch_size, n_process=n_process):
            pass

    run()
    seconds = [_timed(run)[1] for _ in range(repeat)]
    middle = statistics.median(seconds)
    return {
        "documents": len(texts),
        "words": words,
        "seconds": seconds,
        "words_per_second": words / middle,
        "documents_per_second": len(texts) / middle,
        "peak_memory_mb": _peak_memory(),
    }


def _peak_memory() -> float | None:
    """RETURNS (float): Most memory that this process has had, in megabytes."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _table(facts: dict[str, Any]) -> str:
    seconds = facts["seconds"]
    memory = facts["peak_memory_mb"]
    rows = [
        ("documents", f"{facts['documents']:,}"),
        ("words", f"{facts['words']:,}"),
        ("words/s", f"{facts['words_per_second']:,.0f}"),
        ("documents/s", f"{facts['documents_per_second']:,.1f}"),
        ("seconds", f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"),
        ("seconds to load", f"{facts['load_seconds']:.2f}"),
        ("peak memory", "not known" if memory is None else f"{memory:,.0f} MB"),
    ]
    return columns(rows)
