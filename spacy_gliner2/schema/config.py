"""What a schema must keep to so that config.cfg can hold it.

spaCy's config format splits a key at ":" and "=", drops one that begins with "#", ";" or "[",
takes the "." of a key with a mapping for a level of its own, doubles every "$" each time that a
pipeline is saved and loaded, and cannot read "${" back. A list is written as JSON, keys included.
"""

import re
from typing import Any

from ..messages import member
from .errors import SchemaError

_UNUSABLE = re.compile(r"[:=$\r\n]|^[#;\[]|^\s|\s$|^$")


def check_config_schema(schema: Any, path: str = "schema") -> None:
    """Refuse what would come back from config.cfg as something else, or not at all.

    schema (Any): The schema as it was configured, or a part of it.
    path (str): The name of the part.
    RAISES (SchemaError): If a text or a key cannot be held; names it and how else to write it.
    """
    if isinstance(schema, dict):
        for key, value in schema.items():
            if not _can_be_key(key, value):
                raise SchemaError(
                    f"{path}: the label {key!r} is a key that config.cfg cannot hold; write "
                    f'{path} as a list of objects instead, such as [{{"label": {key!r}}}] (with '
                    '"name" for structures and fields, "task" for classifications)'
                )
            check_config_schema(value, member(path, key))
    else:
        _check_variables(schema, path)


def _can_be_key(key: Any, value: Any) -> bool:
    if not isinstance(key, str) or _UNUSABLE.search(key):
        return False
    return not (isinstance(value, dict) and "." in key)


def _check_variables(value: Any, path: str) -> None:
    if isinstance(value, list | tuple):
        for i, part in enumerate(value):
            _check_variables(part, f"{path}[{i}]")
    elif isinstance(value, dict):
        for key, part in value.items():
            _check_variables(key, path)
            _check_variables(part, member(path, key))
    elif isinstance(value, str) and "${" in value:
        raise SchemaError(
            f"{path}: {value!r} contains '${{', which config.cfg takes for a variable; reword it"
        )


def same_in_config(a: Any, b: Any) -> bool:
    """Tell whether two configured schemas are one, but for what saving and loading does to them.

    a (Any): A schema as it was configured, or a part of it.
    b (Any): Another one.
    RETURNS (bool): Whether they differ in no more than the number of "$" and the order of keys.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        left = {_single_dollars(key): value for key, value in a.items()}
        right = {_single_dollars(key): value for key, value in b.items()}
        return left.keys() == right.keys() and all(
            same_in_config(left[key], right[key]) for key in left
        )
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same_in_config, a, b))
    if isinstance(a, str) and isinstance(b, str):
        return _single_dollars(a) == _single_dollars(b)
    return type(a) is type(b) and bool(a == b)


def _single_dollars(text: str) -> str:
    return re.sub(r"\$+", "$", text)
