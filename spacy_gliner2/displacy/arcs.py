"""Relations as arcs over collapsed mentions, in displaCy's dependency style."""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from markupsafe import escape
from spacy import displacy
from spacy.tokens import Doc

from ..rows import DEFAULT_PLACES, Places, Row, doc_to_row

Parsed: TypeAlias = dict[str, Any]
"""What displaCy's style "dep" takes with `manual=True`."""

LONGEST_MENTION = 24
"""Most characters that are shown of a mention."""

LONGEST_BETWEEN = 18
"""Most characters that are shown of the text between two mentions."""


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    """A mention in the row of words; `copy` is 1 for the tail that is its relation's head too."""

    start: int
    end: int
    copy: int = 0


def parse_relations(doc: Doc | Row, places: Sequence[Places] = DEFAULT_PLACES) -> list[Parsed]:
    """Turn the relations of a document into what displaCy draws.

    Each mention and each text between two mentions is one word. Relations whose parts of the text
    do not touch get a picture of their own. Labels are escaped, which displaCy leaves undone.

    ```python
    from spacy import displacy
    displacy.render(parse_relations(doc), style="dep", manual=True)
    ```

    doc (Doc | dict): The document, or its row.
    places (Sequence): Where to look for the relations of a Doc.
    RETURNS (list): Data for the style "dep"; each arc has its "score" too.
    """
    row = doc_to_row(doc, places) if isinstance(doc, Doc) else doc
    settings = {"direction": text_direction(row["text"]), "lang": "mul"}
    if isinstance(doc, Doc):
        settings["lang"] = doc.lang_ or "mul"
    return [
        {**_picture(row["text"], relations), "settings": settings}
        for relations in _groups(row["relations"])
    ]


def text_direction(text: str) -> str:
    """RETURNS (str): "rtl" or "ltr", by the first letter that has a direction."""
    directions = (unicodedata.bidirectional(char) for char in text)
    first = next((name for name in directions if name in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def _groups(relations: Iterable[Row]) -> list[list[Row]]:
    """Part the relations where no arc goes from one part of the text to the next."""
    groups: list[list[Row]] = []
    reach = -1
    for relation in sorted(relations, key=_extent):
        start, end = _extent(relation)
        if start >= reach:
            groups.append([])
        groups[-1].append(relation)
        reach = max(reach, end)
    return groups


def _extent(relation: Row) -> tuple[int, int]:
    head, tail = relation["head"], relation["tail"]
    return min(head["start"], tail["start"]), max(head["end"], tail["end"])


def _picture(text: str, relations: Sequence[Row]) -> Parsed:
    labels: dict[_Node, dict[str, None]] = {}
    ends = []
    for relation in relations:
        pair = _nodes(relation)
        ends.append(pair)
        for node, role in zip(pair, ("head", "tail"), strict=True):
            label = relation[role].get("label")
            labels.setdefault(node, {}).update({label: None} if label else {})
    words, places = _words(text, labels)
    arcs: dict[tuple[Any, ...], dict[str, Any]] = {}
    for relation, (head, tail) in zip(relations, ends, strict=True):
        arc = _arc(relation, places[head], places[tail])
        key = (arc["start"], arc["end"], arc["label"], arc["dir"])
        if key not in arcs or (arcs[key]["score"] or 0) < (arc["score"] or 0):
            arcs[key] = arc
    return {"words": words, "arcs": list(arcs.values())}


def _nodes(relation: Row) -> tuple[_Node, _Node]:
    head = _Node(relation["head"]["start"], relation["head"]["end"])
    tail = _Node(relation["tail"]["start"], relation["tail"]["end"])
    return head, _Node(tail.start, tail.end, copy=1) if tail == head else tail


def _words(
    text: str, labels: dict[_Node, dict[str, None]]
) -> tuple[list[dict[str, str]], dict[_Node, int]]:
    """RETURNS (tuple): The words, and where among them each mention is."""
    words: list[dict[str, str]] = []
    places: dict[_Node, int] = {}
    covered: int | None = None
    for node in sorted(labels):
        between = "" if covered is None else " ".join(text[covered : node.start].split())
        if between:
            shown = textwrap.shorten(between, LONGEST_BETWEEN, placeholder=" …").strip()
            words.append({"text": shown, "tag": ""})
        places[node] = len(words)
        mention = " ".join(text[node.start : node.end].split())
        tag = str(escape(" / ".join(labels[node])))
        words.append({"text": _shorten(mention), "tag": tag})
        covered = max(covered or 0, node.end)
    return words, places


def _shorten(text: str) -> str:
    if len(text) <= LONGEST_MENTION:
        return text
    half = LONGEST_MENTION // 2 - 1
    return f"{text[:half].rstrip()} … {text[-half:].lstrip()}"


def _arc(relation: Row, head: int, tail: int) -> dict[str, Any]:
    return {
        "start": min(head, tail),
        "end": max(head, tail),
        "label": str(escape(relation["label"])),
        "dir": "right" if head < tail else "left",
        "score": relation.get("score"),
    }


def draw_relations(
    parsed: Parsed, name: str, options: dict[str, Any] | None = None, letter: float = 9.0
) -> str:
    """Draw one picture of relations.

    parsed (dict): One of those that `parse_relations` returns.
    name (str): Its id in the page.
    options (dict): Options of displaCy's style "dep", which win over those chosen here.
    letter (float): Width of a letter in pixels, which the size of the page's letters decides.
    RETURNS (str): SVG.
    """
    distance = _distance(parsed, letter)
    fitting = {
        "compact": True,
        "distance": distance,
        "offset_x": distance // 2,
        "word_spacing": 28,
        "color": "currentColor",
        "bg": "transparent",
        "font": "inherit",
    }
    svg: str = displacy.render(
        parsed, style="dep", manual=True, jupyter=False, options={**fitting, **(options or {})}
    )
    # displaCy's id is a random number; the same documents shall always make the same page.
    found = re.search(r'id="([0-9a-f]{32}-0)"', svg)
    return _crop(svg.replace(found[1], name) if found else svg)


def _crop(svg: str) -> str:
    """Cut off the space above compact arcs, which displaCy leaves as if they were round."""
    paths = re.findall(r' d="([^"]*)"', svg)
    heights = [float(y) for path in paths for y in re.findall(r",(-?[\d.]+)", path)]
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    if not heights or size is None:
        return svg
    top = int(min(heights)) - 4
    height = float(size[2]) - top
    box = f'width="{size[1]}" height="{height}" viewBox="0 {top} {size[1]} {height}"'
    return svg.replace(size[0], box).replace(f"height: {size[2]}px", f"height: {height}px")


def _distance(parsed: Parsed, letter: float) -> int:
    """RETURNS (int): Pixels between two words, so that neither words nor labels touch."""
    words = [_width(word[key]) for word in parsed["words"] for key in ("text", "tag")]
    labels = [_width(arc["label"]) / (arc["end"] - arc["start"]) for arc in parsed["arcs"]]
    return int(max(11, *words, *labels) * letter + 24)


def _width(text: str) -> int:
    """RETURNS (int): Width of a text, in letters of a Latin script."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
