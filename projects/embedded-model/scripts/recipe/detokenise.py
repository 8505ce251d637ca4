"""Text as people write it, from the tokens that corpora ship."""

import re
from collections.abc import Sequence

from .rows import Span

WRITTEN = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
    "``": '"',
    "''": '"',
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
}
NO_BLANK_BEFORE = re.compile(
    r"(?:[,.;:!?)\]}%°…]+|''|n['’]t|['’](?:s|S|m|M|re|RE|ve|VE|ll|LL|d|D|t|em|am)|[®™]|,\"|\.\")$"
)
NO_BLANK_AFTER = re.compile(r"(?:[(\[{$£€¥#]|[A-Z]{1,2}\$|¿|¡)$")
CONTRACTED = frozenset(("s", "t", "d", "m", "ll", "re", "ve"))
WORD = re.compile(r"[^\W_]")
DIGITS = re.compile(r"\d+$")


def detokenise(
    tokens: Sequence[str], spans: Sequence[tuple[int, int, str]], *, split_hyphens: bool = False
) -> tuple[str, list[tuple[int, int, str]]]:
    """Join tokens into a text.

    tokens (Sequence): The tokens.
    spans (Sequence): First token, token after the last, and label of each mention.
    split_hyphens (bool): Whether the corpus splits at every mark, inside words too, as corpora of
        biomedical text do ("K - ras", "6 . 1").
    RETURNS (tuple): The text, and the mentions with offsets in it.
    """
    text, offsets = join(tokens, split_hyphens=split_hyphens)
    found = [(offsets[a][0], offsets[b - 1][1], label) for a, b, label in spans]
    return text, found


def join(tokens: Sequence[str], *, split_hyphens: bool = False) -> tuple[str, list[Span]]:
    """Join tokens with blanks where people write them.

    tokens (Sequence): The tokens.
    split_hyphens (bool): See `detokenise`.
    RETURNS (tuple): The text, and start and end of each token in it.
    """
    written = [WRITTEN.get(token, token) for token in tokens]
    quotes = _opening_quotes(written)
    text, offsets = "", []
    for i, token in enumerate(written):
        if text and _blank_between(written, i, quotes, split_hyphens):
            text += " "
        offsets.append((len(text), len(text) + len(token)))
        text += token
    return text, offsets


def _opening_quotes(tokens: Sequence[str]) -> dict[int, bool]:
    """RETURNS (dict): For each quotation mark, whether it opens a quotation."""
    quotes: dict[int, bool] = {}
    for mark in ('"', "'"):
        opened = False
        for i, token in enumerate(tokens):
            if token != mark:
                continue
            if mark == "'" and not opened and _is_possessive(tokens, i):
                quotes[i] = False
                continue
            opened = not opened
            quotes[i] = opened
    for i, token in enumerate(tokens):
        if token in "“‘«" and len(token) == 1:
            quotes[i] = True
        elif token in "”’»" and len(token) == 1:
            quotes[i] = False
    return quotes


def _is_possessive(tokens: Sequence[str], i: int) -> bool:
    return i > 0 and tokens[i - 1].endswith(("s", "S")) and "'" not in tokens[i + 1 : i + 12]


def _blank_between(
    tokens: Sequence[str], i: int, quotes: dict[int, bool], split_hyphens: bool
) -> bool:
    left, right = tokens[i - 1], tokens[i]
    if quotes.get(i - 1) is True or quotes.get(i) is False:
        return False
    if left in "'’" and right.lower() in CONTRACTED and i > 1:
        return False
    if NO_BLANK_AFTER.match(left) or NO_BLANK_BEFORE.match(right):
        # "7 : 30" and "6 . 1" are taken up below; "..." after a blank is as people write it.
        return False
    if left == "@" or (right == "/" or left == "/"):
        return False
    before = tokens[i - 2] if i > 1 else ""
    after = tokens[i + 1] if i + 1 < len(tokens) else ""
    if right in "-–" and WORD.search(left) and WORD.search(after):
        return not (split_hyphens or (DIGITS.match(left) and DIGITS.match(after)))
    if left in "-–" and WORD.search(before) and WORD.search(right):
        return not (split_hyphens or (DIGITS.match(before) and DIGITS.match(right)))
    if left in ".:," and len(left) == 1 and DIGITS.match(before) and DIGITS.match(right):
        return not (split_hyphens or left == ":")
    return True
