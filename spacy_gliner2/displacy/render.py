"""Pieces for a notebook, called as displaCy's own are."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

from jinja2 import Environment, PackageLoader
from markupsafe import escape
from spacy import displacy
from spacy.displacy.templates import TPL_FIGURE, TPL_PAGE
from spacy.tokens import Doc
from spacy.util import is_in_jupyter

from ..rows import DEFAULT_PLACES, Places, Row, doc_to_row
from .arcs import draw_relations, parse_relations
from .chips import count_labels, hues_of
from .colors import label_colors
from .view import make_view

Style = Literal["ent", "span", "rel", "rec", "cat"]


def render(
    docs: Doc | Iterable[Doc],
    style: Style = "ent",
    *,
    page: bool = False,
    jupyter: bool | None = None,
    options: dict[str, Any] | None = None,
    places: Sequence[Places] = DEFAULT_PLACES,
) -> str:
    """Draw what was found in one or more Docs; all that they say is shown as text.

    ```python
    from spacy_gliner2 import displacy
    displacy.render(doc, style="rel")
    ```

    docs (Doc | Iterable): The Docs.
    style (str): "ent" for entities and "span" for overlapping mentions, both drawn by displaCy;
        "rel" for relations as arcs, "rec" for records as tables beside the text, "cat" for labels
        as bars.
    page (bool): Whether to make a whole page of it.
    jupyter (bool): Whether to show it in a notebook; None for where there is one.
    options (dict): Options of displaCy's styles "ent", "span" and, for "rel", "dep".
    places (Sequence): Where the components write, if not in the default places.
    RETURNS (str): HTML; nothing if it is shown in a notebook.
    RAISES (ValueError): If the style is not one of these.
    """
    docs = [docs] if isinstance(docs, Doc) else list(docs)
    styles = {"ent": _displacy, "span": _displacy, "rel": _arcs, "rec": _parts, "cat": _parts}
    if style not in styles:
        raise ValueError(f"style: {style!r} is none of {', '.join(styles)}; choose one of them")
    pieces = styles[style](docs, style, dict(options or {}), places)
    if page:
        pieces = [_page(pieces, docs[0].lang_ if docs else "en")]
    return _show("".join(pieces).strip(), jupyter)


def _page(pieces: Iterable[str], lang: str) -> str:
    content = "".join(TPL_FIGURE.format(content=piece) for piece in pieces)
    page = TPL_PAGE.format(content=content, lang=lang, dir="ltr")
    return page.replace("<head>", '<head><meta charset="utf-8">', 1)


def _show(html: str, jupyter: bool | None) -> str:
    if jupyter or (jupyter is None and is_in_jupyter()):
        from IPython.display import HTML, display

        display(HTML(html))
        return ""
    return html


def _displacy(
    docs: list[Doc], style: str, options: dict[str, Any], places: Sequence[Places]
) -> list[str]:
    """Let displaCy draw, after escaping what it leaves as it is."""
    options.setdefault("spans_key", places[0].spans_key)
    parse = displacy.parse_ents if style == "ent" else displacy.parse_spans
    parsed = [_escaped(parse(doc, options)) for doc in docs]
    labels = [span["label"] for part in parsed for span in _spans(part)]
    options["colors"] = {**label_colors(labels), **options.get("colors", {})}
    return [
        displacy.render(part, style=style, manual=True, jupyter=False, options=options)
        for part in parsed
    ]


def _spans(parsed: dict[str, Any]) -> list[dict[str, Any]]:
    spans: list[dict[str, Any]] = parsed["ents"] if "ents" in parsed else parsed["spans"]
    return spans


def _escaped(parsed: dict[str, Any]) -> dict[str, Any]:
    for span in _spans(parsed):
        for key in ("label", "kb_id", "kb_url"):
            span[key] = str(escape(span[key]))
    if parsed["title"]:
        parsed["title"] = str(escape(parsed["title"]))
    return parsed


def _arcs(
    docs: list[Doc], style: str, options: dict[str, Any], places: Sequence[Places]
) -> list[str]:
    return [
        draw_relations(parsed, f"relations-{n}-{m}", options)
        for n, doc in enumerate(docs)
        for m, parsed in enumerate(parse_relations(doc, places))
    ]


def _parts(
    docs: list[Doc], style: str, options: dict[str, Any], places: Sequence[Places]
) -> list[str]:
    template = templates().get_template(f"{style}.html")
    css = read_template("parts.css")
    rows = [_only(doc_to_row(doc, places), style) for doc in docs]
    hues = hues_of(count_labels(rows))
    views = [make_view(row, n, hues) for n, row in enumerate(rows, 1)]
    return [template.render(view=view, css=css) for view in views]


def _only(row: Row, style: str) -> Row:
    """RETURNS (dict): A row without what the style does not draw."""
    kept = {"rec": {"structures": row["structures"]}, "cat": {"cats": row["cats"]}}[style]
    nothing: Row = {"entities": [], "cats": {}, "relations": [], "structures": {}}
    return {"text": row["text"], **nothing, **kept}


@cache
def templates() -> Environment:
    """RETURNS (Environment): The templates, which escape all that they are given."""
    return Environment(
        loader=PackageLoader("spacy_gliner2.displacy"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def read_template(name: str) -> str:
    """RETURNS (str): Content of a file among the templates."""
    path = resources.files("spacy_gliner2.displacy") / "templates" / name
    return path.read_text(encoding="utf8")
