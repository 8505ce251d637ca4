"""Words and prompts as token ids, each looked up once."""

from collections.abc import Sequence

from tokenizers import Tokenizer

from ..bounded import BoundedCache

CACHE_SIZE = 100_000
"""Most words whose ids are kept; beyond it the cache starts anew."""


class Subwords:
    """Turns texts into token ids, each text by itself.

    tokenizer (Tokenizer): The checkpoint's tokenizer.
    cache_size (int): Most texts whose ids are kept.
    """

    def __init__(self, tokenizer: Tokenizer, cache_size: int = CACHE_SIZE) -> None:
        self._tokenizer = tokenizer
        self._cache: BoundedCache[str, tuple[int, ...]] = BoundedCache(cache_size)

    def ids(self, text: str) -> tuple[int, ...]:
        """Look up a text's ids.

        text (str): One word, label or prompt.
        RETURNS (tuple): Its ids, without any added at its ends; empty if the tokenizer knows
            none of its characters.
        """
        found = self._cache.get(text)
        if found is None:
            ids = self._tokenizer.encode(text, add_special_tokens=False).ids
            return self._cache.keep(text, tuple(ids))
        return found

    def all_ids(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Look up the ids of many texts.

        texts (Sequence): The texts.
        RETURNS (list): The ids of each.
        """
        return [self.ids(text) for text in texts]
