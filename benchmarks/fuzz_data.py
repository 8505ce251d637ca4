"""Random input of every shape: texts, JSON, schemas, records, damaged checkpoints."""

import json
import random
import struct
from collections.abc import Mapping
from typing import Any

PIECES = (
    *(
        "Marie Curie",
        "Paris",
        "in 1891",
        "$5.00",
        "a",
        "A b",
        ".",
        "\n",
        " ",
        "\t",
        "é",
        "İ",
        "약제",
    ),
    *("😀", "\u200b", "\x00", "[E]", "[SEP_TEXT]", "a::b", "${x}", "(a+)+$", "@x", "//"),
    *("https://a.b/c", "x" * 70, "中文", "א", "\u202e", "%s", "{}", "\\", '"', "-", "||", "#", "="),
)
KEYS = (
    *("entities", "structures", "relations", "classifications", "label", "name", "task", "labels"),
    *("fields", "dtype", "choices", "description", "threshold", "validators", "pattern", "mode"),
    *("exclude", "flags", "on_timeout", "head", "tail", "multi_label", "cls_threshold", "top_k"),
    *(
        "class_act",
        "prompt",
        "examples",
        "value",
        "input",
        "output",
        "true_label",
        "json_structures",
    ),
)
LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 10**30, 0.5, -0.1, 1e308, float("inf"), float("nan")),
    *(
        "",
        " ",
        "str",
        "list",
        "float",
        "int",
        "date",
        "money",
        "softmax",
        "full",
        "partial",
        "(",
        "a+",
    ),
)


def random_text(rng: random.Random) -> str:
    """RETURNS (str): A text of none to a hundred pieces."""
    count = rng.choice((0, 1, 2, 3, 5, 8, 8, 20, 100 if rng.random() < 0.1 else 4))
    return rng.choice((" ", " ", "")).join(rng.choices(PIECES, k=count))


def any_json(rng: random.Random, depth: int = 3) -> Any:
    """RETURNS (Any): Data of any shape, not nested deeper than told."""
    kind = rng.random()
    if depth == 0 or kind < 0.4:
        return rng.choice(LEAVES) if rng.random() < 0.6 else random_text(rng)
    size = rng.randint(0, 3)
    if kind < 0.7:
        return [any_json(rng, depth - 1) for _ in range(size)]
    return {_key(rng): any_json(rng, depth - 1) for _ in range(size)}


def _key(rng: random.Random) -> str:
    return rng.choice(KEYS) if rng.random() < 0.7 else random_text(rng)


def random_schema(rng: random.Random) -> Any:
    """RETURNS (Any): A schema, as often right as wrong, or none at all."""
    if rng.random() < 0.1:
        return any_json(rng)
    data = {key: make(rng) for key, make in _SECTIONS.items() if rng.random() < 0.5}
    return mutate(data, rng) if rng.random() < 0.5 else data


def _name(rng: random.Random) -> str:
    return f"{rng.choice(('person', 'US$', 'a b', '약제', 'x: y', 'é'))} {rng.randint(0, 99)}"


def _entities(rng: random.Random) -> Any:
    names = [_name(rng) for _ in range(rng.choice((1, 1, 2, 3, 30)))]
    if rng.random() < 0.4:
        return names
    options = (
        "what it is",
        None,
        {"threshold": 0.1},
        {"dtype": "str"},
        {"validators": [{"pattern": "a+"}]},
    )
    return {name: rng.choice(options) for name in names}


def _field(rng: random.Random) -> Any:
    field: dict[str, Any] = {
        "name": _name(rng),
        "dtype": rng.choice(("str", "list", "float", "date")),
    }
    if field["dtype"] in ("str", "list") and rng.random() < 0.3:
        field["choices"] = ["small", "large"]
    return rng.choice((field, _name(rng), f"{_name(rng)}::str::what"))


_SECTIONS: dict[str, Any] = {
    "entities": _entities,
    "relations": lambda rng: [_name(rng) for _ in range(rng.randint(0, 3))],
    "structures": lambda rng: {_name(rng): [_field(rng) for _ in range(rng.randint(1, 3))]},
    "classifications": lambda rng: [
        {"task": _name(rng), "labels": ["yes", "no"], "multi_label": rng.random() < 0.5}
    ],
}


def mutate(data: Any, rng: random.Random) -> Any:
    """RETURNS (Any): The data with one thing in it changed, taken away or added."""
    if isinstance(data, dict) and data and rng.random() < 0.8:
        key = rng.choice(list(data))
        changed = {k: mutate(v, rng) if k == key else v for k, v in data.items()}
        if rng.random() < 0.2:
            del changed[key]
        if rng.random() < 0.2:
            changed[_key(rng)] = any_json(rng, 1)
        return changed
    if isinstance(data, list) and data and rng.random() < 0.8:
        place = rng.randrange(len(data))
        return [*data[:place], mutate(data[place], rng), *data[place + rng.randint(0, 1) :]]
    return any_json(rng, 2)


SCHEMA: dict[str, Any] = {
    "entities": [
        {
            "label": "person",
            "description": "who it is",
            "dtype": "str",
            "threshold": 0.3,
            "validators": [
                {"pattern": "a+", "mode": "full", "exclude": False, "on_timeout": "keep"}
            ],
        },
        {"label": "place"},
    ],
    "structures": [
        {
            "name": "product",
            "fields": [
                {"name": "price", "dtype": "float", "threshold": 0.2},
                {"name": "size", "dtype": "str", "choices": ["small", "large"]},
            ],
        }
    ],
    "relations": [{"label": "lives in", "head": ["person"], "tail": ["place"], "threshold": 0.1}],
    "classifications": [
        {
            "task": "tone",
            "labels": [{"label": "calm"}, {"label": "angry"}],
            "multi_label": True,
            "cls_threshold": 0.4,
            "top_k": 2,
            "class_act": "softmax",
            "prompt": "how it sounds",
            "examples": [["all is well", "calm"]],
        }
    ],
}
"""A schema with every option, in the list form."""


def one_fault(rng: random.Random) -> tuple[Any, list[str | int], Any]:
    """RETURNS (tuple): A right schema with one value replaced, its place, and the new value.

    What refers to the replaced value is left out, so that the fault is nowhere else.
    """
    path: list[str | int] = []
    data: Any = SCHEMA
    while isinstance(data, dict | list) and (not path or rng.random() < 0.8):
        step = rng.choice(list(data)) if isinstance(data, dict) else rng.randrange(len(data))
        path.append(step)
        data = data[step]
    value = any_json(rng, 2)
    if value is None:
        value = [None]  # none alone would leave the key out
    changed = _replaced(SCHEMA, path, value)
    if path[0] == "entities":
        changed = {**changed, "relations": []}
    if "labels" in path:
        changed["classifications"][0].pop("examples")
    return changed, path, value


def _replaced(data: Any, path: list[str | int], value: Any) -> Any:
    if not path:
        return value
    changed = dict(data) if isinstance(data, dict) else list(data)
    changed[path[0]] = _replaced(data[path[0]], path[1:], value)
    return changed


TEXT = "Tim Cook runs Apple. Tim Cook's iPhone costs $999."
RECORD: dict[str, Any] = {
    "input": TEXT,
    "output": {
        "entities": {"person": ["Tim Cook"], "city": []},
        "classifications": [{"task": "tone", "labels": ["calm", "angry"], "true_label": "calm"}],
        "json_structures": [
            {"product": {"name": "iPhone", "kind": {"value": "a", "choices": ["a", "b"]}}}
        ],
        "relations": [{"works_for": {"head": "Tim Cook", "tail": "Apple"}}],
    },
}


def random_record(rng: random.Random) -> bytes:
    """RETURNS (bytes): A line of a corpus, as often right as wrong."""
    data: Any = RECORD
    for _ in range(rng.choice((0, 1, 1, 2))):
        data = mutate(data, rng)
    line = json.dumps(data, ensure_ascii=rng.random() < 0.5).encode("utf8", "replace")
    if rng.random() < 0.1:
        line = flip(line, rng)
    return line if rng.random() < 0.95 else line[: rng.randrange(len(line) + 1)]


def flip(content: bytes, rng: random.Random) -> bytes:
    """RETURNS (bytes): The same with one to eight bytes changed."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


VALUES: tuple[Any, ...] = (
    *(
        0,
        -1,
        1,
        2,
        3,
        7,
        1.5,
        10**9,
        10**18,
        10**30,
        float("inf"),
        float("nan"),
        None,
        True,
        "",
        "x",
    ),
    *("bert", "deberta-v2", "t5", "../../etc", [], [1], {}, {"a": 1}),
)


def damage(files: Mapping[str, bytes], rng: random.Random) -> dict[str, bytes]:
    """RETURNS (dict): The files of a checkpoint with one of them damaged."""
    name = rng.choice(sorted(files))
    changed, content = dict(files), files[name]
    kind = rng.random()
    if kind < 0.25:
        changed[name] = flip(content, rng)
    elif kind < 0.35:
        changed[name] = content[: rng.randrange(len(content))]
    elif kind < 0.4:
        del changed[name]
    elif name.endswith("model.safetensors"):
        changed[name] = _damage_header(content, rng)
    else:
        data = json.loads(content)
        if name != "tokenizer.json" and rng.random() < 0.6:
            data[rng.choice([*data, "max_width", "token_pooling", "span_head", "hidden_act"])] = (
                rng.choice(VALUES)
            )
        else:
            data = mutate(data, rng)
        changed[name] = json.dumps(data).encode("utf8")
    return changed


def _damage_header(content: bytes, rng: random.Random) -> bytes:
    """RETURNS (bytes): Weights whose header declares another size, key, type or shape."""
    (size,) = struct.unpack("<Q", content[:8])
    if rng.random() < 0.2:
        return struct.pack("<Q", rng.choice((0, 1, 2**31, 2**40, 2**63, size + 1))) + content[8:]
    header = json.loads(content[8 : 8 + size])
    key = rng.choice([name for name in header if name != "__metadata__"])
    own = header.pop(key)
    change = rng.randrange(5)
    if change == 0:
        own["shape"] = [rng.choice((0, 1, 2**20, 2**40, 2**62)) for _ in own["shape"]]
    elif change == 1:
        own["dtype"] = rng.choice(("F16", "I64", "BF16", "F64", "BOOL", "X"))
    elif change == 2:
        own["data_offsets"] = [rng.choice((0, 8, 2**40)), rng.choice((0, 64, 2**62))]
    elif change == 3:
        own["shape"] = own["shape"][::-1]
    if change != 4 or rng.random() < 0.7:
        header[key + "x" * (change == 4)] = own
    text = json.dumps(header).encode("utf8")
    return struct.pack("<Q", len(text)) + text + content[8 + size :]
