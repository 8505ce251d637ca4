"""Writing JSONL files so that a crash leaves no half of one."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...files import replacing


def write_jsonl(records: Iterable[Any], file: Path) -> int:
    """Write one JSON value a line; the file is there when all are.

    records (Iterable): The values.
    file (Path): The file; packed if its name ends in ".gz".
    RETURNS (int): Their number.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    opener = gzip.open if file.suffix == ".gz" else open
    number = 0
    with replacing(file) as beside, opener(beside, "wt", encoding="utf-8", newline="\n") as stream:
        for record in records:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
            number += 1
    return number
