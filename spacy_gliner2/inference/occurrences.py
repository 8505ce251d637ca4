"""Where in a text some words are, as section 5.3 of the reference finds them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import partial

from spacy.language import Language

from .words import Offsets, split_words

Split = Callable[[str], list[Offsets]]
"""Start and end of each word of a text."""


def make_split(nlp: Language, splitter: str) -> Split:
    """Make what splits texts into words.

    nlp (Language): The pipeline, whose tokenizer the splitter "spacy" uses.
    splitter (str): "gliner2", "char" or "spacy".
    RETURNS (Callable): From a text to start and end of each of its words.
    """
    if splitter == "spacy":
        return partial(_split_into_tokens, nlp)
    return partial(split_words, splitter=splitter)


def _split_into_tokens(nlp: Language, text: str) -> list[Offsets]:
    return [
        (token.idx, token.idx + len(token)) for token in nlp.make_doc(text) if not token.is_space
    ]


class Occurrences:
    """Finds words in a text, whatever their case.

    text (str): The text.
    split (Callable): Splits the text, and what is looked for, into words.
    """

    def __init__(self, text: str, split: Split = split_words) -> None:
        self.text = text
        self._split = split
        self._offsets = split(text)
        self._forms = _forms(text, self._offsets)
        self._starts: dict[str, list[int]] = {}
        for i, form in enumerate(self._forms):
            self._starts.setdefault(form, []).append(i)

    def find(self, value: str) -> tuple[Offsets, ...]:
        """Find every occurrence of some words.

        value (str): The words.
        RETURNS (tuple): Start and end of each in the text; empty if they are not there as whole
            words.
        """
        sought = _forms(value, self._split(value))
        if not sought:
            return ()
        return tuple(
            (self._offsets[i][0], self._offsets[i + len(sought) - 1][1])
            for i in self._starts.get(sought[0], ())
            if self._forms[i : i + len(sought)] == sought
        )

    def __len__(self) -> int:
        return len(self._offsets)

    def are_words(self, start: int, end: int) -> bool:
        """RETURNS (bool): Whether words begin and end at these offsets."""
        words = self._within(start, end)
        return bool(words) and words[0][0] == start and words[-1][1] == end

    def width(self, start: int, end: int) -> int:
        """RETURNS (int): Number of words that have a part between these offsets."""
        return len(self._within(start, end))

    def _within(self, start: int, end: int) -> list[Offsets]:
        first = bisect_right(self._offsets, start, key=lambda word: word[1])
        after = bisect_left(self._offsets, end, key=lambda word: word[0])
        return self._offsets[first:after]


def _forms(text: str, offsets: list[Offsets]) -> list[str]:
    return [text[start:end].lower() for start, end in offsets]
