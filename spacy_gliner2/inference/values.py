"""The value of a typed field, from the words in the text."""

import functools
import math
import re
from datetime import date, datetime
from typing import Any

from ..extraction import ParsedValue


def parse_value(text: str, dtype: str) -> ParsedValue | None:
    """Read a value out of a text.

    text (str): The words.
    dtype (str): "float", "int", "bool" or "date".
    RETURNS (ParsedValue): The value; None if the text does not say it fully and plainly.
    """
    text = text.strip()
    if not text:
        return None
    parsers = {"float": _float, "int": _int, "bool": _bool, "date": _date}
    return parsers[dtype](text)


def _float(text: str) -> float | None:
    import price_parser

    if not any(character.isdigit() for character in text):
        return None
    text = text.replace("−", "-").replace("%", " ")
    try:
        value = float(text)
    except ValueError:
        price = price_parser.parse_price(text)
        if price.amount is None or _says_more(text, price.amount_text):
            return None
        value = float(price.amount)
        value = -value if text.lstrip("( ").startswith("-") and value > 0 else value
    return value if math.isfinite(value) else None


_SCALES = re.compile(
    r"(?<![^\W\d_])(?:k|m|mn|mm|mio|mln|bn|b|mrd|tn|dozens?|hundreds?|thousands?|millions?|billions?"
    r"|trillions?|tausend|million(?:en)?|milliarden?|mille|milliers?|milliards?|mil|miles|millones"
    r"|lakhs?|crores?)(?![^\W\d_])|[십백천만억조千百十万億兆亿]",
    re.IGNORECASE,
)


def _says_more(text: str, number: str) -> bool:
    """Tell whether a text holds more than a number and its unit, as "1/2" and "12 million" do."""
    before, _, after = text.partition(number)
    rest = f"{before} {after}"
    return any(c.isdigit() for c in rest) or _SCALES.search(rest) is not None


def _int(text: str) -> int | None:
    value = _float(text)
    return int(value) if value is not None and value == int(value) else None


def _bool(text: str) -> bool | None:
    from pydantic import ValidationError

    try:
        found: bool = _bool_adapter().validate_python(text.lower())
    except ValidationError:
        return None
    return found


@functools.cache
def _bool_adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(bool)


def _date(text: str) -> date | None:
    found: datetime | None = _date_parser().get_date_data(text).date_obj
    return None if found is None else found.date()


@functools.cache
def _date_parser() -> Any:
    """Make a parser that takes a date only if day, month and year are there: it invents nothing."""
    from dateparser.date import DateDataParser

    settings = {"REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]}
    return DateDataParser(settings=settings)
