"""Compare what can be learned from texts without a relation: `python -m benchmarks.recipes`.

Trains on 500 sentences of CoNLL04 by each recipe, and tests on its test set and on sentences
without any relation.
"""

import json
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.cli.init_config import fill_config
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner2.training.corpus import JsonlCorpus

from .conll04 import SCHEMA, sentences_without, write_corpus

CONFIG = Path(__file__).with_name("recipes.cfg")

LOSS, AUGMENTATION = "components.gliner2.loss.", "components.gliner2.augmentation."

LORA = {
    "components.gliner2.lora": {
        "@misc": "spacy-gliner2.lora.v1",
        "rank": 16,
        "alpha": 32.0,
        "dropout": 0.0,
        "targets": ["encoder", "span_rep", "classifier", "count_embed", "count_pred"],
    }
}

REFERENCE = {
    LOSS + "negatives": "none",
    LOSS + "entity_count": "none",
    LOSS + "reduction": "sum",
    LOSS + "offsets": False,
    LOSS + "order": "given",
}
"""The loss of the `gliner2` package."""


def _absent(negatives: str, most: int) -> dict[str, Any]:
    return {LOSS + "negatives": negatives, AUGMENTATION + "most_absent": most}


RECIPES: dict[str, dict[str, Any]] = {
    "reference": REFERENCE,
    **{
        f"{negatives}-{most or 'all'}": _absent(negatives, most or 1000)
        for negatives in ("count", "spans")
        for most in (1, 2, 0)
    },
    "lora-spans-2": {**LORA, **_absent("spans", 2)},
}
"""By name, what a recipe changes; the last one trains an adapter."""

COLUMNS = {
    "entities F": "ents_f",
    "relations F": "rel_micro_f",
    "P": "rel_micro_p",
    "R": "rel_micro_r",
    "false, of absent labels": "absent",
    "false, in other texts": "false",
    "minutes": "minutes",
}
"""Columns of the table and what they show."""

FEW = ("absent", "false")
"""Columns that count and are no percentages."""

ZERO_SHOT = "zero-shot"


def measure(nlp: Language, test: Path, without: list[str]) -> dict[str, float]:
    """Test a pipeline.

    nlp (Language): The pipeline.
    test (Path): The test set, as JSONL.
    without (list): Texts without any relation.
    RETURNS (dict): The scores in percent; "absent", relations found in a text of the test set
        although none of their label are stated in it; "false", those found in a text without any.
    """
    examples = list(JsonlCorpus(test)(nlp))
    scores = nlp.evaluate(examples)
    keys = ("ents_f", "rel_micro_p", "rel_micro_r", "rel_micro_f")
    found = {key: 100 * float(scores[key] or 0.0) for key in keys}
    docs = nlp.pipe([example.reference.text for example in examples])
    gold = (example.reference for example in examples)
    found["absent"] = sum(map(_absent_found, docs, gold)) / len(examples)
    false = [len(doc._.relations) for doc in nlp.pipe(without)]
    found["false"] = sum(false) / len(false)
    return found


def _absent_found(doc: Doc, gold: Doc) -> int:
    stated = {one["label"] for one in gold._.relations}
    return sum(one["label"] not in stated for one in doc._.relations)


def zero_shot() -> Language:
    """RETURNS (Language): The embedded checkpoint, asked for what the others learn."""
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA})
    return nlp


def run_recipe(
    changes: Mapping[str, Any], corpora: Mapping[str, Path], output: Path, steps: int
) -> Language:
    """Train by a recipe, unless the folder has the pipeline of an earlier run.

    changes (Mapping): What it changes in the config, by key.
    corpora (Mapping): The corpora, by name.
    output (Path): A folder for the config and the pipeline.
    steps (int): How many steps.
    RETURNS (Language): The pipeline after the last step.
    """
    done = output / "model"
    if done.is_dir():
        return spacy.load(done)
    output.mkdir(parents=True, exist_ok=True)
    fill_config(output / "config.cfg", CONFIG, silent=True)
    overrides = {
        "paths.train": str(corpora["train"]),
        "paths.dev": str(corpora["dev"]),
        "training.max_steps": steps,
        **changes,
    }
    train(output / "config.cfg", output, overrides=overrides)
    # That name is also there after a run that was stopped.
    (output / "model-last").rename(done)
    return spacy.load(done)


def to_table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """RETURNS (str): The figures as a table in Markdown."""
    lines = ["| recipe | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, own in figures.items():
        cells = [f"{own[key]:.{2 if key in FEW else 1}f}" for key in COLUMNS.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(
    conll04: Annotated[Path, typer.Argument(help="Folder with conll04_train.json and others")],
    news: Annotated[Path, typer.Argument(help="Folder of en-worldwide-newswire's .tsv files")],
    output: Annotated[Path, typer.Option(help="Folder for all that is made")] = Path(
        "training/recipes"
    ),
    only: Annotated[str, typer.Option(help="Names of recipes, by comma")] = "",
    steps: Annotated[int, typer.Option(min=1, help="Steps of 8 sentences")] = 300,
) -> None:
    """Train by each recipe and compare; figures of earlier runs with the same output are kept."""
    warnings.simplefilter("ignore")
    output.mkdir(parents=True, exist_ok=True)
    corpora = {part: output / f"{part}.jsonl" for part in ("train", "dev", "test")}
    for (part, path), limit in zip(corpora.items(), (500, 50, 0), strict=True):
        write_corpus(conll04 / f"conll04_{part}.json", path, limit)
    without = sentences_without(news, 300)
    kept = output / "figures.json"
    figures = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in only.split(",") if only else [ZERO_SHOT, *RECIPES]:
        start = time.perf_counter()
        nlp = (
            zero_shot()
            if name == ZERO_SHOT
            else run_recipe(RECIPES[name], corpora, output / name, steps)
        )
        minutes = 0.0 if name == ZERO_SHOT else (time.perf_counter() - start) / 60
        figures[name] = {**measure(nlp, corpora["test"], without), "minutes": minutes}
        kept.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf8")
        typer.echo(to_table(figures))


if __name__ == "__main__":
    typer.run(main)
