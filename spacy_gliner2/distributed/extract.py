"""`extract --engine ray`: the documents of a file through a cluster, the results back in order."""

import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..documents.inputs import Item, parse_line
from ..documents.outputs import Result
from .stage import Annotator, Cluster, import_ray, run_stage

READABLE = ("jsonl", "parquet")
"""Formats that the workers read themselves."""


class ResultAnnotator(Annotator):
    """Writes results as they are, for whoever asked for them."""

    def write(self, table: Any, results: Sequence[Result]) -> Any:
        import pyarrow as pa

        content = [pickle.dumps((one.fields, one.found, one.error)) for one in results]
        return pa.table({"result": pa.array(content, pa.binary())})


class LineAnnotator(ResultAnnotator):
    """Reads lines of JSON."""

    def read(self, table: Any) -> list[Item]:
        lines = table.column("text").to_pylist()
        return [parse_line(number, line) for number, line in enumerate(lines, 1)]


def annotate_file(
    nlp: Language,
    path: Path,
    kind: str,
    cluster: Cluster,
    *,
    done: int,
    text_field: str,
    prefix: str,
    batch_size: int,
) -> Iterator[Result]:
    """Annotate the documents of a file or of a folder of files.

    nlp (Language): The pipeline.
    path (Path): The file, which all workers can read.
    kind (str): "jsonl" or "parquet".
    cluster (Cluster): Where and how to run.
    done (int): How many documents to leave out at the beginning.
    text_field (str): The field that holds the text.
    prefix (str): What the names of the fields that are added begin with.
    batch_size (int): Documents that a worker gets at once.
    YIELDS (Result): The results, in the order of the documents.
    """
    ray = import_ray()
    with _running(ray, cluster), _ordered(ray):
        read = ray.data.read_text if kind == "jsonl" else ray.data.read_parquet
        # Without a core of its own, since the workers may have taken all there are.
        dataset = read(str(path.resolve()), ray_remote_args={"num_cpus": 0})
        if done:
            _, dataset = dataset.split_at_indices([done])
        annotator = LineAnnotator if kind == "jsonl" else ResultAnnotator
        results = run_stage(
            dataset,
            annotator,
            nlp,
            cluster,
            text_field=text_field,
            prefix=prefix,
            batch_size=batch_size,
        )
        for number, row in enumerate(results.iter_rows(), done + 1):
            # From our own workers, through Ray, which trusts them as far as this.
            fields, found, error = pickle.loads(row["result"])
            yield Result(number, fields, Doc(nlp.vocab), found, error)


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
