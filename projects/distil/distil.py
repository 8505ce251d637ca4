"""The steps of the workflow `distil` that spaCy has no command for."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import spacy
import srsly
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from wasabi import msg

from spacy_gliner2.schema import FrozenSchema
from spacy_gliner2.schema.from_file import schema_from_file

app = typer.Typer()
Threshold = Annotated[float, typer.Option(help="Smallest score of the teacher's entities")]


@app.command()
def teach(
    texts: Path,
    output: Path,
    schema: Path,
    checkpoint: str = "embedded",
    threshold: Threshold = 0.5,
) -> None:
    """Annotate the texts of a corpus, and write what a pupil learns from."""
    check_schema(schema)
    nlp = make_teacher(schema, checkpoint, threshold)
    docs = list(nlp.pipe(read_texts(texts)))
    output.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=map(decide, docs)).to_disk(output)
    msg.good(f"{output}: {len(docs)} texts, {sum(len(doc.ents) for doc in docs)} entities")


@app.command()
def report(
    pupil: Path,
    gold: Path,
    taught: Path,
    output: Path,
    schema: Path,
    checkpoint: str = "embedded",
    threshold: Threshold = 0.5,
) -> None:
    """Compare a pupil with its teacher, on gold annotation and on the teacher's."""
    pipelines = {"teacher": make_teacher(schema, checkpoint, threshold), "pupil": spacy.load(pupil)}
    texts = [doc.text for doc in read(gold)]
    found: dict[str, dict[str, float]] = {}
    for name, nlp in pipelines.items():
        found[name] = {
            **{f"gold_{key}": value for key, value in score(nlp, gold).items()},
            **{f"agreement_{key}": value for key, value in score(nlp, taught).items()},
            "documents_per_second": round(speed(nlp, texts), 1),
            "megabytes": round(len(nlp.to_bytes()) / 1e6, 1),
        }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found, indent=2), encoding="utf8")
    rows = [(key, *(found[name][key] for name in found)) for key in found["pupil"]]
    msg.table(rows, header=("", *found), divider=True, aligns=("l", "r", "r"))


def read_texts(path: Path) -> Iterator[str]:
    """YIELDS (str): The texts of a JSONL file, under "text", or "input" as in training."""
    for number, row in enumerate(srsly.read_jsonl(path), 1):
        key = "text" if "text" in row else "input"
        if key not in row:
            raise typer.BadParameter(f"{path}, line {number}: has no field 'text'; give it one")
        yield row[key]


def check_schema(path: Path) -> None:
    """RAISES (BadParameter): If `textcat`, which gives one label, cannot learn its tasks."""
    tasks = FrozenSchema.from_dict(schema_from_file(path)).classifications
    if len(tasks) > 1 or any(task.multi_label for task in tasks):
        names = ", ".join(repr(task.task) for task in tasks)
        raise typer.BadParameter(
            f"{path}: classifications: {names} give a text more than one label, and a pupil learns "
            "one; keep one task without multi_label, and teach another pupil for each other task"
        )


def make_teacher(schema: Path, checkpoint: str, threshold: float) -> Language:
    """RETURNS (Language): The pipeline with the component."""
    nlp = spacy.blank("en")
    config: dict[str, Any] = {
        "schema": schema_from_file(schema),
        "model": {"name": checkpoint},
        "threshold": threshold,
    }
    nlp.add_pipe("gliner2", config=config)
    return nlp


def decide(doc: Doc) -> Doc:
    """RETURNS (Doc): The text with its entities and its best label, if any, for `textcat`."""
    bare = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    bare.ents = [bare.char_span(e.start_char, e.end_char, e.label_) for e in doc.ents]
    best = best_label(doc)
    bare.cats = {label: float(label == best) for label in doc.cats}
    return bare


def best_label(doc: Doc) -> str | None:
    """RETURNS (str): The most probable label; None if there are no labels."""
    return max(doc.cats, key=lambda label: doc.cats[label], default=None)


def read(path: Path) -> list[Doc]:
    """RETURNS (list): The documents of a `.spacy` file."""
    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def score(nlp: Language, path: Path) -> dict[str, float]:
    """RETURNS (dict): F1 of the entities and, if there are labels, how many texts have theirs."""
    docs = read(path)
    found = nlp.pipe(doc.text for doc in docs)
    examples = [Example(*pair) for pair in zip(found, docs, strict=True)]
    entities = spacy.scorer.Scorer.score_spans(examples, "ents")["ents_f"] or 0.0
    scores = {"ents_f": round(entities, 4)}
    if all(e.predicted.cats and e.reference.cats for e in examples):
        right = sum(best_label(e.predicted) == best_label(e.reference) for e in examples)
        scores["label_accuracy"] = round(right / len(examples), 4)
    return scores


def speed(nlp: Language, texts: list[str]) -> float:
    """RETURNS (float): Documents a second, the best of three runs."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        for _ in nlp.pipe(texts):
            pass
        times.append(time.perf_counter() - start)
    return len(texts) / min(times)


if __name__ == "__main__":
    app()
