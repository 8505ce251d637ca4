"""Draw training examples from rows: `mix.py ROWS LABELS MIX CORPUS`."""

import logging
import random
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import srsly
import typer
from recipe.align import align, normalised
from recipe.ask_records import collect_fields
from recipe.labels import Labels
from recipe.phrase import phrase
from recipe.rows import Row, join_rows, read_rows

log = logging.getLogger("mix")

JOINED = ("fewnerd", "wikigold", "uner_ewt", "litbank", "bc5cdr", "ncbi", "anatem", "synthetic")
"""Sources whose rows are put together now and then, for longer texts."""

SHOWN = (("apple", "tim cook"), ("apple", "iphone 15"), ("apple", "cupertino"))
SHOWN += (("sarah's bistro",), ("bernoulli", "groningen"), ("merkel", "macron"))
"""Words of the texts that the package's own README shows: nothing with all of a group is used."""


def main(
    rows: Path,
    labels: Path,
    mix: Path,
    corpus: Path,
    seed: int = 0,
    dev: int = 50,
    shown: Path | None = None,
) -> None:
    """Draw training examples from rows.

    rows (Path): The folder of rows.
    labels (Path): The folder of label tables.
    mix (Path): How many examples are drawn of each source.
    corpus (Path): The folder where train.jsonl and dev.jsonl go.
    seed (int): The seed.
    dev (int): Rows of each source for dev.jsonl, and four times as many of large ones.
    shown (Path): A folder of JSONL files with texts that are shown to users, and so not used.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    tables = Labels(labels)
    held_out = {
        normalised(row.text)
        for path in (rows / "held_out").glob("*.jsonl")
        for row in read_rows(path)
        if len(row.text.split()) > 4 and path.stem != "fewrel"
    }
    demo = "\n".join(
        normalised(record["text"])
        for path in (shown.glob("*.jsonl") if shown is not None else ())
        for record in srsly.read_jsonl(path)
    )
    sources = {}
    for source, count in srsly.read_yaml(mix).items():
        rng = random.Random(f"{seed} {source}")
        banned = set(tables.held_out_relations(source))
        kept = [
            row
            for row in read_rows(rows / f"{source}.jsonl")
            if is_fit(row, held_out, demo, rng) and not _only(row, banned)
        ]
        rng.shuffle(kept)
        sources[source] = [align(row) for row in kept[: dev + count + count // 5]]
        collect_fields(sources[source], tables)
    corpus.mkdir(parents=True, exist_ok=True)
    train, development = [], []
    for source, count in srsly.read_yaml(mix).items():
        rng = random.Random(f"{seed} {source} examples")
        known = sources[source]
        size = 4 * dev if count > 100 * dev else dev
        development += draw(known[:size], tables, rng, size)
        train += draw(known[size:], tables, rng, count)
    for name, examples in (("train", train), ("dev", development)):
        random.Random(seed).shuffle(examples)
        srsly.write_jsonl(corpus / f"{name}.jsonl", examples)
        report(name, examples)


def is_fit(row: Row, held_out: set[str], demo: str, rng: random.Random) -> bool:
    """RETURNS (bool): Whether a row is worth learning from and neither held out nor shown."""
    lowered, plain = row.text.lower(), normalised(row.text)
    if any(all(words in lowered for words in group) for group in SHOWN):
        return False
    if plain in held_out or (len(plain) > 20 and plain in demo):
        return False
    said = row.entities or row.relations or row.records or row.classes
    return bool(said) or (len(row.text.split()) > 4 and rng.random() < 0.2)


def _only(row: Row, banned: set[str]) -> bool:
    """RETURNS (bool): Whether all relations of a row are held out."""
    return bool(row.relations) and all(label in banned for label, _, _ in row.relations)


def draw(rows: list[Row], labels: Labels, rng: random.Random, count: int) -> list[dict[str, Any]]:
    """RETURNS (list): Examples made of rows, which are used in turn."""
    examples = (phrase(row, labels, rng) for row in _stream(rows, rng))
    return list(islice((e for e in islice(examples, 3 * count) if e is not None), count))


def _stream(rows: list[Row], rng: random.Random) -> Iterator[Row]:
    turn = cycle(rows)
    for row in turn:
        if row.source in JOINED and rng.random() < 0.06:
            others = list(islice(turn, rng.choice((1, 1, 2, 3, 5, 8))))
            row = join_rows([row, *others], rng.choice((" ", " ", "\n", "\n\n")))
            row.classes = {}
            if len(row.text.split()) > 350:
                continue
        yield row


def report(name: str, examples: list[dict[str, Any]]) -> None:
    """Log how many examples there are, by task and source."""
    tasks = Counter(task for example in examples for task in example["output"])
    sources = Counter(example["source"] for example in examples)
    log.info("%s: %d examples", name, len(examples))
    log.info("  by task: %s", dict(tasks.most_common()))
    log.info("  by source: %s", dict(sources.most_common()))


if __name__ == "__main__":
    typer.run(main)
