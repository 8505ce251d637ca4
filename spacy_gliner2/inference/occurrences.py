"""Where in a text some words are, as section 5.3 of the reference finds them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property, partial

from spacy.language import Language

from .words import Offsets, doc_words, split_words

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
    return list(doc_words(nlp.make_doc(text)))


WordSpan = tuple[int, int]
"""First and last word."""


class Occurrences:
    """Finds words in a text, whatever their case.

    text (str): The text.
    split (Callable): Splits the text, and what is looked for, into words.
    offsets (Sequence): Start and end of the text's words, where they are known.
    """

    def __init__(
        self, text: str, split: Split = split_words, offsets: Sequence[Offsets] | None = None
    ) -> None:
        self.text = text
        self._split = split
        self._offsets = split(text) if offsets is None else offsets

    @cached_property
    def _forms(self) -> list[str]:
        return _forms(self.text, self._offsets)

    @cached_property
    def _starts(self) -> dict[str, list[int]]:
        """RETURNS (dict): By form, where it is."""
        starts: dict[str, list[int]] = {}
        for i, form in enumerate(self._forms):
            starts.setdefault(form, []).append(i)
        return starts

    def find(self, value: str) -> tuple[Offsets, ...]:
        """Find every occurrence of some words.

        value (str): The words.
        RETURNS (tuple): Start and end of each in the text; empty if they are not there as whole
            words.
        """
        return tuple(
            (self._offsets[first][0], self._offsets[last][1])
            for first, last in self.find_words(value)
        )

    def find_words(self, value: str) -> tuple[WordSpan, ...]:
        """Find every occurrence of some words.

        value (str): The words.
        RETURNS (tuple): First and last word of each.
        """
        sought = _forms(value, self._split(value))
        if not sought:
            return ()
        return tuple(
            (i, i + len(sought) - 1)
            for i in self._starts.get(sought[0], ())
            if self._forms[i : i + len(sought)] == sought
        )

    def __len__(self) -> int:
        return len(self._offsets)

    def are_words(self, start: int, end: int) -> bool:
        """RETURNS (bool): Whether words begin and end at these offsets."""
        span = self.touched(start, end)
        if span is None:
            return False
        return self._offsets[span[0]][0] == start and self._offsets[span[1]][1] == end

    def width(self, start: int, end: int) -> int:
        """RETURNS (int): Number of words that have a part between these offsets."""
        span = self.touched(start, end)
        return 0 if span is None else span[1] - span[0] + 1

    def touched(self, start: int, end: int) -> WordSpan | None:
        """Find the words that have a part in a stretch of the text.

        start (int): Its start.
        end (int): Its end.
        RETURNS (tuple): First and last word; None if there is none.
        """
        first = bisect_right(self._offsets, start, key=lambda word: word[1])
        after = bisect_left(self._offsets, end, key=lambda word: word[0])
        return (first, after - 1) if first < after else None


def _forms(text: str, offsets: Sequence[Offsets]) -> list[str]:
    return [text[start:end].lower() for start, end in offsets]
