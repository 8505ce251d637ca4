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
