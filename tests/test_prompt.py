"""The prompt: a schema as the model was trained to read it, token by token."""

import pytest
from tokenizers import Tokenizer

from spacy_gliner2.inference.prompt import Kind, make_prompt
from spacy_gliner2.inference.sequences import make_sequence
from spacy_gliner2.inference.subwords import Subwords
from spacy_gliner2.inference.windows import Window
from spacy_gliner2.inference.words import read_words
from spacy_gliner2.model.checkpoint import load_checkpoint
from spacy_gliner2.model.source import find_checkpoint
from spacy_gliner2.schema import FrozenSchema

from .support.cases import spread
from .support.reference import load_reference, read_by_reference

TEXT = "Tim Cook, CEO of Apple-Inc visits https://www.apple.com or mail a@b.co @tim"
SCHEMA = {
    "classifications": [{"task": "sentiment", "labels": {"positive": "good", "negative": "bad"}}],
    "relations": ["works_for", "lives in"],
    "entities": {"person": "names of people", "company": "firms"},
    "structures": {
        "product": {
            "fields": [
                {"name": "color", "choices": ["red", "dark blue"]},
                {"name": "name", "dtype": "str", "description": "the name"},
                {"name": "tags"},
            ]
        }
    },
}
PROMPT = (
    "( [P] product [DESCRIPTION] name : the name ( [C] color [C] name [C] tags ) ) [SEP_STRUCT] "
    "( [P] entities [DESCRIPTION] person : names of people [DESCRIPTION] company : firms "
    "( [E] person [E] company ) ) [SEP_STRUCT] "
    "( [P] works _ for ( [R] head [R] tail ) ) [SEP_STRUCT] "
    "( [P] lives in ( [R] head [R] tail ) ) [SEP_STRUCT] "
    "( [P] sentiment [DESCRIPTION] positive : good [DESCRIPTION] negative : bad "
    "( [L] positive [L] negative ) ) [SEP_TEXT] "
    "( product : color ( red | dark blue ) )"
)
WORDS = (
    "tim cook , ceo of apple - inc visits https : / / www . apple . com or mail a @ b . co @ tim ."
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_checkpoint(find_checkpoint("embedded")).tokenizer


def sequence_of(text, schema, tokenizer):
    subwords = Subwords(tokenizer)
    prompt = make_prompt(FrozenSchema.from_dict(schema), subwords)
    ids = subwords.all_ids(read_words(text, "gliner2").forms)
    return make_sequence(prompt, ids, Window(0, len(ids)))


def tokens(ids, tokenizer):
    return [tokenizer.id_to_token(i) for i in ids]


def test_all_tasks_and_a_text_token_by_token(tokenizer):
    sequence = sequence_of(TEXT, SCHEMA, tokenizer)
    assert tokens(sequence.prompt.ids, tokenizer) == PROMPT.split()
    assert tokens(sequence.ids, tokenizer) == WORDS.split()


def test_rows_are_the_prefix_and_then_the_words(tokenizer):
    sequence = sequence_of(TEXT, SCHEMA, tokenizer)
    ids = (*sequence.prompt.ids, *sequence.ids)
    rows = [" ".join(tokens(ids[first : first + size], tokenizer)) for first, size in sequence.rows]
    assert rows[:9] == ["(", "product :", "color", "(", "red", "|", "dark blue", ")", ")"]
    assert rows[9:] == [
        *("tim", "cook", ",", "ceo", "of", "apple - inc", "visits"),
        *("https : / / www . apple . com", "or", "mail", "a @ b . co", "@ tim", "."),
    ]
    words = read_words(TEXT, "gliner2").offsets
    assert [start for start, _ in words] == [0, 4, 8, 10, 14, 17, 27, 34, 56, 59, 64, 71, 75]
    assert [end for _, end in words] == [3, 8, 9, 13, 16, 26, 33, 55, 58, 63, 70, 75, 75]


def test_groups_are_in_the_order_of_the_model_with_the_places_of_their_markers(tokenizer):
    prompt = sequence_of(TEXT, SCHEMA, tokenizer).prompt
    found = tokens(prompt.ids, tokenizer)
    assert [(group.kind, group.index) for group in prompt.groups] == [
        (Kind.STRUCTURE, 0),
        (Kind.ENTITIES, 0),
        (Kind.RELATION, 0),
        (Kind.RELATION, 1),
        (Kind.CLASSIFICATION, 0),
    ]
    for group in prompt.groups:
        assert found[group.parent] == "[P]"
        assert {found[child] for child in group.children} == {group.kind.value}
    labels = [[found[child + 1] for child in group.children] for group in prompt.groups]
    assert labels == [
        ["color", "name", "tags"],
        ["person", "company"],
        ["head", "tail"],
        ["head", "tail"],
        ["positive", "negative"],
    ]


def test_structures_and_relations_keep_the_order_in_which_they_were_given(tokenizer):
    schema = {
        "structures": [{"name": n, "fields": ["title"]} for n in ("zoo", "art", "map")],
        "relations": ["west", "east"],
    }
    found = tokens(sequence_of("Hm.", schema, tokenizer).prompt.ids, tokenizer)
    names = [found[i + 1] for i, token in enumerate(found) if token == "[P]"]
    assert names == ["zoo", "art", "map", "west", "east"]


def test_a_task_is_written_with_its_prompt_its_descriptions_and_its_examples(tokenizer):
    task = {
        "task": "mood",
        "labels": [{"label": "good", "description": "all is well"}, {"label": "bad"}],
        "prompt": "how is it",
        "examples": [["i win", "good"], ["i lose", "bad"]],
    }
    found = tokens(sequence_of("Hm.", {"classifications": [task]}, tokenizer).prompt.ids, tokenizer)
    expected = (
        "( [P] mood : how is it [DESCRIPTION] good : all is well [EXAMPLE] i win [OUTPUT] good "
        "[EXAMPLE] i lose [OUTPUT] bad ( [L] good [L] bad ) ) [SEP_TEXT]"
    )
    assert found == expected.split()


def test_a_relation_is_written_with_its_description(tokenizer):
    schema = {"relations": {"owns": "has it", "is": {"threshold": 0.1}}}
    found = tokens(sequence_of("Hm.", schema, tokenizer).prompt.ids, tokenizer)
    expected = (
        "( [P] owns : has it ( [R] head [R] tail ) ) [SEP_STRUCT] "
        "( [P] is ( [R] head [R] tail ) ) [SEP_TEXT]"
    )
    assert found == expected.split()


def test_nothing_asked_leaves_the_text_alone(tokenizer):
    found = sequence_of("Hm.", {}, tokenizer)
    assert tokens(found.prompt.ids, tokenizer) == ["[SEP_TEXT]"]


def test_the_prefix_has_the_choices_of_all_structures_each_choice_one_row(tokenizer):
    def field(name, choices=None):
        return {"name": name, **({"choices": choices} if choices else {})}

    schema = {
        "structures": {
            "car": [
                field("color", ["red", "dark red", "blue"]),
                field("tags", ["red", "infrared"]),
                field("plain"),
            ],
            "boat": [field("plain")],
            "bike": [field("size", ["s", "m"]), field("kind", ["x y", "z"])],
        }
    }
    sequence = sequence_of("Hm.", schema, tokenizer)
    prompt, ids = sequence.prompt, (*sequence.prompt.ids, *sequence.ids)
    rows = [
        " ".join(tokens(ids[first : first + size], tokenizer)).replace(" ##", "")
        for first, size in prompt.prefix
    ]
    assert " ".join(rows) == (
        "( car : color ( red | dark red | blue ) , tags ( red | infrared ) ) "
        "( bike : size ( s | m ) , kind ( x y | z ) )"
    )
    chosen = {key: [rows[row] for row in found] for key, found in prompt.choices.items()}
    assert chosen == {
        (0, 0): ["red", "dark red", "blue"],
        (0, 1): ["red", "infrared"],
        (2, 0): ["s", "m"],
        (2, 1): ["x y", "z"],
    }
    assert prompt.choices[0, 0][0] != prompt.choices[0, 1][0]


@pytest.mark.parametrize("kind", ["bert", "deberta"])
def test_every_id_is_the_one_that_the_reference_reads(kind, small_checkpoint, one_thread):
    path = small_checkpoint(kind)
    tokenizer, reference = load_checkpoint(path).tokenizer, load_reference(path)
    for case in spread(120, seed=3):
        sequence = sequence_of(case.text, case.schema, tokenizer)
        ids, rows = read_by_reference(reference, case)
        assert [*sequence.prompt.ids, *sequence.ids] == ids
        assert [first for first, _ in sequence.rows] == rows
