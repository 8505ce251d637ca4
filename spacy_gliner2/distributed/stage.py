"""The pipeline as a stage of Ray Data: a pool of actors, each with a copy of it.

Ray reads, moves and writes the rows, and repeats what a lost worker had not returned. Which rows
come out is the same in any order of events, since each is made of one document alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from spacy.language import Language

from ..checks import check_count
from ..documents.annotating import annotate_items
from ..documents.inputs import Item
from ..documents.outputs import Result
from ..rows import ERROR, Row
from .cluster import Cluster, find_room, warn_of_full_cluster
from .packed import PackedPipeline

if TYPE_CHECKING:
    from ray.data import Dataset


def import_ray() -> Any:
    """RETURNS (module): Ray, with Ray Data.
    RAISES (ImportError): If it is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError(
            "many machines need Ray, which is not installed; run `pip install spacy-gliner2[ray]`"
        ) from error
    return ray


def annotate_dataset(
    dataset: "Dataset",
    nlp: Language,
    *,
    workers: int | tuple[int, int] = 2,
    text_field: str = "text",
    prefix: str = "",
    batch_size: int = 128,
    num_cpus: float = 1,
    num_gpus: float = 0,
) -> "Dataset":
    """Annotate the rows of a dataset.

    dataset (Dataset): The documents, one a row.
    nlp (Language): The pipeline; each worker gets a copy.
    workers (int | tuple): How many workers there are, or the fewest and the most.
    text_field (str): The column that holds the text.
    prefix (str): What the names of the columns that are added begin with.
    batch_size (int): Documents that a worker gets at once.
    num_cpus (float): Cores of a worker.
    num_gpus (float): GPUs of a worker.
    RETURNS (Dataset): The rows, with the columns entities, cats, relations, structures (as JSON)
        and error: why a document failed, null where it did not.
    RAISES (ValueError): If a value is wrong.
    """
    cluster = Cluster(None, workers, num_cpus, num_gpus)
    check_count("batch_size", batch_size, 1)
    warn_of_full_cluster(import_ray(), cluster)
    return run_stage(
        dataset,
        TableAnnotator,
        nlp,
        cluster,
        text_field=text_field,
        prefix=prefix,
        batch_size=batch_size,
    )


def run_stage(
    dataset: "Dataset",
    annotator: type["Annotator"],
    nlp: Language,
    cluster: Cluster,
    *,
    text_field: str,
    prefix: str,
    batch_size: int,
    **arguments: Any,
) -> "Dataset":
    """Put the pool of actors behind a dataset.

    dataset (Dataset): The documents.
    annotator (type): What the actors run.
    nlp (Language): The pipeline.
    cluster (Cluster): How many workers there are, and what each has.
    text_field (str): The column that holds the text.
    prefix (str): What the names of the columns that are added begin with.
    batch_size (int): Rows that a worker gets at once.
    arguments (Any): What else the annotator is made with.
    RETURNS (Dataset): What the annotator returns.
    """
    ray = import_ray()
    # Older versions of Ray start nothing before all of the fewest are there.
    fewest = max(1, find_room(ray, cluster))
    strategy = ray.data.ActorPoolStrategy(min_size=fewest, max_size=cluster.bounds[1])
    # Once into the object store, from where each machine takes it once.
    packed = ray.put(PackedPipeline.pack(nlp))
    found: Dataset = dataset.map_batches(
        annotator,
        fn_constructor_kwargs={
            "packed": packed,
            "text_field": text_field,
            "prefix": prefix,
            "num_gpus": cluster.num_gpus,
            **arguments,
        },
        batch_format="pyarrow",
        batch_size=batch_size,
        compute=strategy,
        num_cpus=cluster.num_cpus,
        num_gpus=cluster.num_gpus or None,
    )
    return found


class Annotator(ABC):
    """An actor: annotates tables of documents.

    packed (ObjectRef): The pipeline in Ray's object store.
    text_field (str): The column that holds the text.
    prefix (str): What the names of the columns that are added begin with.
    num_gpus (float): GPUs of this worker.
    """

    def __init__(self, packed: Any, text_field: str, prefix: str, num_gpus: float) -> None:
        if num_gpus:
            from thinc.api import require_gpu

            require_gpu(0)
        pipeline: PackedPipeline = import_ray().get(packed)
        self._nlp = pipeline.unpack()
        self._text_field = text_field
        self._prefix = prefix

    def __call__(self, table: Any) -> Any:
        """Annotate documents.

        table (Table): The documents.
        RETURNS (Table): The results, one for each, in their order.
        """
        return self.write(table, list(self._annotate(self.read(table))))

    def read(self, table: Any) -> list[Item]:
        """RETURNS (list): The documents of a table."""
        rows: list[Row] = table.to_pylist(maps_as_pydicts="strict")
        return [Item(number, row) for number, row in enumerate(rows, 1)]

    @abstractmethod
    def write(self, table: Any, results: Sequence[Result]) -> Any:
        """RETURNS (Table): The results as a table."""

    def _annotate(self, items: list[Item]) -> Iterator[Result]:
        return annotate_items(
            self._nlp,
            items,
            text_field=self._text_field,
            prefix=self._prefix,
            batch_size=len(items) or 1,
        )


class TableAnnotator(Annotator):
    """Writes a table with a column for each kind of annotation."""

    def write(self, table: Any, results: Sequence[Result]) -> Any:
        import pyarrow as pa

        from ..documents.parquet import ParquetParts

        error = self._prefix + ERROR
        own = [field for field in table.schema if field.name != error]
        schema = pa.schema([*own, pa.field(error, pa.string())])
        return ParquetParts(self._prefix, schema).to_table(results)
