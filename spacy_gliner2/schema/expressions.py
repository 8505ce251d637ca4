"""Regular expressions: the syntax of the `regex` library, the flags of `re`."""

import functools
import re

import regex

_FLAGS = {
    re.IGNORECASE: regex.IGNORECASE,
    re.MULTILINE: regex.MULTILINE,
    re.DOTALL: regex.DOTALL,
    re.VERBOSE: regex.VERBOSE,
    re.ASCII: regex.ASCII,
}

_ALWAYS = regex.UNICODE | regex.VERSION0
"""What an expression has that was compiled without flags."""


def flags_of(compiled: "re.Pattern[str] | regex.Pattern[str]") -> int:
    """Tell the flags of a compiled expression, whichever library compiled it.

    compiled (Pattern): The compiled expression.
    RETURNS (int): Its flags as in `re`.
    RAISES (ValueError): If it has one that `re` does not have.
    """
    if isinstance(compiled, re.Pattern):
        return compiled.flags & ~int(re.UNICODE)
    rest, flags = compiled.flags & ~int(_ALWAYS), 0
    for ours, theirs in _FLAGS.items():
        if rest & theirs:
            rest, flags = rest & ~int(theirs), flags | int(ours)
    if rest:
        raise ValueError(
            f"pattern: {compiled.pattern!r} is compiled with {regex.RegexFlag(rest)!r}, which a "
            "schema cannot hold; write the flag into the pattern, as in '(?V1)'"
        )
    return flags


@functools.lru_cache(maxsize=1024)
def compile_expression(pattern: str, flags: int) -> "regex.Pattern[str]":
    """Compile an expression, or take it as it was compiled before.

    pattern (str): The expression.
    flags (int): Flags as in `re`.
    RETURNS (Pattern): The compiled expression.
    RAISES (regex.error): If it is none.
    """
    given = re.RegexFlag(flags)
    known = (theirs for ours, theirs in _FLAGS.items() if given & ours)
    return regex.compile(pattern, functools.reduce(lambda a, b: a | b, known, 0))
