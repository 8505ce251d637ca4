"""The report in a real browser: what a reader sees and can do."""

import pytest

from spacy_gliner2 import displacy

from .support.browser import chromium
from .support.rows import HOSTILE, SCRIPT, empty_row, hostile_row, press_row


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture
def page(browser, tmp_path):
    path = tmp_path / "report.html"
    rows = [press_row(), hostile_row(), empty_row()]
    path.write_text(displacy.render_report(rows, title="Three documents"), encoding="utf8")
    browser.get(path.as_uri())
    return browser


def seen(page, selector):
    """Texts of the elements that a reader sees."""
    found = page.find_elements("css selector", selector)
    return [element.text for element in found if element.is_displayed()]


def press(page, key):
    for chip in page.find_elements("css selector", ".g2-chip"):
        if chip.get_attribute("data-key") == key:
            chip.click()
            return
    raise AssertionError(key)


def set_minimum(page, value):
    page.execute_script(
        "const knob = document.getElementById('minimum'); knob.value = arguments[0];"
        "knob.dispatchEvent(new Event('input'))",
        value,
    )


def test_arcs_tables_bars_and_marks_are_there(page):
    assert page.title == "Three documents"
    arcs = page.find_elements("css selector", "#document-1 svg path.displacy-arc")
    assert len(arcs) == 2
    assert all(arc.size["width"] > 50 for arc in arcs)
    assert seen(page, "#document-1 .displacy-word")[:3] == ["Apple", "CEO", "Tim Cook"]
    assert seen(page, "#document-1 caption") == ["product_info"]
    assert seen(page, "#document-1 th") == ["name", "price", "colours", "kind", "vendor"]
    assert seen(page, "#document-1 .g2-bar .g2-label") == ["positive", "negative", "neutral"]
    assert "Cupertinolocation" in seen(page, "#document-1 mark.g2-entity")
    assert seen(page, "#document-1 mark.g2-field > b") == ["name", "price", "colours", "colours"]
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_bars_are_as_wide_as_labels_are_probable(page):
    widths = [
        fill.size["width"] / fill.find_element("xpath", "..").size["width"]
        for fill in page.find_elements("css selector", "#document-1 .g2-fill")
    ]
    assert widths == pytest.approx([0.71, 0.04, 0.25], abs=0.02)


def test_a_label_can_be_hidden_and_shown_again(page):
    def names():
        return seen(page, "#document-1 mark.g2-entity > b")

    before = names()
    assert before.count("company") == 2
    press(page, "entity:company")
    assert names() == [name for name in before if name != "company"]
    assert "Apple" in page.find_element("css selector", "#document-1 .g2-text").text
    press(page, "entity:company")
    assert names() == before


def test_none_and_all_switch_a_whole_kind(page):
    relations = page.find_element("xpath", "//legend[.='Records']/..")
    assert len(relations.find_elements("css selector", ".g2-all")) == 0
    entities = page.find_element("xpath", "//legend[.='Entities']/..")
    nothing, everything = (
        entities.find_element("css selector", f'[data-all="{value}"]')
        for value in ("false", "true")
    )
    nothing.click()
    assert seen(page, "mark.g2-entity > b") == []
    assert seen(page, "#document-1 caption") == ["product_info"]
    everything.click()
    assert "person" in seen(page, "mark.g2-entity > b")


def test_a_minimum_score_hides_what_is_below_it_everywhere(page):
    set_minimum(page, 0.9)
    assert seen(page, "#minimum-shown") == ["0.90"]
    assert seen(page, "#document-1 mark.g2-entity > b") == ["company", "person", "location"]
    assert seen(page, "#document-1 .g2-bar") == []
    assert seen(page, "#document-1 .displacy-label") == ["works_for"]
    values = [text.split(" =")[0] for text in seen(page, "#document-1 .g2-value")]
    assert values == ["iPhone 15", "$799", "phone"]
    set_minimum(page, 1)
    assert seen(page, "svg") == []
    assert seen(page, "caption") == []


def test_documents_with_nothing_left_can_be_hidden(page):
    assert len(seen(page, "article")) == 3
    assert seen(page, "#summary") == ["3 documents"]
    page.find_element("id", "matching").click()
    assert len(seen(page, "article")) == 2
    set_minimum(page, 0.95)
    assert seen(page, "#summary") == ["1 of 3 documents"]
    assert [text.split("\n")[0] for text in seen(page, "article .g2-title")] == ["1"]


def test_scores_are_shown_on_demand(page):
    assert seen(page, "#document-1 mark i") == []
    page.find_element("id", "scores").click()
    assert "0.98" in seen(page, "#document-1 mark i")


def test_a_value_in_a_table_points_to_its_place_in_the_text(page):
    from selenium.webdriver import ActionChains

    value = page.find_element("css selector", "#document-1 .g2-value[data-ref]")
    ActionChains(page).move_to_element(value).perform()
    (hot,) = page.find_elements("css selector", "mark.g2-hot")
    assert hot.text.startswith("iPhone 15")


def test_a_label_that_is_a_script_stays_text(page):
    assert page.title == "Three documents"
    assert len(page.find_elements("css selector", "script")) == 1
    assert page.find_elements("css selector", "#document-2 .g2-text b b") == []
    assert SCRIPT in seen(page, "#document-2 mark > b")
    assert seen(page, "#document-2 caption") == [SCRIPT]
    assert SCRIPT in seen(page, "#document-2 .displacy-label")
    assert SCRIPT in seen(page, "#document-2 .g2-label")
    assert seen(page, "#document-2 h2") == [SCRIPT]
    text = page.find_element("css selector", "#document-2 .g2-text").get_attribute("textContent")
    assert text.startswith(HOSTILE.split(" and")[0])
    press(page, f"entity:{SCRIPT}")
    assert SCRIPT not in seen(page, "#document-2 mark.g2-entity > b")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_page_is_readable_in_light_and_dark(page, mode):
    features = [{"name": "prefers-color-scheme", "value": mode}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for selector in (".g2-text", "mark > b", "caption", "th", ".g2-number", "#summary"):
        element = page.find_element("css selector", selector)
        ratio = page.execute_script(CONTRAST, element)
        assert ratio >= 4.5, selector


CONTRAST = """
const pixel = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
function light(colour, under) {
  pixel.fillStyle = under; pixel.fillRect(0, 0, 1, 1);
  pixel.fillStyle = colour; pixel.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map((value) => {
    value /= 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
let behind = arguments[0];
const clear = "rgba(0, 0, 0, 0)";
while (getComputedStyle(behind).backgroundColor === clear) behind = behind.parentElement;
const ground = getComputedStyle(behind).backgroundColor;
const two = [light(getComputedStyle(arguments[0]).color, ground), light(ground, ground)];
return (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
"""


def test_nothing_is_asked_of_the_network(page):
    entries = page.execute_script("return performance.getEntriesByType('resource').length")
    assert entries == 0
