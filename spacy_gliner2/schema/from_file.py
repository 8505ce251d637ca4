"""A schema from a file of its own: `spacy-gliner2.schema_from_file.v1`."""

from pathlib import Path
from typing import Any

import srsly

from ..messages import said
from .errors import SchemaError
from .schema import FrozenSchema


def schema_from_file(path: Path) -> dict[str, Any]:
    """Read a schema from a JSON or YAML file.

    ```ini
    [components.gliner2.schema]
    @misc = "spacy-gliner2.schema_from_file.v1"
    path = "schema.yml"
    ```

    A pipeline with such a block needs the file each time that it is loaded. Under
    `[initialize.components.gliner2.labels]` the same block is read once, by `nlp.initialize`, and
    the schema is saved with the pipeline.

    path (Path): The file, whose name ends in .json, .yml or .yaml.
    RETURNS (dict): The schema, in the list form.
    RAISES (SchemaError): If the file cannot be read or the schema is wrong.
    """
    path = Path(path)
    readers = {".json": srsly.read_json, ".yml": srsly.read_yaml, ".yaml": srsly.read_yaml}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SchemaError(f"path: {path} is neither .json nor .yml; rename or convert it")
    if not path.is_file():
        raise SchemaError(f"path: {path} is no file; correct the path")
    try:
        data = reader(path)
    except ValueError as error:
        raise SchemaError(
            f"path: {path} cannot be read ({said(error)}); correct the file"
        ) from error
    return FrozenSchema.from_dict(data).to_dict()
