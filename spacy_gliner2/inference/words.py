"""Words as the model was trained to see them, with their offsets in the user's text."""

import functools
import re
import sys
import unicodedata
from dataclasses import dataclass
from typing import Any

Offsets = tuple[int, int]

END_MARKS = (".", "!", "?")
"""A text that ends in none of these gets a full stop, which is never part of a result."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text.

    forms (list): What the model reads of each word: lower-cased, the full stop added to the
        text included.
    offsets (list): Start and end of each word in the user's text. A word that the user did not
        write is empty: its start is its end, which is that of the last word that he wrote.
    """

    forms: list[str]
    offsets: list[Offsets]

    def __len__(self) -> int:
        return len(self.forms)


def normalise(text: str) -> str:
    """Close the text with a full stop, as the model was trained to see it.

    text (str): The user's text.
    RETURNS (str): The text, longer by one character unless it ends in one of `END_MARKS`.
    """
    return text if text.endswith(END_MARKS) else text + "."


def split_words(text: str, splitter: str = "gliner2") -> list[Offsets]:
    """Split a text into words; blanks are no words.

    text (str): The text.
    splitter (str): "gliner2" or "char".
    RETURNS (list): Start and end of each word.
    """
    return [match.span() for match in _pattern(splitter).finditer(text)]


def read_words(text: str, splitter: str, tokens: tuple[Offsets, ...] | None = None) -> Words:
    """Turn a text into what the model reads.

    text (str): The user's text.
    splitter (str): "gliner2", "char", or "spacy" for words that are the tokens of a Doc.
    tokens (tuple): With "spacy", start and end of each token.
    RETURNS (Words): The words, at least one.
    RAISES (ValueError): If the splitter is "spacy" and there are no tokens.
    """
    closed = normalise(text)
    if splitter != "spacy":
        spans = split_words(closed, splitter)
    elif tokens is None:
        raise ValueError(
            "word_splitter: 'spacy' needs a Doc, and this is a plain text; choose 'gliner2' or "
            "'char'"
        )
    else:
        spans = [span for span in tokens if text[slice(*span)].strip()]
        if len(closed) > len(text) or not spans:
            spans.append((len(text), len(closed)))
    # Lower-casing word by word keeps the offsets: the lower case of "İ" is two characters long.
    forms = [closed[start:end].lower() or "." for start, end in spans]
    last = len(text.rstrip())
    return Words(forms, [(min(start, last), min(end, last)) for start, end in spans])


def doc_words(doc: Any) -> tuple[Offsets, ...]:
    """RETURNS (tuple): Start and end of each token of a Doc that is no blank."""
    return tuple((token.idx, token.idx + len(token)) for token in doc if not token.is_space)


@functools.cache
def _pattern(splitter: str) -> re.Pattern[str]:
    if splitter == "char":
        return re.compile(r"[A-Za-z0-9@._\-+]+|\S")
    word = f"[\\w{_combining_marks()}\u200c\u200d]+"
    alternatives = (
        r"(?:https?://|www\.)\S+",
        r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}",
        r"@[a-z0-9_]+",
        f"{word}(?:[-_]{word})*",
        r"\S",
    )
    return re.compile("|".join(alternatives), re.IGNORECASE)


def _combining_marks() -> str:
    """RETURNS (str): All combining marks, as the ranges of a character class."""
    ranges: list[list[int]] = []
    for code in range(0x300, sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
