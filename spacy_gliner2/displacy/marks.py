"""A text with mentions marked in it, however they overlap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of the text to mark.

    start (int): Offset of its first character.
    end (int): Offset after its last character.
    key (str): What the filter knows it by: a kind and a label.
    name (str): What is written behind it.
    hue (int): Its colour, as an angle.
    score (float): Its score; None where nobody gave one.
    ref (str): What it shares with a value in a table; nothing for an entity.
    """

    start: int
    end: int
    key: str
    name: str
    hue: int
    score: float | None = None
    ref: str = ""


def render_marks(text: str, marks: Iterable[Mark]) -> Markup:
    """Mark mentions in a text. One that crosses another is parted where the other ends.

    text (str): The text.
    marks (Iterable): What to mark; the longer of two goes around the shorter.
    RETURNS (Markup): HTML of the text; without its tags it is the text and the marks' names.
    """
    ordered = sorted(
        (mark for mark in marks if mark.start < mark.end),
        key=lambda mark: (mark.start, -mark.end, mark.ref),
    )
    cuts = sorted({offset for mark in ordered for offset in (mark.start, mark.end)})
    html: list[str] = []
    stack: list[Mark] = []
    position = 0
    waiting = iter(ordered)
    following = next(waiting, None)
    for cut in cuts:
        html.append(str(escape(text[position:cut])))
        position = cut
        stack = _close(stack, cut, html)
        while following is not None and following.start == cut:
            html.append(_opening(following))
            stack.append(following)
            following = next(waiting, None)
    html.append(str(escape(text[position:])))
    return Markup("".join(html))


def _close(stack: Sequence[Mark], cut: int, html: list[str]) -> list[Mark]:
    """Close the marks that end here, and open those again that had to be closed with them."""
    depth = next((n for n, mark in enumerate(stack) if mark.end == cut), len(stack))
    reopened = []
    for mark in reversed(stack[depth:]):
        if mark.end == cut:
            html.append(_name(mark))
        else:
            reopened.append(mark)
        html.append("</mark>")
    reopened.reverse()
    html.extend(_opening(mark) for mark in reopened)
    return [*stack[:depth], *reopened]


def _opening(mark: Mark) -> str:
    kind = "g2-field" if mark.ref else "g2-entity"
    score = "" if mark.score is None else Markup(' data-s="{}"').format(mark.score)
    ref = Markup(' data-ref="{}"').format(mark.ref) if mark.ref else ""
    return Markup('<mark class="{}" style="--h:{}" data-k="{}"{}{} title="{}">').format(
        kind, mark.hue, mark.key, score, ref, _title(mark)
    )


def _title(mark: Mark) -> str:
    return mark.name if mark.score is None else f"{mark.name} {mark.score:.2f}"


def _name(mark: Mark) -> str:
    score = "" if mark.score is None else Markup("<i>{:.2f}</i>").format(mark.score)
    return Markup("<b>{}{}</b>").format(mark.name, score)
