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
    if not any(character.isdigit() for character in text) or "_" in text:
        return None
    text = _GROUPS.sub("", text.translate(_DASHES)).replace("%", " ")
    try:
        value: float | None = float(text)
    except ValueError:
        value = _float_among_words(text)
    return value if value is not None and math.isfinite(value) else None


_DASHES = str.maketrans("−–", "--")
_GROUPS = re.compile(r"(?<=\d)['’](?=\d{3}(?!\d))")
_THREE_DIGITS = re.compile(r"(?<![\d.,])(\d{0,3})([.,])\d{3}(?![.,]?\d)")
_NEGATIVE = re.compile(r"^\W*-\W*$|(?<!\w)-[^\w\s]*$")


def _float_among_words(text: str) -> float | None:
    """Read a number with its unit or currency.

    One separator and three digits after it may be a fraction or a group of thousands: a fraction
    after a zero (0.125 mg), thousands with a comma (2,500 kg) or a currency (1.299 €), and else
    nobody knows (2.500 kg).
    """
    import price_parser

    price = price_parser.parse_price(text)
    found = _THREE_DIGITS.search(text)
    if found is not None:
        whole, mark = found.groups()
        if whole.startswith("0") or not whole:
            text = text[: found.start()] + "0" + text[found.start() :]
            price = price_parser.parse_price(text, decimal_separator=mark)
        elif mark == "." and price.currency is None:
            return None
    if price.amount is None or _says_more(text, price.amount_text):
        return None
    before, _, _ = text.partition(price.amount_text)
    return -float(price.amount) if _NEGATIVE.search(before) else float(price.amount)


_SCALES = re.compile(
    r"(?<![^\W\d_])(?:k|m|mn|mm|mio|mln|bn|b|mrd|tn|dozens?|hundreds?|thousands?|millions?|billions?"
    r"|trillions?|tausend|million(?:en)?|milliarden?|mille|milliers?|milliards?|mil|miles|millones"
    r"|lakhs?|crores?|minus|half)(?![^\W\d_])|[십백천만억조千百十万億兆亿]",
    re.IGNORECASE,
)


def _says_more(text: str, number: str) -> bool:
    """Tell whether a text holds more than a number and its unit, as "1/2" and "12 million" do."""
    before, _, after = text.partition(number)
    rest = f"{before} {after}"
    return any(c.isnumeric() for c in rest) or _SCALES.search(rest) is not None


def _int(text: str) -> int | None:
    if _THREE_DIGITS.fullmatch(text.lstrip("+-")) and "." in text:
        return None  # a whole number in groups of thousands, or a fraction
    value = _float(text)
    if value is None or not value.is_integer() or abs(value) > _LARGEST_INT:
        return None
    return int(value)


_LARGEST_INT = 2**53
"""Above it a float, which numbers are read as, is not exact."""


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
    try:
        text = _YEAR_LAST.sub(_iso_of_year_last, _YEAR_FIRST.sub(_iso_of_year_first, text))
    except ValueError:  # no such day, or one of two
        return None
    found: datetime | None = _date_parser().get_date_data(text).date_obj
    return None if found is None else found.date()


_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([-/.]) ?(\d{1,2})\2 ?(\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.]) ?(\d{1,2})\2 ?(\d{4}|\d{2})(?!\d)")


def _iso_of_year_first(match: "re.Match[str]") -> str:
    year, _, month, day = match.groups()
    return date(int(year), int(month), int(day)).isoformat()


def _iso_of_year_last(match: "re.Match[str]") -> str:
    """Write 31.12.2019 as 2019-12-31; with a slash or a dash, 3/4/2019 may be either day."""
    first, mark, second, year = match.groups()
    day_first = mark == "." or int(first) > 12 or first == second
    if not day_first and int(second) <= 12:
        raise ValueError("one of two days")
    day, month = (first, second) if day_first else (second, first)
    form = "%d %m %Y" if len(year) == 4 else "%d %m %y"
    return datetime.strptime(f"{day} {month} {year}", form).date().isoformat()


@functools.cache
def _date_parser() -> Any:
    """Make a parser that takes a date only if day, month and year are there: it invents nothing."""
    from dateparser.date import DateDataParser

    settings = {"REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]}
    return DateDataParser(settings=settings)
