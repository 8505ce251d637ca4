"""Checks of numbers that somebody set; each error names the key, the value and the remedy."""

from typing import Any


def is_number(value: Any) -> bool:
    """RETURNS (bool): Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_count(key: str, value: Any, least: int) -> None:
    """Refuse what is no whole number.

    key (str): What to call it in errors.
    value (Any): The value.
    least (int): The smallest that may be.
    RAISES (ValueError): If it is none, or a smaller one.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{key}: {value!r} is no whole number from {least} on; give one")


def check_share(key: str, value: Any, *, below_one: bool = False) -> None:
    """Refuse what is no share.

    key (str): What to call it in errors.
    value (Any): The value.
    below_one (bool): Whether 1 is too much.
    RAISES (ValueError): If it is no number from 0 to 1.
    """
    if not is_number(value) or not 0 <= value <= 1 or (below_one and value == 1):
        top = "below 1" if below_one else "1"
        raise ValueError(f"{key}: {value!r} is no number from 0 to {top}; give one")
