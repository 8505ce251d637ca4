"""Parts of schemas, in the form of plain data, for every option that a schema has."""

from typing import Any

Part = Any

ENTITIES: tuple[Part, ...] = (
    ["person"],
    ["person", "location"],
    ["company", "person", "product", "location", "date", "amount of money"],
    {"city": "Names of cities", "country": "Names of countries"},
    {"person": {"description": "People, by name", "threshold": 0.3}, "organisation": {}},
    {"person": {"dtype": "str"}, "place": {"dtype": "str", "threshold": 0.2}},
    {"anything": {"threshold": 0.05}, "nothing": {"threshold": 0.999}},
    {"e-mail": "Mail addresses", "URL": {"description": "Links", "threshold": 0.1}},
    {"약제명": {"description": "약의 이름"}, "질병명": {}, "환자": {"dtype": "str"}},
    {"US$ [amount]": "Money: in dollars", "# of items": {"threshold": 0.4}, "A = B": {}},
    {"number": {"validators": [{"pattern": r"\d+"}], "threshold": 0.2}},
    {
        "capitalised": {
            "validators": [{"pattern": r"^[A-Z]", "mode": "partial", "flags": 0}],
            "threshold": 0.2,
        },
        "two words": {
            "dtype": "str",
            "validators": [{"pattern": r"\S+ \S+"}, {"pattern": r"\d", "mode": "partial"}],
        },
        "not paris": {"validators": [{"pattern": "paris", "exclude": True}], "threshold": 0.3},
    },
    ["Ort", "Straße", "Ämter & Behörden", "Person (natürliche)"],
    ["head", "tail"],
    [f"label {n}" for n in range(12)],
)

STRUCTURES: tuple[Part, ...] = (
    {"product": {"fields": [{"name": "name", "dtype": "str"}, {"name": "price"}]}},
    {
        "purchase": {
            "fields": [
                {"name": "item", "dtype": "str", "description": "What was bought"},
                {"name": "colour", "dtype": "str", "choices": ["red", "dark blue", "Green"]},
                {"name": "buyers", "dtype": "list", "threshold": 0.3},
            ]
        }
    },
    {
        "meeting": {
            "fields": [
                {"name": "kind", "choices": ["formal", "informal", "by phone"], "threshold": 0.2},
                {"name": "mood", "dtype": "str", "choices": ["good", "bad"], "threshold": 0.1},
                {"name": "place", "dtype": "str", "threshold": 0.1},
            ]
        }
    },
    {
        "car": {
            "fields": [
                {"name": "paint", "choices": ["white", "black", "silver"]},
                {"name": "maker", "dtype": "str"},
            ]
        },
        "bike": {
            "fields": [
                {"name": "frame", "dtype": "str", "choices": ["steel", "carbon fibre"]},
                {"name": "rider", "dtype": "str", "threshold": 0.4},
                {"name": "wheels", "choices": ["26", "28 inch"], "threshold": 0.0},
            ]
        },
    },
    {
        "event": {
            "fields": [
                {"name": "date", "dtype": "str", "validators": [{"pattern": r".*\d.*"}]},
                {
                    "name": "participants",
                    "description": "Everybody who took part",
                    "threshold": 0.2,
                    "validators": [{"pattern": r"[\d\W]+", "exclude": True}],
                },
            ]
        }
    },
    {
        "심사사례": {
            "fields": [{"name": n, "dtype": "str"} for n in ("환자정보", "심사결과", "결정사유")]
        }
    },
    {
        "flight": {
            "fields": [{"name": "number", "dtype": "str"}, {"name": "from"}, {"name": "to"}]
        },
        "seat": {"fields": [{"name": "row", "dtype": "str", "threshold": 0.6}]},
        "meal": {"fields": [{"name": "dish"}, {"name": "drink", "threshold": 0.05}]},
    },
    {"edge": {"fields": [{"name": "head", "dtype": "str"}, {"name": "tail", "dtype": "str"}]}},
    {"only choices": {"fields": [{"name": "size", "dtype": "str", "choices": ["S", "M", "XL"]}]}},
    {"wide": {"fields": [{"name": f"field {n}"} for n in range(8)]}},
)

RELATIONS: tuple[Part, ...] = (
    ["lives_in"],
    ["works for", "founded", "located in"],
    {"born in": "Where somebody was born", "died in": "Where somebody died"},
    {"manufactures": {"description": "Makes, in a plant", "threshold": 0.2}, "owns": {}},
    {"knows": {"threshold": 0.05}, "met": {"threshold": 0.3}, "hates": {"threshold": 0.95}},
    ["TREATS", "APPROVES", "APPLIES_TO", "AMENDS"],
    {"a: b": "with: colons", "is $5 of": {"threshold": 0.25}},
    [f"relation {n}" for n in range(6)],
)

CLASSIFICATIONS: tuple[Part, ...] = (
    [{"task": "sentiment", "labels": ["positive", "negative", "neutral"]}],
    [{"task": "urgent", "labels": ["yes", "no"], "class_act": "sigmoid"}],
    [{"task": "topics", "labels": ["sport", "money", "travel"], "multi_label": True}],
    [
        {
            "task": "topics",
            "labels": {
                "sport": "Games and matches",
                "money": "Prices and sales",
                "art": "Paintings",
            },
            "multi_label": True,
            "cls_threshold": 0.2,
            "top_k": 2,
        }
    ],
    [
        {
            "task": "intent",
            "labels": ["buy", "sell", "complain"],
            "prompt": "What does the writer want?",
            "examples": [["I want my money back", "complain"], ["Two tickets, please", "buy"]],
        }
    ],
    [
        {"task": "sent", "labels": ["a", "b"]},
        {"task": "sentiment", "labels": ["x", "y", "z"], "class_act": "softmax"},
    ],
    [
        {
            "task": "labels that share",
            "labels": [f"class {n}" for n in range(10)],
            "multi_label": True,
            "class_act": "softmax",
            "cls_threshold": 0.1,
            "top_k": 3,
        }
    ],
    [
        {"task": "Sprache", "labels": ["Deutsch", "Französisch", "한국어"]},
        {"task": "none at all", "labels": ["p", "q"], "multi_label": True, "cls_threshold": 1.0},
        {"task": "all of them", "labels": ["r", "s"], "multi_label": True, "cls_threshold": 0.0},
    ],
    [
        {
            "task": "tone",
            "labels": {"calm": "Says it quietly", "angry": None, "odd": "Says strange things"},
            "prompt": "How does it sound?",
            "examples": [["Leave me alone!", "angry"]],
            "multi_label": True,
            "top_k": 1,
        }
    ],
)

PARTS = {
    "entities": ENTITIES,
    "structures": STRUCTURES,
    "relations": RELATIONS,
    "classifications": CLASSIFICATIONS,
}
