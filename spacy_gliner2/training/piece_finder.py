"""Which words of a text a gold piece is."""

import re
from collections.abc import Sequence
from functools import partial

from ..inference.occurrences import Occurrences, WordSpan
from ..inference.words import Words, split_words
from .gold import Piece, Pieces
from .problems import Problem, Problems


class PieceFinder:
    """Finds the gold pieces of a text among its words.

    text (str): The text.
    words (Words): Its words.
    splitter (str): What they were made with.
    max_width (int): Most words of a span.
    offsets (bool): Whether to go by the offsets of pieces that have them.
    problems (Problems): Counts pieces that are not there, too wide, or not whole words.
    """

    def __init__(
        self,
        text: str,
        words: Words,
        *,
        splitter: str,
        max_width: int,
        offsets: bool,
        problems: Problems,
    ) -> None:
        self._text = text
        self._words = words
        self._splitter = splitter
        self._max_width = max_width
        self._by_offsets = offsets
        self._problems = problems
        # Not what the model reads, which may have a full stop that is not in the text.
        split = partial(split_words, splitter=splitter)
        self._occurrences = Occurrences(text, split, words.offsets)

    def find(self, pieces: Pieces, label: str) -> tuple[WordSpan, ...]:
        """Find where pieces are.

        pieces (tuple): The pieces.
        label (str): What they are, for the report of problems.
        RETURNS (tuple): The words of each place, every place once. Those that are too wide to be
            predicted are left out.
        RAISES (ValueError): If the offsets of a piece are not those of its words in the text.
        """
        found: dict[WordSpan, None] = {}
        for piece in pieces:
            spans = self._find(piece, label)
            if not spans:
                self._problems.add(Problem.NOT_FOUND, f"{label} {piece.text!r}")
            found.update(dict.fromkeys(spans))
        wide = [span for span in found if span[1] - span[0] >= self._max_width]
        for first, last in wide:
            start, end = self._words.offsets[first][0], self._words.offsets[last][1]
            self._problems.add(Problem.TOO_WIDE, f"{label} {self._text[start:end]!r}")
            del found[first, last]
        return tuple(found)

    def _find(self, piece: Piece, label: str) -> Sequence[WordSpan]:
        if piece.start is None or piece.end is None:
            return self._everywhere(piece.text)
        covered = self._text[piece.start : piece.end]
        if covered != piece.text:
            raise ValueError(
                f"{label}: the offsets {piece.start}, {piece.end} are those of {covered!r}, and "
                f"the text says {piece.text!r}; correct one of them"
            )
        if not self._by_offsets:
            return self._everywhere(piece.text)
        return self._covering(piece.start, piece.end, label)

    def touched(self, start: int, end: int) -> WordSpan | None:
        """Find the words that have a part in a stretch of the text.

        start (int): Its start.
        end (int): Its end.
        RETURNS (tuple): First and last word; None if there is none.
        """
        return self._occurrences.touched(start, end)

    def _covering(self, start: int, end: int, label: str) -> Sequence[WordSpan]:
        span = self.touched(start, end)
        if span is None:
            return ()
        piece = self._text[start:end]
        low, high = self._words.offsets[span[0]][0], self._words.offsets[span[1]][1]
        whole = self._text[low:high]
        if whole.strip() != piece.strip():
            self._problems.add(Problem.INSIDE_WORD, f"{label} {piece!r} of {whole!r}")
        return (span,)

    def _everywhere(self, text: str) -> Sequence[WordSpan]:
        """Find every occurrence of some words, whatever their case."""
        if self._splitter == "spacy":
            return self._everywhere_in_tokens(text.strip())
        return self._occurrences.find_words(text)

    def _everywhere_in_tokens(self, text: str) -> Sequence[WordSpan]:
        if not text:
            return ()
        starts = {start: i for i, (start, end) in enumerate(self._words.offsets) if start < end}
        ends = {end: i for i, (start, end) in enumerate(self._words.offsets) if start < end}
        pattern = re.compile(re.escape(text), re.IGNORECASE)
        spans = [match.span() for match in pattern.finditer(self._text)]
        return [(starts[a], ends[b]) for a, b in spans if a in starts and b in ends]
