"""Regular expressions that mentions must satisfy, run under a time limit."""

import functools
import re
import warnings
from collections.abc import Sequence

import regex

from ..schema import Validator

TIME_LIMIT = 0.25
"""Seconds that one match may take."""

_FLAGS = {
    re.IGNORECASE: regex.IGNORECASE,
    re.MULTILINE: regex.MULTILINE,
    re.DOTALL: regex.DOTALL,
    re.VERBOSE: regex.VERBOSE,
    re.ASCII: regex.ASCII,
}


def satisfies(validators: Sequence[Validator], text: str) -> bool:
    """Tell whether a text satisfies all validators.

    validators (Sequence): The validators.
    text (str): The text of a mention.
    RETURNS (bool): Whether it does. A match that takes too long is reported once, and decided by
        the validator's `on_timeout`.
    """
    return all(_satisfies(validator, text) for validator in validators)


def _satisfies(validator: Validator, text: str) -> bool:
    pattern = _compile(validator.pattern, validator.flags)
    match = pattern.fullmatch if validator.mode == "full" else pattern.search
    try:
        found = match(text, timeout=TIME_LIMIT) is not None
    except TimeoutError:
        _report(validator.pattern)
        return validator.on_timeout == "keep"
    return found != validator.exclude


@functools.lru_cache(maxsize=1024)
def _compile(pattern: str, flags: int) -> "regex.Pattern[str]":
    given = re.RegexFlag(flags)
    known = (theirs for ours, theirs in _FLAGS.items() if given & ours)
    return regex.compile(pattern, functools.reduce(lambda a, b: a | b, known, 0))


@functools.lru_cache(maxsize=1024)
def _report(pattern: str) -> None:
    """Warn once for each pattern."""
    warnings.warn(
        f"the validator {pattern!r} took longer than {TIME_LIMIT} s for a mention, which its "
        "on_timeout decided; rewrite the pattern without nested repetition",
        stacklevel=4,
    )
