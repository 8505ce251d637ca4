"""Evaluate a checkpoint zero-shot: `evaluate.py CHECKPOINT [--against CHECKPOINT]`."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from evaluation.items import Item, items_of_record, make_items
from evaluation.predict import load, predict
from evaluation.scores import (
    accuracy,
    best_threshold,
    calibration_error,
    judged,
    reliability,
    score,
)
from recipe.rows import read_rows
from wasabi import msg

Result = dict[str, Any]

TASKS = ("entities", "relations", "records", "classes")
HERE = Path(__file__).parent.parent
WRITTEN = HERE / "written"
"""Texts that were written for the evaluation."""


def main(
    checkpoint: str,
    against: Annotated[str | None, typer.Option(help="Another checkpoint")] = None,
    rows: Path = HERE / "corpus/rows/held_out",
    dev: Path = HERE / "corpus/dev.jsonl",
    sets: Path = HERE / "evaluation.yaml",
    output: Path = HERE / "metrics/evaluation.json",
    limit: Annotated[int, typer.Option(help="Most texts of a set; 0 for all")] = 0,
) -> None:
    """Evaluate a checkpoint zero-shot.

    checkpoint (str): A directory, or "embedded".
    against (str): Another checkpoint, for comparison.
    rows (Path): The rows that are held out.
    dev (Path): Examples of what was trained on, for the thresholds.
    sets (Path): What is evaluated.
    output (Path): The file for the results.
    limit (int): Most texts of a set; 0 for all.
    """
    most = limit or None
    development = list(read_dev(dev))[:most]
    entries = srsly.read_yaml(sets)["sets"]
    items = {name: read_set(rows, entry)[:most] for name, entry in entries.items()}
    for task in TASKS:
        entries[f"first_minute_{task}"] = {"task": task}
        items[f"first_minute_{task}"] = [item for item in first_minute() if item.task == task]
    chosen = {"this": checkpoint} | ({"against": against} if against else {})
    results = {name: evaluate(path, development, items, entries) for name, path in chosen.items()}
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output, results)
    show(results)


def evaluate(
    checkpoint: str, development: list[Item], items: dict[str, list[Item]], entries: Result
) -> Result:
    """Evaluate one checkpoint.

    checkpoint (str): A directory, or "embedded".
    development (list): Items of what was trained on.
    items (dict): The items of each set.
    entries (dict): The sets' entries in evaluation.yaml.
    RETURNS (dict): Results by set, and thresholds and reliability by task.
    """
    start = time.perf_counter()
    nlp = load(checkpoint)
    thresholds, reliabilities = calibrate(nlp, development)
    found = {}
    for name, own in items.items():
        seen = bool(entries[name].get("seen"))
        figures = judge(own, predict(nlp, own), thresholds)
        found[name] = {"task": entries[name]["task"], "seen_by_seed": seen, **figures}
    return {
        "sets": found,
        "thresholds": thresholds,
        "reliability": reliabilities,
        "seconds": round(time.perf_counter() - start),
    }


def read_set(rows: Path, entry: Result) -> list[Item]:
    """RETURNS (list): The items of a set."""
    file = f"{entry['rows']}.jsonl"
    folder = WRITTEN if (WRITTEN / file).exists() else rows
    return make_items(read_rows(folder / file), entry)


def first_minute() -> Iterator[Item]:
    """YIELDS (Item): What a user may try first, everything of a text asked for at once."""
    for record in srsly.read_jsonl(WRITTEN / "first_minute.jsonl"):
        yield from items_of_record(record, together=True)


def read_dev(path: Path) -> Iterator[Item]:
    """YIELDS (Item): What the examples of a file ask for."""
    for record in srsly.read_jsonl(path):
        yield from items_of_record(record)


def calibrate(nlp: Any, items: list[Item]) -> tuple[dict[str, float], Result]:
    """Find the best threshold of each task, and how far scores can be believed.

    nlp (Language): The pipeline.
    items (list): The items.
    RETURNS (tuple): Thresholds and reliability by task.
    """
    thresholds, reliabilities = {}, {}
    for task in TASKS:
        own = [item for item in items if item.task == task]
        found = predict(nlp, own)
        table = reliability(judged(own, found))
        reliabilities[task] = {
            "ece": round(calibration_error(table), 3),
            "bins": [[round(mean, 3), round(share, 3), count] for mean, share, count in table],
        }
        if task != "classes":
            thresholds[task] = best_threshold(own, found)
            reliabilities[task]["f1"] = round(score(own, found, 0.5).f1, 1)
            reliabilities[task]["f1_at_threshold"] = round(
                score(own, found, thresholds[task]).f1, 1
            )
        else:
            single = [pair for pair in zip(own, found, strict=True) if not pair[0].multi]
            reliabilities[task]["accuracy"] = round(
                accuracy([item for item, _ in single], [things for _, things in single]), 1
            )
    return thresholds, reliabilities


def judge(items: list[Item], found: list[Any], thresholds: dict[str, float]) -> Result:
    """Judge what was found in a set.

    items (list): Its items.
    found (list): What was found in each.
    thresholds (dict): The best threshold on the examples for development, by task.
    RETURNS (dict): The figures.
    """
    table = reliability(judged(items, found))
    result: Result = {"texts": len(items), "ece": round(calibration_error(table), 3)}
    if items[0].task == "classes" and not items[0].multi:
        return {**result, "accuracy": round(accuracy(items, found), 1)}
    plain = score(items, found, 0.5)
    result |= {"p": round(plain.precision, 1), "r": round(plain.recall, 1)}
    result["f1"] = round(plain.f1, 1)
    threshold = thresholds.get(items[0].task)
    if threshold is not None:
        result["f1_at_dev_threshold"] = round(score(items, found, threshold).f1, 1)
    best = best_threshold(items, found)
    result["best"] = {"threshold": best, "f1": round(score(items, found, best).f1, 1)}
    return result


def show(results: dict[str, Result]) -> None:
    """Print the results, checkpoints side by side."""
    names = list(results)
    data = []
    for name, first in results[names[0]]["sets"].items():
        key = "accuracy" if "accuracy" in first else "f1"
        cells = [results[n]["sets"][name] for n in names]
        values = [f"{cell[key]:.1f}" for cell in cells]
        tuned = [f"{cell.get('f1_at_dev_threshold', cell[key]):.1f}" for cell in cells]
        data.append((name, first["task"], key, first["texts"], *values, *tuned))
    header = ("set", "task", "measure", "texts", *names, *(f"{n} (dev threshold)" for n in names))
    msg.table(data, header=header, divider=True)
    for name in names:
        result = results[name]
        msg.text(f"{name}: thresholds {result['thresholds']}, {result['seconds']} s")
        for task, table in result["reliability"].items():
            msg.text(f"  {task}: {table}")


if __name__ == "__main__":
    typer.run(main)
