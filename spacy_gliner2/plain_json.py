"""Reading JSON that somebody else wrote."""

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """Read JSON; whatever is wrong with it is a `ValueError`, depth without end too.

    text (str | bytes): The JSON.
    RETURNS (Any): What it says.
    RAISES (ValueError): If it is no JSON.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(f"it is nested too deeply: {error}") from error
