"""Writing JSONL files so that a crash leaves no half of one."""

import gzip
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...files import umask


def write_jsonl(records: Iterable[Any], file: Path) -> int:
    """Write one JSON value a line; the file is there when all are.

    records (Iterable): The values.
    file (Path): The file; packed if its name ends in ".gz".
    RETURNS (int): Their number.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    os.close(handle)
    number = 0
    try:
        opener = gzip.open if file.suffix == ".gz" else open
        with opener(beside, "wt", encoding="utf-8", newline="\n") as stream:
            for record in records:
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
                number += 1
        os.chmod(beside, 0o666 & ~umask())
        os.replace(beside, file)
    finally:
        Path(beside).unlink(missing_ok=True)
    return number
