"""A colour for each label: the same one in every picture, as far as there are enough of them."""

import zlib
from collections.abc import Iterable

HUES = (25, 55, 85, 115, 145, 170, 195, 225, 255, 285, 315, 350)
"""Angles on the colour circle of OKLCH, in which equal steps look equally far apart."""

STEP = 5
"""How many hues further a label goes whose own hue is taken: any number prime to their count."""


def label_hues(labels: Iterable[str]) -> dict[str, int]:
    """Give each label a hue: its own one, or the next free one if an earlier label has it.

    labels (Iterable): The labels of one picture.
    RETURNS (dict): An angle in degrees for each label.
    """
    hues: dict[str, int] = {}
    for label in labels:
        if label not in hues:
            taken = set(hues.values()) if len(hues) < len(HUES) else set()
            own = zlib.crc32(label.encode("utf8", "surrogatepass"))
            choices = (HUES[(own + STEP * n) % len(HUES)] for n in range(len(HUES)))
            hues[label] = next(hue for hue in choices if hue not in taken)
    return hues


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """Give each label a light colour, as displaCy's option "colors" takes them.

    labels (Iterable): The labels of one picture.
    RETURNS (dict): A CSS colour for each label.
    """
    return {label: f"oklch(0.87 0.09 {hue})" for label, hue in label_hues(labels).items()}
