"""The forms in which a collection of named things may be written."""

from typing import Any


def as_items(value: Any, *, key: str, short: str) -> Any:
    """Bring a text, a list or a mapping into one form: a list of mappings.

    value (Any): A name, a list of names or mappings, or a mapping from name to options (a
        mapping with `key` and more), to the option `short` alone, or to nothing.
    key (str): The option that holds the name.
    short (str): The option that a mapping's value stands for where it is not itself options.
    RETURNS (Any): A list of mappings; what is in none of the forms comes back as it was.
    """
    if isinstance(value, str):
        return [{key: value}]
    if isinstance(value, dict):
        return [_with_name(name, options, key, short) for name, options in value.items()]
    if isinstance(value, list | tuple):
        return [{key: item} if isinstance(item, str) else item for item in value]
    return value


def _with_name(name: Any, options: Any, key: str, short: str) -> dict[str, Any]:
    if options is None or options == "":
        return {key: name}
    if not isinstance(options, dict):
        return {key: name, short: options}
    if key in options:
        raise ValueError(
            f"has the key {key!r} within {name!r}, which is the {key} already; remove it there"
        )
    return {key: name, **options}
