"""Time and memory as labels, fields, words and documents grow: `python -m benchmarks.linearity`."""

import random
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import spacy
import torch
import typer

from .peak import peak_memory
from .texts import join, load_passages
from .tiny import make_tiny

TEXT_WORDS = 50
"""Words of a document where something else grows."""


def main(
    scale: Annotated[float, typer.Option(help="Share of the largest sizes")] = 1.0,
    threads: Annotated[int, typer.Option(help="Threads of torch")] = 1,
) -> None:
    """Measure processor time and peak memory with a checkpoint that has hardly a network.

    What is measured is everything else: prompts, windows, decoding, merging, annotating. Then say
    where the labels outgrow the embedded checkpoint's window.
    """
    warnings.simplefilter("ignore")
    torch.set_num_threads(threads)
    passages = load_passages()
    typer.echo("| what grows | size | ms | ms of one | MiB more |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        make_tiny(Path(folder), positions=2**16)

        def texts(words: int, count: int = 1) -> list[str]:
            return [join(passages, words, random.Random(n)) for n in range(count)]

        def run(schema: Any, given: Sequence[str]) -> None:
            nlp = spacy.blank("en")
            nlp.max_length = 10**8
            nlp.add_pipe("gliner2", config={"schema": schema, "model": {"name": folder}})
            nlp("Once, to load.")
            _begin()
            for _ in nlp.pipe(given):
                pass

        one = {"entities": ["person", "location"]}
        axes: dict[str, tuple[Sequence[int], Callable[[int], None]]] = {
            "labels": (
                (1, 10, 100, 1_000),
                lambda n: run({"entities": [f"t{i}" for i in range(n)]}, texts(TEXT_WORDS)),
            ),
            "fields": (
                (1, 10, 100, 200),
                lambda n: run(
                    {"structures": {"s": [f"f{i}" for i in range(n)]}}, texts(TEXT_WORDS)
                ),
            ),
            "words": ((1, 50, 500, 5_000, 50_000), lambda n: run(one, texts(n))),
            "documents": (
                (1, 100, 1_000, 10_000, 100_000),
                lambda n: run(one, texts(TEXT_WORDS, min(n, 500)) * max(n // 500, 1)),
            ),
        }
        for name, (sizes, measure) in axes.items():
            for size in sizes:
                if size <= max(sizes) * scale or size == sizes[0]:
                    _report(name, size, measure)
    _say_limit()


def _fields(count: int) -> Any:
    return {"structures": {"s": [f"f{i}" for i in range(count)]}}


_started = [0.0, 0.0]


def _begin() -> None:
    _started[:] = [time.process_time(), peak_memory()]


def _report(name: str, size: int, measure: Callable[[int], None]) -> None:
    measure(size)
    spent = 1000 * (time.process_time() - _started[0])
    grown = peak_memory() - _started[1]
    typer.echo(f"| {name} | {size} | {spent:.1f} | {spent / size:.3f} | {grown:.0f} |")


def _say_limit() -> None:
    """Find the largest number of labels of one word that the embedded checkpoint takes."""
    low, high, message = 1, 1_000, ""
    while high - low > 1:
        middle = (low + high) // 2
        nlp = spacy.blank("en")
        nlp.add_pipe("gliner2", config={"schema": {"entities": [f"t{i}" for i in range(middle)]}})
        try:
            nlp("Marie Curie went to Paris.")
            low = middle
        except ValueError as error:
            high, message = middle, str(error)
    typer.echo(f"embedded: {low} labels are read, {high} are refused: {message}")


if __name__ == "__main__":
    typer.run(main)
