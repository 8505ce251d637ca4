"""Parquet: documents from it, results into it. Needs pyarrow, the extra `parquet`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..rows import ERROR, Row
from .inputs import to_json

if TYPE_CHECKING:
    from .outputs import Result

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ModuleNotFoundError as error:
    raise ValueError(
        "Parquet needs pyarrow, which is not installed: pip install 'spacy-gliner2[parquet]'"
    ) from error

NO_COMMON_TYPE = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError)
"""What pyarrow raises for values or columns without a type in common, by how they differ."""

SPOT = pa.struct(
    [
        ("text", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("label", pa.string()),
        ("score", pa.float64()),
    ]
)
RELATION = pa.struct(
    [("label", pa.string()), ("score", pa.float64()), ("head", SPOT), ("tail", SPOT)]
)
TYPES: dict[str, Any] = {
    "entities": pa.list_(SPOT),
    "cats": pa.map_(pa.string(), pa.float64()),
    "relations": pa.list_(RELATION),
    "structures": pa.string(),
}
"""Types of the annotations. Records are JSON text, since each structure has other fields."""


def read_types(path: Path) -> Any:
    """RETURNS (Schema): Names and types of the columns of a file."""
    return pq.read_schema(path)


def read_parquet(file: IO[bytes]) -> Iterator[Row]:
    """Read the rows of a Parquet file.

    file (IO): The file.
    YIELDS (dict): The rows; maps become dicts.
    RAISES (ValueError): If it is no Parquet file.
    """
    for batch in pq.ParquetFile(file).iter_batches(batch_size=1024):
        yield from batch.to_pylist(maps_as_pydicts="strict")


class ParquetParts:
    """Results in the form of Parquet files.

    prefix (str): What the names of the columns with annotations begin with.
    types (Schema): Types of the documents' own fields, where they are known; where not, they are
        found out, and a field with values of several types becomes JSON text.
    """

    def __init__(self, prefix: str = "", types: Any = None) -> None:
        self._structures = f"{prefix}structures"
        self._added = {f"{prefix}{name}": type_ for name, type_ in TYPES.items()}
        self._types = self._added
        if types is not None:
            own = dict(zip(types.names, types.types, strict=True))
            if prefix + ERROR in own:  # of whatever type, it makes way for ours
                own[prefix + ERROR] = pa.string()
            self._types = {**own, **self._added}

    def write_part(self, results: "Sequence[Result]", path: Path) -> None:
        pq.write_table(self.to_table(results), path)

    def to_table(self, results: "Sequence[Result]") -> Any:
        """RETURNS (Table): Results as a table."""
        return self._table([self._row(result) for result in results])

    def _row(self, result: "Result") -> Row:
        """RETURNS (dict): A result; without a field that failed since its name is one of ours."""
        row = result.to_row()
        return {key: row[key] for key in row if key not in self._added or key in result.found}

    def _table(self, rows: list[Row]) -> Any:
        rows = [_encodable(row) for row in rows]
        names = dict.fromkeys(name for row in rows for name in row) | dict.fromkeys(self._types)
        columns = {name: [row.get(name) for row in rows] for name in names}
        structures = columns[self._structures]
        columns[self._structures] = [None if s is None else to_json(s) for s in structures]
        return pa.table(
            {name: _array(values, self._types.get(name)) for name, values in columns.items()}
        )

    def merge(self, parts: Sequence[Path], path: Path) -> None:
        if not parts:
            pq.write_table(self._table([]), path)
            return
        schema = _common_schema([pq.read_schema(part) for part in parts])
        with pq.ParquetWriter(path, schema) as writer:
            for part in parts:
                table = pq.ParquetFile(part).read()
                columns = [_fit(table, field) for field in schema]
                writer.write_table(pa.table(columns, schema=schema))


def _array(values: list[Any], type_: Any) -> Any:
    """RETURNS (Array): The values, as JSON text if they have no type in common."""
    if type_ is not None:
        return pa.array([_pairs(value) for value in values] if _is_map(type_) else values, type_)
    try:
        return pa.array(values)
    except NO_COMMON_TYPE:
        return pa.array([_json_text(value) for value in values], pa.string())


def _encodable(value: Any) -> Any:
    """RETURNS (Any): The value, with an escape for half a surrogate pair, which UTF-8 lacks."""
    if isinstance(value, str):
        return value.encode("utf8", "backslashreplace").decode("utf8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_encodable(part) for part in value]
    return value


def _is_map(type_: Any) -> bool:
    return bool(pa.types.is_map(type_))


def _pairs(value: Any) -> Any:
    return list(value.items()) if isinstance(value, dict) else value


def _json_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else to_json(value)


def _common_schema(schemas: Sequence[Any]) -> Any:
    """RETURNS (Schema): All columns, as text where parts have no type in common."""
    types: dict[str, Any] = {}
    for schema in schemas:
        for field in schema:
            before = types.get(field.name, pa.null())
            types[field.name] = _common_type(before, field.type)
    return pa.schema(list(types.items()))


def _common_type(one: Any, other: Any) -> Any:
    pair = [pa.schema([("column", type_)]) for type_ in (one, other)]
    try:
        return pa.unify_schemas(pair, promote_options="permissive").field(0).type
    except NO_COMMON_TYPE:
        return pa.string()


def _fit(table: Any, field: Any) -> Any:
    if field.name not in table.column_names:
        return pa.nulls(len(table), field.type)
    column = table.column(field.name)
    if column.type == field.type:
        return column
    if pa.types.is_string(field.type):
        return pa.array([_json_text(value) for value in column.to_pylist()], field.type)
    return column.cast(field.type)
