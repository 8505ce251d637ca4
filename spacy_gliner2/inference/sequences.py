"""What goes through the model at once: a prompt and one window of words, as token ids."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from .prompt import Prompt
from .windows import Window


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """A prompt and the words of a window.

    prompt (Prompt): The prompt, whose ids come first.
    ids (tuple): The ids of the words.
    rows (tuple): First position and number of the tokens of each row that spans are made of:
        those of the prompt's prefix, then the words.
    """

    prompt: Prompt
    ids: tuple[int, ...]
    rows: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.prompt.ids) + len(self.ids)


def make_sequence(
    prompt: Prompt, words: Sequence[tuple[int, ...]], window: Window
) -> TokenSequence:
    """Put a prompt and a window's words together.

    prompt (Prompt): The prompt.
    words (Sequence): The ids of each word of the text.
    window (Window): Which of the words to take.
    RETURNS (TokenSequence): The sequence.
    """
    picked = words[window.start : window.end]
    position = len(prompt.ids)
    end = position + sum(map(len, picked))
    rows = list(prompt.prefix)
    for ids in picked:
        rows.append((position, len(ids)))
        position += len(ids)
    # A row without tokens takes the next one in its place, so that rows and words stay 1:1.
    rows = [(min(first, end - 1), 1) if size == 0 else (first, size) for first, size in rows]
    return TokenSequence(prompt, tuple(chain.from_iterable(picked)), tuple(rows))


def make_batches(lengths: Sequence[int], max_items: int) -> Iterator[list[int]]:
    """Group sequences of like length into batches of bounded size.

    lengths (Sequence): Number of tokens of each sequence.
    max_items (int): Most tokens of a batch; a longer sequence is a batch by itself.
    YIELDS (list): The sequences of a batch, by index.
    """
    batch: list[int] = []
    used = 0
    for index in _by_length(lengths):
        if batch and used + lengths[index] > max_items:
            yield batch
            batch, used = [], 0
        batch.append(index)
        used += lengths[index]
    if batch:
        yield batch


def _by_length(lengths: Sequence[int]) -> Iterable[int]:
    return sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
