"""Resident memory while one `nlp.pipe` reads many documents: `python -m benchmarks.longlife`."""

import gc
import random
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import psutil
import spacy
import torch
import typer
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner2.model.architecture import get_shim

from .texts import join, load_passages
from .tiny import make_tiny

SCHEMA = {"entities": ["person", "location", "organisation"], "relations": ["works_for"]}
MOST = 0.03
"""Largest share by which it may have grown at the end."""


def main(
    documents: Annotated[int, typer.Option(min=100)] = 20_000,
    changing: Annotated[bool, typer.Option(help="A schema of its own for each document")] = False,
    words: Annotated[int, typer.Option(help="Most words of a document")] = 20,
    warm_up: Annotated[
        float, typer.Option(help="Share of the documents before the memory counts")
    ] = 0.65,
    checkpoint: Annotated[str, typer.Option(help="Path, name, or 'tiny'")] = "embedded",
    threads: Annotated[int, typer.Option(help="Threads of torch")] = 1,
) -> None:
    """Read documents, and fail if memory or a cache has grown after the warm-up.

    The warm-up is long because oneDNN keeps what it compiled for each number of rows, up to 1,024
    of them; with ONEDNN_PRIMITIVE_CACHE_CAPACITY in the environment it keeps fewer.
    """
    warnings.simplefilter("ignore")
    torch.set_num_threads(threads)
    nlp = spacy.blank("en")
    folder = tempfile.TemporaryDirectory()
    if checkpoint == "tiny":
        checkpoint = folder.name
        make_tiny(Path(folder.name))
    config = {"schema": SCHEMA, "model": {"name": checkpoint}}
    pipe: Any = nlp.add_pipe("gliner2", config=config)
    process, start = psutil.Process(), time.perf_counter()
    samples: list[float] = []
    docs = _make_docs(nlp, documents, words, changing)
    for n, _ in enumerate(nlp.pipe(docs, batch_size=64), 1):
        if n % max(documents // 20, 1) == 0:
            gc.collect()
            samples.append(process.memory_info().rss / 2**20)
            typer.echo(f"{n} documents: {samples[-1]:.1f} MiB, {len(nlp.vocab)} lexemes")
    warm = max(samples[: max(int(len(samples) * warm_up), 1)])
    last = max(samples[-2:])
    caches = _caches(pipe)
    typer.echo(f"{documents / (time.perf_counter() - start):.0f} documents/s")
    typer.echo(f"memory after the warm-up {warm:.1f} MiB, at the end {last:.1f} MiB")
    typer.echo(f"growth {100 * (last / warm - 1):+.2f} %")
    typer.echo(", ".join(f"{name} {size} of {most}" for name, (size, most) in caches.items()))
    if last > warm * (1 + MOST) or any(size > most for size, most in caches.values()):
        raise typer.Exit(1)


def _make_docs(nlp: Language, count: int, words: int, changing: bool) -> Iterator[Doc]:
    rng, passages = random.Random(0), load_passages()
    for n in range(count):
        doc = nlp.make_doc(join(passages, rng.randint(5, words), rng))
        if changing:
            doc._.gliner2_schema = {"entities": ["person", f"thing number {n}"]}
        yield doc


def _caches(pipe: Any) -> dict[str, tuple[int, int]]:
    """RETURNS (dict): Entries of each cache of the component, and the most that it may have."""
    caches = {
        "prompts": pipe._extractor._prompts,
        "schemas": pipe._schemas,
        "words": get_shim(pipe.model).subwords._cache,
    }
    return {name: (len(cache), cache.size) for name, cache in caches.items()}


if __name__ == "__main__":
    typer.run(main)
