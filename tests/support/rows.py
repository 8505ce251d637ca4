"""Rows as `extract` writes them, made by hand so that tests of pictures and files need no model."""

from typing import Any

PRESS = (
    "Apple CEO Tim Cook announced the iPhone 15 in Cupertino on Tuesday. "
    "It costs $799 and comes in black and blue."
)
HOSTILE = "Tags such as <script>alert(1)</script> and <b>bold</b> stay text & nothing more."
SCRIPT = "<script>document.title = 'run'</script>"


def spot(text: str, part: str, **more: Any) -> dict[str, Any]:
    """Anything with offsets: the first occurrence of a part of the text."""
    start = text.index(part)
    return {"text": part, "start": start, "end": start + len(part), **more}


def press_row() -> dict[str, Any]:
    """A row with everything: overlaps, relations both ways, a record with every kind of value."""
    return {
        "id": "news-41",
        "text": PRESS,
        "entities": [
            spot(PRESS, "Apple CEO Tim Cook", label="role", score=0.61),
            spot(PRESS, "Apple", label="company", score=0.98),
            spot(PRESS, "CEO Tim", label="company", score=0.31),
            spot(PRESS, "Tim Cook", label="person", score=0.99),
            spot(PRESS, "Cupertino", label="location", score=0.97),
        ],
        "cats": {"positive": 0.71, "negative": 0.04, "neutral": 0.25},
        "relations": [
            {
                "label": "works_for",
                "score": 0.93,
                "head": spot(PRESS, "Tim Cook", label="person", score=0.95),
                "tail": spot(PRESS, "Apple", label="company", score=0.93),
            },
            {
                "label": "costs",
                "score": 0.4,
                "head": spot(PRESS, "iPhone 15", label=None, score=0.9),
                "tail": spot(PRESS, "$799", label=None, score=0.4),
            },
        ],
        "structures": {
            "product_info": [
                {
                    "name": spot(PRESS, "iPhone 15", score=0.94),
                    "price": spot(PRESS, "$799", score=0.9, value=799.0),
                    "colours": [spot(PRESS, "black", score=0.88), spot(PRESS, "blue", score=0.5)],
                    "kind": {"text": "phone", "score": 0.97},
                    "vendor": None,
                }
            ]
        },
    }


def hostile_row() -> dict[str, Any]:
    """A row in which every text that a user can give is a piece of HTML."""
    return {
        "title": SCRIPT,
        SCRIPT: SCRIPT,
        "text": HOSTILE,
        "entities": [spot(HOSTILE, "<b>bold</b>", label=SCRIPT, score=0.5)],
        "cats": {SCRIPT: 0.6, 'a"b': 0.4},
        "relations": [
            {
                "label": SCRIPT,
                "score": 0.9,
                "head": spot(HOSTILE, "Tags", label=SCRIPT),
                "tail": spot(HOSTILE, "<script>alert(1)</script>", label=None),
            }
        ],
        "structures": {SCRIPT: [{SCRIPT: spot(HOSTILE, "nothing", score=0.9)}]},
    }


def empty_row() -> dict[str, Any]:
    """A row in which nothing was found."""
    return {"text": "Nobody came.", "entities": [], "cats": {}, "relations": [], "structures": {}}
