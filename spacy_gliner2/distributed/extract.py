"""`extract --engine ray`: the documents of a file through a cluster, the results back in order."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..documents.annotating import own_fields
from ..documents.inputs import Item, to_json
from ..documents.outputs import Result
from .cluster import Cluster
from .pieces import PIECES, Piece
from .stage import Annotator, import_ray, run_stage

READABLE = tuple(PIECES)
"""Formats that the workers read themselves."""

MOST_BLOCKS = 10_000
"""Of how many blocks, which Ray keeps account of one by one, a dataset is made at most."""


class FileAnnotator(Annotator):
    """Reads pieces of a file, and writes what was found in them as JSON.

    path (str): The file.
    kind (str): Its format.
    arguments (Any): Those of every annotator.
    """

    def __init__(self, path: str, kind: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._pieces = PIECES[kind](Path(path))

    def read(self, table: Any) -> list[Item]:
        pieces = [Piece(**row) for row in table.to_pylist()]
        return [item for piece in pieces for item in self._pieces.read(piece)]

    def write(self, table: Any, results: Sequence[Result]) -> Any:
        import pyarrow as pa

        # No fields: whoever asked reads them from the file, with their types.
        content = [to_json([one.found, one.error]) for one in results]
        return pa.table({"result": pa.array(content, pa.string())})


def annotate_file(
    nlp: Language,
    path: Path,
    kind: str,
    items: Iterator[Item],
    cluster: Cluster,
    *,
    done: int,
    text_field: str,
    prefix: str,
    batch_size: int,
) -> Iterator[Result]:
    """Annotate the documents of a file.

    nlp (Language): The pipeline.
    path (Path): The file, which all workers can read.
    kind (str): "jsonl" or "parquet".
    items (Iterator): Its documents, without those to leave out.
    cluster (Cluster): Where and how to run.
    done (int): How many documents to leave out at the beginning.
    text_field (str): The field that holds the text.
    prefix (str): What the names of the fields that are added begin with.
    batch_size (int): Documents that a worker gets at once.
    YIELDS (Result): The results, in the order of the documents.
    """
    ray = import_ray()
    pieces = [asdict(piece) for piece in PIECES[kind](path).cut(done, batch_size)]
    if not pieces:
        return
    with _running(ray, cluster), _ordered(ray):
        results = run_stage(
            ray.data.from_items(pieces, override_num_blocks=min(len(pieces), MOST_BLOCKS)),
            FileAnnotator,
            nlp,
            cluster,
            text_field=text_field,
            prefix=prefix,
            batch_size=1,  # a piece
            path=str(path.resolve()),
            kind=kind,
        )
        # As many as there are items, unless the file changes.
        for item, row in zip(items, results.iter_rows(), strict=True):
            found, error = json.loads(row["result"])
            yield Result(item.number, own_fields(item, prefix), Doc(nlp.vocab), found, error)


@contextmanager
def _running(ray: Any, cluster: Cluster) -> Iterator[None]:
    """Connect to the cluster, and leave it again unless somebody else had connected."""
    if ray.is_initialized():
        yield
        return
    own: dict[str, Any] = {}
    if cluster.address is None and "RAY_ADDRESS" not in os.environ:
        cores = max(os.cpu_count() or 1, ceil(cluster.bounds[1] * cluster.num_cpus))
        own = {"include_dashboard": False, "num_cpus": cores}
    ray.init(address=cluster.address, log_to_driver=False, **own)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _ordered(ray: Any) -> Iterator[None]:
    """Keep the order of rows, and no progress bar of Ray's beside ours."""
    context = ray.data.DataContext.get_current()
    before = context.execution_options.preserve_order, context.enable_progress_bars
    context.execution_options.preserve_order, context.enable_progress_bars = True, False
    try:
        yield
    finally:
        context.execution_options.preserve_order, context.enable_progress_bars = before
