"""One page for many documents, which stands alone: no other file, no network."""

import base64
import hashlib
from collections.abc import Iterable, Sequence

from spacy.tokens import Doc

from ..about import __version__
from ..row_check import check_row
from ..rows import DEFAULT_PLACES, Places, Row, doc_to_row
from .chips import count_labels, hues_of, make_chips
from .render import read_template, templates
from .view import make_view


def render_report(
    docs: Iterable[Doc | Row],
    *,
    title: str = "What was found",
    places: Sequence[Places] = DEFAULT_PLACES,
) -> str:
    """Make a page that shows what was found in documents, with a filter by label and by score.

    The page needs nothing from outside and lets no script run but its own. A Doc is titled by
    `user_data["title"]`, a row by its field "title"; further fields of theirs are shown too.

    docs (Iterable): Docs, or rows as `extract` writes them.
    title (str): Heading of the page.
    places (Sequence): Where to look for the annotations of a Doc.
    RETURNS (str): HTML.
    RAISES (RowError): If a row is not one.
    """
    rows = [_row(doc, n, places) for n, doc in enumerate(docs, 1)]
    counts = count_labels(rows)
    hues = hues_of(counts)
    script = read_template("report.js")
    return (
        templates()
        .get_template("report.html")
        .render(
            title=title,
            chips=make_chips(counts, hues),
            views=(make_view(row, n, hues) for n, row in enumerate(rows, 1)),
            total=len(rows),
            css=read_template("parts.css") + read_template("report.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode("utf8")).digest()).decode(),
            version=__version__,
        )
    )


def _row(doc: Doc | Row, number: int, places: Sequence[Places]) -> Row:
    if not isinstance(doc, Doc):
        return check_row(doc, f"row {number}")
    row = doc_to_row(doc, places)
    title = doc.user_data.get("title")
    return {"title": title, **row} if title else row
