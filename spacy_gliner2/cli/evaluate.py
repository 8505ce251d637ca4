"""`python -m spacy gliner2 evaluate`: scores of all tasks, each per type."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import srsly
from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.training import Corpus
from thinc.api import fix_random_seed
from typer import Argument as Arg
from typer import Option as Opt
from wasabi.printer import Printer

from ..training.corpus import CorpusOptions, JsonlCorpus
from .pipelines import errors_in_a_line, find_component, load_pipeline

Scores = dict[str, Any]


def evaluate_cli(
    model: Annotated[str, Arg(help="Directory or package of a pipeline, or a config")],
    data_path: Annotated[Path, Arg(help="Evaluation data: JSONL or .spacy", exists=True)],
    output: Annotated[
        Path | None, Opt("--output", "-o", help="JSON file for the scores", dir_okay=False)
    ] = None,
    schema: Annotated[
        str | None,
        Opt(
            help="Whose labels each text of JSONL is asked for: those of its 'record' or, by "
            "default where the component has a schema, those of the 'component'"
        ),
    ] = None,
    batch_size: Annotated[
        int | None, Opt("--batch-size", "-b", help="Texts that are read ahead")
    ] = None,
    use_gpu: Annotated[int, Opt("--gpu-id", "-g", help="Number of the GPU, -1 for none")] = -1,
) -> None:
    """
    Evaluate a pipeline: entities, spans, labels, relations and records, each per type, relations
    and records also leniently.
    """
    with errors_in_a_line():
        setup_gpu(use_gpu, silent=True)
        nlp = load_pipeline(model)
        scores = evaluate(nlp, data_path, schema=schema, batch_size=batch_size)
    print_scores(scores, find_component(nlp).cfg["spans_key"])
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, scores)
        Printer().good(f"Saved the scores to {output}")


def evaluate(
    nlp: Language, data_path: Path, *, schema: str | None = None, batch_size: int | None = None
) -> Scores:
    """Evaluate a pipeline.

    nlp (Language): The pipeline.
    data_path (Path): The evaluation data, JSONL or .spacy.
    schema (str): For JSONL: whose labels each text is asked for, "record" or "component"; None
        for the component if it has a schema.
    batch_size (int): Texts that are read ahead.
    RETURNS (dict): The scores.
    RAISES (ValueError): If the data have a flaw or the pipeline has no such component.
    """
    fix_random_seed()
    component = find_component(nlp)
    if data_path.suffix == ".spacy":
        examples = list(Corpus(data_path)(nlp))
    else:
        of = schema or ("component" if component.schema else "record")
        options = CorpusOptions.of_component(component.cfg, schema=of)
        examples = list(JsonlCorpus(data_path, options=options)(nlp))
    if not examples:
        raise ValueError(f"{data_path}: has no texts; name data that has some")
    scores: Scores = nlp.evaluate(examples, batch_size=batch_size)
    return scores


def print_scores(scores: Scores, spans_key: str = "gliner2") -> None:
    """Print scores for people.

    scores (dict): What `nlp.evaluate` returned.
    spans_key (str): Key of the spans.
    """
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
    msg.text(f"{scores['speed']:.0f} words per second")
    for title, exact, lenient in _per_type(scores, spans):
        _print_per_type(msg, title, exact, lenient)


def _per_type(scores: Scores, spans: str) -> Iterator[tuple[str, Scores, Scores]]:
    """YIELDS (tuple): Title, exact scores and lenient scores of each type of something."""
    cats = [key for key in scores if key.startswith("cats_") and key.endswith("_f_per_type")]
    for title, key, lenient in (
        ("Entities", "ents_per_type", ""),
        ("Spans", f"{spans}_per_type", ""),
        *((_task_title(key), key, "") for key in cats),
        ("Relations", "rel_f_per_type", "rel_lenient_f_per_type"),
        ("Records", "structures_f_per_type", "structures_lenient_f_per_type"),
    ):
        if scores.get(key):
            yield title, scores[key], scores.get(lenient) or {}


def _task_title(key: str) -> str:
    task = key[len("cats_") : -len("_f_per_type")] if key != "cats_f_per_type" else ""
    return f"Labels of {task}" if task else "Labels"


def _print_per_type(msg: Printer, title: str, exact: Scores, lenient: Scores) -> None:
    msg.divider(f"{title} per type")
    rows = []
    for label, score in exact.items():
        row = [label, *(_percent(score[part]) for part in "prf")]
        rows.append([*row, _percent(lenient[label]["f"])] if lenient else row)
    header = ("", "P", "R", "F", "lenient F")[: 5 if lenient else 4]
    msg.table(rows, header=header, aligns=("l", "r", "r", "r", "r")[: len(header)])


def _percent(value: Any) -> str:
    return "-" if value is None else f"{value * 100:.2f}"
