"""What the encoder makes of a text: states of its word pieces, window by window."""

from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from ..bounded import BoundedCache
from ..inference.subwords import CACHE_SIZE
from ..inference.words import Offsets


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
        self._cache: BoundedCache[str, tuple[Offsets, ...]] = BoundedCache(CACHE_SIZE)

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
            offsets = self._tokenizer.encode(form, add_special_tokens=False).offsets
            return self._cache.keep(form, tuple(offsets))
        return found
