"""Long texts in overlapping windows that the model can read at once."""

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST_CAPACITY = 16
"""Fewest tokens that the prompt must leave to the text."""

LARGEST_CAPACITY = 4096
"""Most tokens of a window's words where the encoder sets no limit, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Window:
    """A run of words that is read at once.

    start (int): Its first word.
    end (int): The word after its last.
    """

    start: int
    end: int


def make_windows(
    lengths: Sequence[int], *, window: int, stride: int, capacity: int, max_width: int
) -> list[Window]:
    """Cover all words with windows; two neighbours share enough words for any span to fit in one.

    lengths (Sequence): Number of tokens of each word, none above the capacity.
    window (int): Most words of a window.
    stride (int): Words from the start of one window to the start of the next; fewer where the
        two would not share as many words as a span may have.
    capacity (int): Most tokens of a window. Where it makes windows shorter, they share fewer
        words, but no fewer than a span may have.
    max_width (int): Most words of a span.
    RETURNS (list): The windows in order; at least one unless there are no words.
    """
    windows = []
    start = 0
    shared = max(window - stride, max_width - 1)
    while start < len(lengths):
        end = _end(lengths, start, window, capacity)
        windows.append(Window(start, end))
        if end == len(lengths):
            break
        overlap = min(shared, max(max_width - 1, (end - start) // 4))
        if end - start == window:
            overlap = shared
        start = max(start + 1, end - overlap)
    return windows


def _end(lengths: Sequence[int], start: int, window: int, capacity: int) -> int:
    end = min(start + window, len(lengths))
    used = 0
    for i in range(start, end):
        used += lengths[i]
        if used > capacity and i > start:
            return i
    return end


def text_capacity(max_positions: int | None, prompt_length: int) -> int:
    """Tell how many tokens the prompt leaves to the text.

    max_positions (int): Most tokens that the encoder reads, None for any number.
    prompt_length (int): Tokens of the prompt.
    RETURNS (int): Most tokens of a window's words.
    RAISES (ValueError): If hardly any are left.
    """
    if max_positions is None:
        return LARGEST_CAPACITY
    capacity = max_positions - prompt_length
    if capacity < SMALLEST_CAPACITY:
        raise ValueError(
            f"schema: takes {prompt_length} of the {max_positions} tokens that this checkpoint's "
            f"encoder reads at once, and the text needs at least {SMALLEST_CAPACITY}; use fewer or "
            "shorter labels, descriptions and examples, or several components"
        )
    return capacity
