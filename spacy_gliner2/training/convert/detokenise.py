"""Tokens of a treebank as people write them: `Inc .` as `Inc.`, `` `` a '' `` as `"a"`."""

import re
from collections.abc import Sequence

from ...inference.words import Offsets

WRITTEN = {
    "``": '"',
    "''": '"',
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
    "\\/": "/",
    "\\*": "*",
}
"""How people write what a treebank writes otherwise."""

_TO_LEFT = re.compile(
    r"""["']?[.,;:!?%)\]}»”。、，！？；：）」』…]+|-R[RSC]B-|['’](?:s|re|ve|ll|d|m)|n['’]t""",
    re.IGNORECASE,
)
_TO_RIGHT = re.compile(r"[(\[{$£€¥#«‘„¿¡（「『]+|-L[RSC]B-|[A-Z]{2}\$")
_TO_BOTH = re.compile(r"/|\\/")
_OPEN, _CLOSE = "``", "''"


def join_tokens(tokens: Sequence[str], blank: str = " ") -> tuple[str, list[Offsets]]:
    """Put tokens one after the other.

    tokens (Sequence): The tokens.
    blank (str): What comes between two of them.
    RETURNS (tuple): The text, and start and end of each token in it.
    """
    return _join(tokens, [blank] * len(tokens))


def detokenise(tokens: Sequence[str]) -> tuple[str, list[Offsets]]:
    """Write a sentence as people do: without blanks around punctuation, with plain quotes.

    tokens (Sequence): The tokens, as a treebank has them.
    RETURNS (tuple): The text, and start and end of each token in it.
    """
    left, right = _attached(tokens)
    blanks = ["" if i == 0 or left[i] or right[i - 1] else " " for i in range(len(tokens))]
    return _join([WRITTEN.get(token, token) for token in tokens], blanks)


def _join(tokens: Sequence[str], blanks: Sequence[str]) -> tuple[str, list[Offsets]]:
    """Put tokens one after the other, before each but the first its blank."""
    text = ""
    offsets = []
    for i, token in enumerate(tokens):
        text += (blanks[i] if i else "") + token
        offsets.append((len(text) - len(token), len(text)))
    return text, offsets


def _attached(tokens: Sequence[str]) -> tuple[list[bool], list[bool]]:
    """Tell for each token whether it belongs to the one before and to the one after."""
    left = [_TO_LEFT.fullmatch(t) is not None or _TO_BOTH.fullmatch(t) is not None for t in tokens]
    right = [
        _TO_RIGHT.fullmatch(t) is not None or _TO_BOTH.fullmatch(t) is not None for t in tokens
    ]
    for quotes in ((_OPEN, _CLOSE), ('"',), ("'",)):
        _pair(tokens, quotes, left, right)
    _pair_curly(tokens, left, right)
    for i in range(1, len(tokens) - 1):
        if tokens[i] in (".", ":") and tokens[i - 1].isdigit() and tokens[i + 1].isdigit():
            right[i] = True
    return left, right


def _pair(
    tokens: Sequence[str], quotes: tuple[str, ...], left: list[bool], right: list[bool]
) -> None:
    """Open and close quotes; a straight one opens and closes by turns if it has a partner."""
    places = [i for i, token in enumerate(tokens) if token in quotes]
    told_apart = tokens.count(_OPEN) == tokens.count(_CLOSE) and _OPEN in quotes
    for n, i in enumerate(places):
        by_turns = n % 2 == 0 and n + 1 < len(places)
        opens = tokens[i] == _OPEN if told_apart else by_turns
        (right if opens else left)[i] = True


def _pair_curly(tokens: Sequence[str], left: list[bool], right: list[bool]) -> None:
    """Take “ for the end of a quotation that „ began, and else for a beginning."""
    low = False
    for i, token in enumerate(tokens):
        if token == "“":
            (left if low else right)[i] = True
        if token in ("„", "“"):
            low = token == "„"
