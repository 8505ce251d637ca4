"""Regular expressions that mentions must satisfy, run under a time limit."""

import functools
import warnings
from collections import Counter
from collections.abc import Sequence

from ..schema import Validator
from ..schema.expressions import compile_expression

TIME_LIMIT = 0.25
"""Seconds that one match may take."""

MOST_TIMEOUTS = 4
"""How often a validator may reach the limit in one text before it is run there no more."""


class Patterns:
    """Runs the validators of one text, and keeps account of those that take too long."""

    def __init__(self) -> None:
        self._timeouts: Counter[Validator] = Counter()

    def satisfied(self, validators: Sequence[Validator], text: str) -> bool:
        """Tell whether a mention satisfies all validators.

        validators (Sequence): The validators.
        text (str): The mention's text.
        RETURNS (bool): Whether it does. A match that takes too long is reported once, and decided
            by the validator's `on_timeout`.
        """
        return all(self._satisfied(validator, text) for validator in validators)

    def _satisfied(self, validator: Validator, text: str) -> bool:
        pattern = compile_expression(validator.pattern, validator.flags)
        match = pattern.fullmatch if validator.mode == "full" else pattern.search
        try:
            if self._timeouts[validator] < MOST_TIMEOUTS:
                return (match(text, timeout=TIME_LIMIT) is not None) != validator.exclude
        except TimeoutError:
            self._timeouts[validator] += 1
            _report(validator.pattern)
        return validator.on_timeout == "keep"


@functools.lru_cache(maxsize=1024)
def _report(pattern: str) -> None:
    """Warn once for each pattern."""
    warnings.warn(
        f"the validator {pattern!r} took longer than {TIME_LIMIT} s for a mention; its on_timeout "
        f"decides about that mention, and after {MOST_TIMEOUTS} of them about all that follow in "
        "the text; rewrite the pattern without nested repetition",
        stacklevel=4,
    )
