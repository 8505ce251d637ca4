"""The small parts of a record in the reference's JSONL."""

from collections.abc import Mapping
from typing import Any

from .errors import RecordError
from .record import GoldValue, GoldValues


def read_mapping(value: Any, key: str) -> Mapping[str, Any]:
    """RETURNS (Mapping): The value.
    RAISES (RecordError): If it is no JSON object.
    """
    if not isinstance(value, Mapping):
        raise RecordError(f"{key}: {value!r:.80} is no JSON object; write it as one")
    return value


def read_list(value: Any, key: str) -> list[Any]:
    """RETURNS (list): The value.
    RAISES (RecordError): If it is no list.
    """
    if not isinstance(value, list | tuple):
        raise RecordError(f"{key}: {value!r:.80} is no list; write it as one")
    return list(value)


def read_text(value: Any, key: str) -> str:
    """RETURNS (str): The value.
    RAISES (RecordError): If it is no text.
    """
    if not isinstance(value, str):
        raise RecordError(f"{key}: {value!r:.80} is no text; write it as one")
    return value


def parse_values(value: Any, key: str) -> GoldValues:
    """Read a list of values, or a single one.

    value (Any): The values; those that are empty or null say nothing.
    key (str): Where they are.
    RETURNS (tuple): The values, each once.
    RAISES (RecordError): If they have another form.
    """
    if isinstance(value, list | tuple):
        found = [parse_value(item, f"{key}[{i}]") for i, item in enumerate(value)]
    else:
        found = [parse_value(value, key)]
    return tuple(dict.fromkeys(item for item in found if item is not None))


def parse_value(value: Any, key: str) -> GoldValue | None:
    """Read words of the text.

    value (Any): The words, or with their offsets {"text", "start", "end"}.
    key (str): Where they are.
    RETURNS (GoldValue): The words; None if the value is empty or null.
    RAISES (RecordError): If it has another form.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return GoldValue(value, key=key)
    if not isinstance(value, Mapping):
        raise RecordError(
            f"{key}: {value!r:.80} is no text; give words of the text, or with their offsets "
            '{"text", "start", "end"}'
        )
    text = read_text(value.get("text"), f"{key}.text")
    start, end = value.get("start"), value.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise RecordError(
            f"{key}: start {start!r} and end {end!r} are no offsets; give whole numbers with "
            "0 <= start < end, or the text alone"
        )
    before, after = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
    if before == len(text):
        raise RecordError(f"{key}.text: {text!r} is blank; give words of the text")
    return GoldValue(text.strip(), start + before, end - after, key=key)
