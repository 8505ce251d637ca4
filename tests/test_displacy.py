"""Pictures: what they show, and that they show it as text."""

import html
import re

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy import displacy as spacy_displacy

from spacy_gliner2 import displacy
from spacy_gliner2.displacy.marks import Mark, render_marks
from spacy_gliner2.row_check import check_row
from spacy_gliner2.rows import row_to_doc

from .support.rows import HOSTILE, PRESS, SCRIPT, empty_row, hostile_row, press_row, spot

STYLES = ("ent", "span", "rel", "rec", "cat")


def make_doc(row):
    return row_to_doc(check_row(row, "row"), spacy.blank("en"))


def relation(head, tail, label="r"):
    return {"label": label, "score": 0.9, "head": head, "tail": tail}


def parse(text, *relations):
    return displacy.parse_relations({"text": text, "relations": list(relations)})


@pytest.mark.parametrize("style", STYLES)
def test_every_style_shows_hostile_text_as_text(style):
    doc = make_doc(hostile_row())
    doc.user_data["title"] = SCRIPT
    drawn = displacy.render(doc, style=style)
    assert "<script>" not in drawn
    assert html.escape(SCRIPT, quote=False) in drawn.replace("&#39;", "'")


def test_entities_and_overlaps_are_drawn_by_displacy():
    doc = make_doc(press_row())
    assert displacy.render(doc, style="ent").count('<mark class="entity"') == len(doc.ents)
    spans = displacy.render(doc, style="span")
    assert all(f">\n        {label}" in spans for label in ("role", "company", "person"))


def test_options_go_to_displacy():
    drawn = displacy.render(make_doc(press_row()), options={"colors": {"person": "#123456"}})
    assert "#123456" in drawn


def test_a_page_says_how_it_is_encoded():
    page = displacy.render(make_doc(press_row()), style="cat", page=True)
    assert '<meta charset="utf-8">' in page
    assert page.count("<html") == 1


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="style: 'dep' is none of ent, span, rel, rec, cat"):
        displacy.render(make_doc(press_row()), style="dep")


def test_relations_are_arcs_over_mentions_and_the_text_between():
    row = press_row()
    first, second = displacy.parse_relations(row)
    assert [(word["text"], word["tag"]) for word in first["words"]] == [
        ("Apple", "company"),
        ("CEO", ""),
        ("Tim Cook", "person"),
    ]
    (arc,) = first["arcs"]
    assert arc == {"start": 0, "end": 2, "label": "works_for", "dir": "left", "score": 0.93}
    assert [word["text"] for word in second["words"]][::2] == ["iPhone 15", "$799"]
    assert second["arcs"][0]["dir"] == "right"


def test_arcs_are_drawn_by_displacy_as_they_are_parsed():
    svg = spacy_displacy.render(
        displacy.parse_relations(make_doc(press_row())), style="dep", manual=True, jupyter=False
    )
    assert svg.count('class="displacy-arc"') == 2


def test_relations_that_cross_share_a_picture():
    text = "A met B. Long after that, C saw D."
    a, b, c, d = (spot(text, name) for name in "ABCD")
    assert len(parse(text, relation(a, b), relation(c, d))) == 2
    (picture,) = parse(text, relation(a, c), relation(b, d))
    assert len(picture["arcs"]) == 2


def test_a_relation_of_a_mention_to_itself_or_to_one_inside_it_can_be_drawn():
    text = "The New York Times is in New York."
    inner, outer = spot(text, "New York"), spot(text, "New York Times")
    (itself,) = parse(text, relation(inner, inner))
    assert [word["text"] for word in itself["words"]] == ["New York", "New York"]
    (nested,) = parse(text, relation(outer, inner))
    assert [word["text"] for word in nested["words"]] == ["New York", "New York Times"]
    for picture in (itself, nested):
        assert "displacy-arc" in spacy_displacy.render(
            picture, style="dep", manual=True, jupyter=False
        )


def test_the_same_relation_twice_is_one_arc_with_the_better_score():
    text = "A met B."
    a, b = spot(text, "A"), spot(text, "B")
    weak = {**relation(a, b), "score": 0.2}
    (picture,) = parse(text, weak, relation(a, b))
    assert [arc["score"] for arc in picture["arcs"]] == [0.9]


def test_a_script_from_right_to_left_is_drawn_so():
    text = "ولد نجيب في القاهرة"
    pictures = parse(text, relation(spot(text, "نجيب"), spot(text, "القاهرة")))
    assert pictures[0]["settings"]["direction"] == "rtl"


def test_records_show_every_field_with_what_was_parsed():
    drawn = displacy.render(make_doc(press_row()), style="rec")
    cells = [html.unescape(" ".join(cell.split())) for cell in re.findall(r">([^<]+)<", drawn)]
    for shown in ("product_info", "name", "iPhone 15", "$799", "= 799.0", "black", "phone", "–"):
        assert shown in cells
    assert drawn.count('<mark class="g2-field"') == 4


def test_bars_are_as_long_as_labels_are_probable():
    drawn = displacy.render(make_doc(press_row()), style="cat")
    assert re.findall(r"width:([\d.]+)%", drawn) == ["71.0", "4.0", "25.0"]
    assert drawn.count("g2-found") > drawn.count("g2-bar g2-found") == 1


@pytest.mark.parametrize(
    ("cats", "marked"),
    [
        ({"tone:calm": 0.9, "tone:loud": 0.1, "topic:work": 0.4, "topic:play": 0.3}, [0, 2]),
        ({"calm": 0.9, "loud": 0.1, "work": 0.6, "play": 0.4}, [0, 2]),
        ({"calm": 0.4, "loud": 0.3, "even: so": 0.3}, [0]),
    ],
)
def test_a_label_of_each_task_is_marked(cats, marked):
    drawn = displacy.render(make_doc({**empty_row(), "cats": cats}), style="cat")
    bars = re.findall(r'class="g2-bar( g2-found)?"', drawn)
    assert [n for n, found in enumerate(bars) if found] == marked


def test_labels_keep_their_colour_and_have_different_ones():
    labels = [f"label {n}" for n in range(12)]
    colours = displacy.label_colors(labels)
    assert len(set(colours.values())) == 12
    assert (
        displacy.label_colors(["label 3"])["label 3"]
        == displacy.label_colors(["label 3", "x"])["label 3"]
    )
    assert len(displacy.label_colors([f"label {n}" for n in range(50)])) == 50


def test_a_report_is_the_same_every_time_and_needs_nothing_from_outside():
    rows = [press_row(), hostile_row(), empty_row()]
    page = displacy.render_report(rows, title="Three")
    assert page == displacy.render_report(rows, title="Three")
    assert not re.search(r"(src|href)\s*=\s*[\"']?(?!#)(?!x onerror)\w", page)
    assert "@import" not in page
    assert "url(" not in page


def test_docs_and_rows_make_the_same_report():
    row = press_row()
    row["entities"].sort(key=lambda entity: (entity["start"], entity["end"]))
    assert displacy.render_report([make_doc(row)]) == displacy.render_report([row])


def test_titles_and_facts_may_stand_under_meta():
    row = {**empty_row(), "id": 3, "meta": {"title": "A title", "source": "wire", "n": [1]}}
    page = displacy.render_report([row])
    assert "<h2" in page
    assert ">A title</h2>" in page
    facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert facts == [("id", "3"), ("source", "wire"), ("n", "[1]")]


def test_a_report_of_nothing_is_a_page():
    assert "0 documents" in displacy.render_report([])


spans = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=8)


@given(text=st.text(max_size=20), spans=spans)
def test_marks_may_overlap_in_any_way_and_leave_the_text_as_it_is(text, spans):
    marks = [
        Mark(min(a, b, len(text)), min(max(a, b), len(text)), f"k{n}", f"⟦{n}⟧", 0)
        for n, (a, b) in enumerate(spans)
    ]
    drawn = str(render_marks(text, marks))
    kept = {n for n, mark in enumerate(marks) if mark.start < mark.end}
    names = re.findall(r"<b>⟦(\d+)⟧</b>", drawn)
    assert sorted(map(int, names)) == sorted(kept)
    without = re.sub(r"<b>⟦\d+⟧</b>", "", drawn)
    for n in kept:
        assert covered(without, f"k{n}") == text[marks[n].start : marks[n].end]
    assert html.unescape(re.sub(r"<[^>]+>", "", without)) == text


def covered(drawn, key):
    """The text inside all pieces of one mark; fails where tags are not nested."""
    inside, stack, found = 0, [], []
    for tag, content in re.findall(r"(<[^>]+>)|([^<]+)", drawn):
        if tag == "</mark>":
            inside -= stack.pop()
        elif tag:
            stack.append(f'data-k="{key}"' in tag)
            inside += stack[-1]
        elif inside:
            found.append(content)
    assert not stack
    return html.unescape("".join(found))


def test_hostile_text_is_in_the_report_as_text():
    page = displacy.render_report([hostile_row()], title=SCRIPT)
    assert SCRIPT not in page
    assert page.count("<script>") == 1
    assert html.escape(HOSTILE[:37]) in page
    assert PRESS not in page


def report_row(text="Paris", cats=None, **fields):
    annotation = {"entities": [], "relations": [], "structures": {}, "cats": cats or {}}
    return {"text": text, **annotation, **fields}


def test_a_label_counts_in_the_documents_in_which_it_is_found():
    from spacy_gliner2.displacy.chips import count_labels

    rows = [
        report_row(cats={"good": 0.9, "bad": 0.1, "long": 0.7}),
        report_row(cats={"good": 0.3, "bad": 0.4, "long": 0.2}),
    ]
    assert count_labels(rows)["label"] == {"good": 1, "bad": 1, "long": 1}


def test_a_source_is_shown_whole_and_its_address_is_a_link():
    from spacy_gliner2 import displacy

    url = f"https://example.org/{'a' * 200}?x=1&y=<b>"
    page = displacy.render_report([report_row(source=f"From {url} by <script>"), report_row()])
    address = f"https://example.org/{'a' * 200}?x=1&amp;y="
    assert f'href="{address}' in page
    assert "by &lt;script&gt;" in page
    assert 'href="javascript' not in displacy.render_report([report_row(source="javascript:x()")])
