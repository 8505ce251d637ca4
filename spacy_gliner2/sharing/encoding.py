"""What the encoder makes of a text: states of its word pieces, window by window."""

from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from ..inference.words import Offsets

CACHE_SIZE = 100_000
"""Most words whose pieces are kept; beyond it the cache starts anew."""


@dataclass(frozen=True, slots=True)
class WindowEncoding:
    """The word pieces of a window.

    ids (tuple): Their ids.
    pieces (tuple): Their forms.
    offsets (tuple): Start and end of each in the text; equal where it has no part in it.
    states (Tensor): The last layer's states. *Shape:* (pieces, hidden)
    """

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    offsets: tuple[Offsets, ...]
    states: Any


TextEncoding = tuple[WindowEncoding, ...]
"""The windows of a text."""


class Pieces:
    """Tells where the pieces of a word are.

    tokenizer (Tokenizer): The checkpoint's tokenizer.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._cache: dict[str, tuple[Offsets, ...]] = {}

    def form(self, piece: int) -> str:
        """RETURNS (str): The form of a piece."""
        return str(self._tokenizer.id_to_token(piece))

    def place(self, form: str, word: Offsets, count: int) -> list[Offsets]:
        """Tell where the pieces of a word are in the text.

        form (str): What the model reads of the word.
        word (tuple): Start and end of the word in the text.
        count (int): How many of its pieces the model reads.
        RETURNS (list): Start and end of each; those of the word where they are not to be told.
        """
        start, end = word
        if count == 1 or len(form) != end - start:
            return [word] * count
        return [(start + a, start + b) for a, b in self._within(form)[:count]]

    def _within(self, form: str) -> tuple[Offsets, ...]:
        found = self._cache.get(form)
        if found is None:
            found = tuple(self._tokenizer.encode(form, add_special_tokens=False).offsets)
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            self._cache[form] = found
        return found
