"""Mentions as whole words that a span of the model can hold."""

import re

from spacy_gliner2.inference.words import split_words

from .rows import Row, Span

MAX_WIDTH = 8
"""The widest span of the model, in words."""


def align(row: Row) -> Row:
    """Widen mentions to whole words, and leave out those that are too wide or a lesser part of one.

    row (Row): The row.
    RETURNS (Row): The row with what can be learned of it.
    """
    words = split_words(row.text)
    kept: dict[Span, Span | None] = {
        span: _align(span, words) for span in {(span[0], span[1]) for span in row.spans()}
    }
    row.entities = [
        (*span, label) for a, b, label in row.entities if (span := kept[a, b]) is not None
    ]
    relations = []
    for label, head, tail in row.relations:
        ends = kept[head[0], head[1]], kept[tail[0], tail[1]]
        if ends[0] is not None and ends[1] is not None and not _cross(ends[0], ends[1]):
            relations.append((label, ends[0], ends[1]))
        else:
            row.unsure.append(label)
    row.relations = relations
    for _, fields in row.records:
        for name, value in list(fields.items()):
            if isinstance(value, list):
                spans = [kept[a, b] for a, b in value]
                fields[name] = [span for span in spans if span is not None]
                if not fields[name]:
                    del fields[name]
    row.records = [(name, fields) for name, fields in row.records if fields]
    return row


def _cross(a: Span, b: Span) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _align(span: Span, words: list[Span]) -> Span | None:
    touched = [word for word in words if word[0] < span[1] and span[0] < word[1]]
    if not touched or len(touched) > MAX_WIDTH:
        return None
    whole = touched[0][0], touched[-1][1]
    return whole if 2 * (span[1] - span[0]) > whole[1] - whole[0] else None


def normalised(text: str) -> str:
    """RETURNS (str): A text without case, marks and blanks, for comparing texts."""
    return re.sub(r"\W+", "", text).lower()
