"""How long the prompt of an example is, since an encoder reads a limited number of tokens."""

from collections.abc import Iterator
from typing import Any

from spacy_gliner2.inference.words import split_words

MOST_WORDS = 260
"""The longest prompt, in words and markers: about 350 tokens."""
DESCRIPTIONS = ("entity_descriptions", "relation_descriptions", "json_descriptions")


def shorten(output: dict[str, Any]) -> bool:
    """Leave out descriptions where the prompt is too long with them.

    output (dict): The annotation in the reference's form; it is changed.
    RETURNS (bool): Whether the prompt is short enough by then.
    """
    if count_words(output) <= MOST_WORDS:
        return True
    for key in DESCRIPTIONS:
        output.pop(key, None)
    for task in output.get("classifications", ()):
        task.pop("label_descriptions", None)
    return count_words(output) <= MOST_WORDS


def count_words(output: dict[str, Any]) -> int:
    """RETURNS (int): The number of words and markers in the prompt."""
    return sum(1 + len(split_words(text)) for text in _texts(output))


def _texts(output: dict[str, Any]) -> Iterator[str]:
    yield from output.get("entities", ())
    for relation in {name for item in output.get("relations", ()) for name in item}:
        yield from (relation, "head", "tail", "( ( ) )")
    structures = {name: f for item in output.get("json_structures", ()) for name, f in item.items()}
    for name, fields in structures.items():
        yield from (name, "( ( ) )", *fields)
        for value in fields.values():
            if isinstance(value, dict):
                yield from value.get("choices", ())
    for task in output.get("classifications", ()):
        yield from (task["task"], "( ( ) )", *task["labels"])
        for pair in task.get("label_descriptions", {}).items():
            yield from pair
    for key in ("entity_descriptions", "relation_descriptions"):
        for pair in output.get(key, {}).items():
            yield from pair
    for fields in output.get("json_descriptions", {}).values():
        for pair in fields.items():
            yield from pair
