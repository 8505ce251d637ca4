"""Texts and schemas on which both implementations must agree; the same ones in every run."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
SchemaDict = dict[str, Any]

KINDS = ("entities", "structures", "relations", "classifications")
COMBINATIONS = tuple(kinds for size in range(1, 5) for kinds in itertools.combinations(KINDS, size))


@dataclass(frozen=True)
class Case:
    """A text, what to extract from it and the threshold of the call."""

    text: str
    schema: SchemaDict
    threshold: float


SENTENCES = (
    "Tim Cook, the CEO of Apple, met Angela Merkel in Berlin on 3 May 2019.",
    "Dr. Anna-Maria O'Neill joined Siemens AG in Munich for €95,000 a year!",
    "Write to jane.doe+news@mail.example.co.uk or call +44 20 7946 0958?",
    "See https://example.com/a/b?q=1&r=2#top, then www.example.org/docs.",
    "The flight LH-454 from Frankfurt to San Francisco was delayed by 3.5 hours.",
    "@acme_corp says: order #4711 (2x coffee, 1x tea) costs $12.50 - cheap!",
    "Great phone 😀 but the battery 🔋 died after two days 👎🏽",
    "Barack Obama was born in Honolulu; Michelle Obama was born in Chicago.",
    "Aspirin 100 mg twice daily lowered the patient's blood pressure by 8%.",
    "Google bought YouTube for 1.65 billion dollars in October 2006",
    "Die Deutsche Bahn verspätet sich laut Frau Müller-Lüdenscheidt in Köln häufig.",
    "Le président Emmanuel Macron a reçu François Hollande à l'Élysée hier soir",
    "El Ayuntamiento de Málaga anunció ayer que María José Peña dirigirá el museo.",
    "Il dottor Rossi lavora all'Ospedale San Raffaele di Milano dal 1998…",
    "Владимир Набоков родился в Санкт-Петербурге и умер в Монтрё",
    "Ο Γιώργος Παπαδόπουλος ζει στην Αθήνα και δουλεύει στην Τράπεζα.",
    "東京で田中太郎さんがトヨタの新車を買いました。",
    "北京的李雷在清华大学学习计算机科学。",
    "서울에서 김민수가 삼성전자에 입사했다.",
    "ولد نجيب محفوظ في القاهرة عام ١٩١١",
    "राहुल शर्मा दिल्ली में टाटा कंपनी में काम करते हैं।",
    "สมชายทำงานที่กรุงเทพฯ",
    "נעמי שמר נולדה בכינרת",
    "İstanbul'da yaşayan Ayşe Yılmaz Türk Hava Yolları'nda çalışıyor.",
    "Cafe\u0301 Zu\u0308rich hat e\u0301 gro\u00dfe STRASSE",
    "a_b-c d--e 3.14 $5,000 50% don't stop e.g. U.S.A.",
    'print(f"{x!r:>10}") # 100 %\tend',
    "MIXED case TeXt, ALL CAPS NAMES LIKE JOHN SMITH and lower case names like bob",
)

SHORT = (
    "",
    " ",
    "  \n\t ",
    ".",
    "!",
    "Paris",
    "Paris ",
    "go to Paris",
    "hello?",
    "😀",
    "https://example.com",
    "a@b.co",
    "x" * 60,
    "  leading and trailing blanks  ",
    "line one\nline two\r\nline three\n",
    "\u00a0Tim\u2003Cook\u00a0",
    'Is it?"',
    "50%",
    "-- -- --",
    "日本",
)

ENTITIES = {
    "person": "a human being",
    "company": "a business, such as Apple",
    "location": None,
    "city": "a town or city (not a country)",
    "date": "calendar dates; times too",
    "product": None,
    "email address": "an address for e-mail",
    "monetary amount": "money: 5 €, $3",
    "Event Name": None,
    "drug": "medicine",
    "ORG": None,
    "Krankheit": "eine Krankheit, auf Deutsch",
    "職業": None,
}
RELATIONS = {
    "works_for": "a person is employed by a company",
    "located in": None,
    "born in": "the place of birth",
    "bought": None,
    "ceo_of": "leads the company",
    "treats": None,
}
STRUCTURES: dict[str, dict[str, str | None]] = {
    "product_info": {"title": None, "price": "with the currency", "vendor": None},
    "employment": {"employee": "who works", "employer": None, "place": None, "salary": None},
    "travel booking": {"origin": None, "destination": "where to", "carrier": None},
    "prescription": {"medication": None, "dose": "amount per intake", "frequency": None},
}
CHOICES = {
    "product_info": ("stock", ("in stock", "sold out", "unknown")),
    "employment": ("contract", ("permanent", "temporary", "free-lance")),
    "travel booking": ("class", ("economy", "business", "first class")),
    "prescription": ("form", ("tablet", "syrup")),
}
TASKS: dict[str, dict[str, str | None]] = {
    "sentiment": {"positive": "good news", "negative": "bad news", "neutral": None},
    "topic": {"sports": None, "politics": None, "business news": None, "health": "medicine"},
    "intent": {"book": "order something", "cancel": None},
    "language style": {"formal": None, "informal": None, "slang": None, "legal": None, "odd": None},
}
EXAMPLES = {
    "sentiment": (("I love it", "positive"), ("What a mess!", "negative")),
    "topic": (("The match ended 3:1.", "sports"),),
    "intent": (("One ticket, please", "book"),),
    "language style": (("hey u", "slang"),),
}


def make_cases(count: int, seed: int = 0) -> list[Case]:
    """Make pairs of a text and a schema, all combinations of tasks in turn.

    count (int): How many.
    seed (int): Seed of the choices.
    RETURNS (list): The cases.
    """
    rng = random.Random(seed)
    texts = _texts(rng)
    combinations = itertools.cycle(COMBINATIONS)
    return [
        Case(next(texts), _schema(rng, next(combinations)), rng.choice((0.2, 0.3, 0.5, 0.5, 0.7)))
        for _ in range(count)
    ]


def _texts(rng: random.Random) -> Iterator[str]:
    """YIELDS (str): Mostly up to 60 words; now and then a short oddity or 200 words."""
    for n in itertools.count():
        if n % 8 == 7:
            yield SHORT[n // 8 % len(SHORT)]
        elif n % 67 == 66:
            yield _joined(rng, SENTENCES[:10], 200)
        else:
            yield _joined(rng, SENTENCES, rng.choice((1, 1, 15, 30, 50)))


def _joined(rng: random.Random, sentences: tuple[str, ...], words: int) -> str:
    picked = [rng.choice(sentences)]
    while sum(len(sentence.split()) for sentence in picked) < words:
        picked.append(rng.choice(sentences))
    return rng.choice((" ", " ", "  ", "\n")).join(picked)


def _schema(rng: random.Random, kinds: tuple[str, ...]) -> SchemaDict:
    makers: dict[str, Callable[[random.Random], Any]] = {
        "entities": _entities,
        "structures": _structures,
        "relations": _relations,
        "classifications": _classifications,
    }
    return {kind: makers[kind](rng) for kind in kinds}


def _pick(rng: random.Random, pool: dict[str, T], most: int) -> dict[str, T]:
    names = rng.sample(list(pool), rng.randint(1, min(most, len(pool))))
    return {name: pool[name] for name in names}


def _optional(rng: random.Random, **values: Any) -> dict[str, Any]:
    """Keep each of some values in about a third of all cases."""
    return {key: value for key, value in values.items() if value and rng.random() < 0.35}


def _entities(rng: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            **_optional(
                rng,
                description=description,
                dtype="str",
                threshold=rng.choice((0.1, 0.4, 0.6, 0.9)),
            ),
        }
        for label, description in _pick(rng, ENTITIES, 5).items()
    ]


def _relations(rng: random.Random) -> list[dict[str, Any]]:
    """Make relations with a description or a threshold: the reference drops one for the other."""
    found = []
    for label, description in _pick(rng, RELATIONS, 3).items():
        extra = _optional(rng, description=description)
        if not extra:
            extra = _optional(rng, threshold=rng.choice((0.1, 0.4, 0.6)))
        found.append({"label": label, **extra})
    return found


def _structures(rng: random.Random) -> list[dict[str, Any]]:
    return [
        {"name": name, "fields": _fields(rng, name, fields)}
        for name, fields in _pick(rng, STRUCTURES, 2).items()
    ]


def _fields(
    rng: random.Random, structure: str, names: dict[str, str | None]
) -> list[dict[str, Any]]:
    fields = [
        {
            "name": name,
            **_optional(
                rng, description=description, dtype="str", threshold=rng.choice((0.1, 0.4, 0.6))
            ),
        }
        for name, description in _pick(rng, names, 4).items()
    ]
    if rng.random() < 0.5:
        name, choices = CHOICES[structure]
        field = {"name": name, "choices": list(choices), **_optional(rng, dtype="str")}
        fields.insert(rng.randint(0, len(fields)), field)
    return fields


def _classifications(rng: random.Random) -> list[dict[str, Any]]:
    return [_task(rng, task, labels) for task, labels in _pick(rng, TASKS, 2).items()]


def _task(rng: random.Random, task: str, labels: dict[str, str | None]) -> dict[str, Any]:
    described = rng.random() < 0.35
    made: dict[str, Any] = {
        "task": task,
        "labels": [
            {"label": label, "description": description if described else None}
            for label, description in labels.items()
        ],
        **_optional(
            rng,
            prompt="Which one is it?",
            examples=[list(pair) for pair in EXAMPLES[task]],
            class_act=rng.choice(("sigmoid", "softmax", "auto")),
        ),
    }
    if rng.random() < 0.5:
        made["multi_label"] = True
        made.update(_optional(rng, cls_threshold=rng.choice((0.05, 0.3, 0.8)), top_k=2))
    return made
