"""`python -m spacy gliner2 evaluate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from spacy.language import Language

from .app import gliner2_cli, plain_errors, say
from .component import ForComponentOption, SchemaOfOption, load_component, schema_source
from .pipeline import GpuOption

if TYPE_CHECKING:
    from wasabi.printer import Printer

Scores = dict[str, Any]


@gliner2_cli.command("evaluate", no_args_is_help=True)
def evaluate_cli(
    model: Annotated[str, typer.Argument(help="A pipeline's directory or package, or a config")],
    data_path: Annotated[
        Path, typer.Argument(help="Evaluation data: JSONL or .spacy", exists=True)
    ],
    output: Annotated[
        Optional[Path],  # noqa: UP045  (Typer reads it)
        typer.Option("--output", "-o", help="JSON file for the scores", dir_okay=False),
    ] = None,
    for_component: ForComponentOption = None,
    schema_of: SchemaOfOption = None,
    batch_size: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--batch-size", "-b", help="Texts that are read ahead", min=1),
    ] = None,
    gpu_id: GpuOption = -1,
) -> None:
    """
    Evaluate a pipeline: entities, spans, labels, relations and records, each per type, relations
    and records also leniently.

    \b
        python -m spacy gliner2 evaluate training/model-best test.jsonl --output scores.json
    """
    with plain_errors():
        from spacy.cli._util import setup_gpu

        setup_gpu(gpu_id, silent=True)
        nlp, component = load_component(model, "", for_component)
        source = schema_source(schema_of, component)
        scores = evaluate(nlp, component, data_path, source, batch_size)
    print_scores(scores, component.cfg["spans_key"])
    if output is not None:
        import srsly

        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, scores)
        say(f"{output}: the scores")


def evaluate(
    nlp: Language,
    component: Any,
    data_path: Path,
    schema_of: str = "component",
    batch_size: int | None = None,
) -> Scores:
    """Evaluate a pipeline.

    nlp (Language): The pipeline.
    component (GLiNER2Pipe): Its component.
    data_path (Path): The evaluation data, JSONL or `.spacy`; Docs from the latter are asked for
        what the component's schema names.
    schema_of (str): Whose labels each text of JSONL is asked for, "record" or "component".
    batch_size (int): Texts that are read ahead.
    RETURNS (dict): The scores.
    RAISES (ValueError): If the data have a flaw.
    """
    from spacy.training import Corpus
    from thinc.api import fix_random_seed

    from ..training.corpus import CorpusOptions, JsonlCorpus

    fix_random_seed()
    corpus: Any = Corpus(data_path)
    if data_path.suffix != ".spacy":
        options = CorpusOptions.of_component(component.cfg, schema=schema_of)
        corpus = JsonlCorpus(data_path, options=options)
    examples = list(corpus(nlp))
    if not examples:
        raise ValueError(f"{data_path}: has no texts; name data that has some")
    scores: Scores = nlp.evaluate(examples, batch_size=batch_size)
    return scores


def print_scores(scores: Scores, spans_key: str = "gliner2") -> None:
    """Print scores for people.

    scores (dict): What `nlp.evaluate` returned.
    spans_key (str): Key of the spans.
    """
    from wasabi.printer import Printer

    msg = Printer()
    spans = f"spans_{spans_key}"
    rows = [
        (name, *(_percent(scores.get(f"{key}{part}")) for part in "prf"))
        for name, key in (
            ("Entities", "ents_"),
            ("Spans", f"{spans}_"),
            ("Labels, micro", "cats_micro_"),
            ("Labels, macro", "cats_macro_"),
            ("Relations", "rel_micro_"),
            ("Relations, lenient", "rel_lenient_"),
            ("Records", "structures_"),
            ("Records, lenient", "structures_lenient_"),
        )
        if scores.get(f"{key}f") is not None
    ]
    msg.divider("Scores")
    msg.table(rows, header=("", "P", "R", "F"), aligns=("l", "r", "r", "r"))
    if scores.get("cats_score") is not None:
        described = scores.get("cats_score_desc") or "score"
        msg.text(f"Labels, {described}: {_percent(scores['cats_score'])}")
    for task, score in (scores.get("cats_score_per_task") or {}).items():
        msg.text(f"  {task}: {_percent(score)}")
    msg.text(f"{scores['speed']:.0f} words per second")
    for title, exact, lenient in _per_type(scores, spans):
        _print_per_type(msg, title, exact, lenient)


def _per_type(scores: Scores, spans: str) -> Iterator[tuple[str, Scores, Scores]]:
    """YIELDS (tuple): Title, exact scores and lenient scores of each type of something."""
    for title, key, lenient in (
        ("Entities", "ents_per_type", ""),
        ("Spans", f"{spans}_per_type", ""),
        ("Labels", "cats_f_per_type", ""),
        ("Relations", "rel_f_per_type", "rel_lenient_f_per_type"),
        ("Records", "structures_f_per_type", "structures_lenient_f_per_type"),
    ):
        if scores.get(key):
            yield title, scores[key], scores.get(lenient) or {}


def _print_per_type(msg: "Printer", title: str, exact: Scores, lenient: Scores) -> None:
    msg.divider(f"{title} per type")
    rows = []
    for label, score in exact.items():
        row = [label, *(_percent(score[part]) for part in "prf")]
        rows.append([*row, _percent(lenient[label]["f"])] if lenient else row)
    header = ("", "P", "R", "F", "lenient F")[: 5 if lenient else 4]
    msg.table(rows, header=header, aligns=("l", "r", "r", "r", "r")[: len(header)])


def _percent(value: Any) -> str:
    return "-" if value is None else f"{value * 100:.2f}"
