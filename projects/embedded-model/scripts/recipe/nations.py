"""Nationalities, which most corpora of names leave out or call places."""

import re
from dataclasses import replace

from .demonyms import DEMONYMS, PLURALS
from .rows import Row

LABEL = "NORP"
_NATION = re.compile(rf"\b(?:{'|'.join(sorted({*DEMONYMS, *PLURALS}, key=len, reverse=True))})\b")
_SPEAKING = re.compile(r"\b(?:spea|spoke|learn|read|wr[io]t|translat)\w*\s+(?:in |into |from )?$")
_INTO = re.compile(r"\b(?:in|into|from)\s+$")
_BEFORE_A_NOUN = re.compile(r" \w")
"""What stands before and after the name of a language, which is written like the nation's."""


def mark_nations(row: Row) -> Row:
    """Mark the words for a nation's people that are no part of a longer name.

    row (Row): A text.
    RETURNS (Row): The text, its nationalities annotated.
    """
    entities = []
    for start, end, label in row.entities:
        nation = _NATION.fullmatch(row.text, start, end) and not label.endswith("language")
        entities.append((start, end, LABEL if nation else label))
    for match in _NATION.finditer(row.text):
        start, end = match.span()
        free = all(end <= a or b <= start for a, b, _ in entities)
        if free and not _is_language(row.text, start, end):
            entities.append((start, end, LABEL))
    return replace(row, entities=sorted(entities))


def _is_language(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 20) : start]
    if _SPEAKING.search(before):
        return True
    return bool(_INTO.search(before)) and not _BEFORE_A_NOUN.match(text, end)
