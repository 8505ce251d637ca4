"""Words: what the model reads of a text, and where in the text each of them is."""

import unicodedata
from collections import Counter

import pytest
import spacy
from gliner2.processing.word_splitter import CharLevelSplitter, WhitespaceTokenSplitter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_gliner2.inference.prompt import Prompt
from spacy_gliner2.inference.sequences import make_sequence
from spacy_gliner2.inference.subwords import Subwords
from spacy_gliner2.inference.windows import Window
from spacy_gliner2.inference.words import normalise, read_words, split_words

from .support import texts
from .support.small_tokenizers import unigram

PIECES = (
    *("Paris", "Ada Lovelace", "IBM", "x", "_", "a_b-c", "3.14", "$5", "don't", "É", "ſ", "K"),
    *("İ", "İstanbul", "ı", "ß", "ẞ", "Σ", "e\u0301", "o\u0308\u0323", "\u0301", "क्षि", "ก็"),
    *(
        "😀",
        "👎🏽",
        "👨‍👩‍👧",
        "🇧🇷",
        "\u200b",
        "\u200c",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\xad",
        "\u202e",
    ),
    *("القاهرة", "שָׁלוֹם", "東京", "北京。", "서울", "กรุงเทพ", "ﬁ", "Ａ", "１", "𝓐", "\U000e0041"),
    *(
        " ",
        " ",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\xa0",
        "\u2003",
        "\u3000",
        "\x1c",
        "\x85",
        "\u2028",
    ),
    *(
        ".",
        "!",
        "?",
        "…",
        ",",
        '"',
        "(",
        ")",
        "-",
        "@",
        "@a",
        "a@b.co",
        "https://x.org/",
        "www.",
        "\x07",
    ),
)
"""Pieces of the generated texts."""

generated = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=14).map("".join)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("don't stop", "don ' t stop ."),
        ("a_b-c d--e 3.14 $5,000 50%", "a_b-c d - - e 3 . 14 $ 5 , 000 50 % ."),
        ("well-known_thing- x", "well-known_thing - x ."),
        ("user@host x", "user @host x ."),
        ("a@b.co.uk.", "a@b.co.uk ."),
        ("a@b.c1", "a @b . c1 ."),
        ("foo.bar+z@x-y.com,", "foo.bar+z@x-y.com , ."),
        ("www.x.y/z?q=1).", "www.x.y/z?q=1)."),
        ("http:// x", "http : / / x ."),
        ("http://", "http://."),
        ("@a_b-c", "@a_b - c ."),
        ("e.g. U.S.A.", "e . g . u . s . a ."),
        ("see https://x.com", "see https://x.com."),
        ("   ", "."),
        ("", "."),
        ("İstanbul is big", "i\u0307stanbul is big ."),
        ("e\u0301a", "e\u0301a ."),
        ("zero\u200dwidth\u200cjoiners", "zero\u200dwidth\u200cjoiners ."),
        ("zero\u200bwidth", "zero \u200b width ."),
        ("\xa0a\x1cb\u3000", "a b ."),
        ("ſ@b.ſſ", "ſ@b.ſſ ."),
    ],
)
def test_words_are_those_that_the_model_was_trained_with(text, forms):
    assert read_words(text, "gliner2").forms == forms.split(" ")


def test_lower_casing_moves_no_offset():
    words = read_words("İstanbul is big", "gliner2")
    assert words.offsets == [(0, 8), (9, 11), (12, 15), (15, 15)]
    words = read_words("İİ İ e\u0301a ẞ", "gliner2")
    assert words.offsets == [(0, 2), (3, 4), (5, 8), (9, 10), (10, 10)]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("go to Paris", (11, 11)),
        ("go to Paris  \n", (11, 11)),
        ("go to Paris.", (11, 12)),
        ("go to Paris. ", (12, 12)),
        ("go to Paris…", (12, 12)),
        ('go to "Paris!"', (14, 14)),
        ("see https://x.com", (4, 17)),
        ("see https://x.com.", (4, 18)),
        ("see https://x.com ", (17, 17)),
        ("   ", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_the_full_stop_that_is_added_takes_no_room_in_the_text(text, last):
    words = read_words(text, "gliner2")
    assert words.offsets[-1] == last
    assert words.forms[-1][-1] == "."


def test_every_combining_mark_is_part_of_a_word():
    marks = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c))[0] == "M"]
    assert all(split_words(f"a{mark}b") == [(0, 3)] for mark in marks)


def test_the_char_splitter_takes_characters_but_for_latin_script():
    text = "東京でTim-Cook氏が a.b@c.de を見た"
    words = read_words(text, "char")
    assert words.forms == [*"東京で", "tim-cook", *"氏が", "a.b@c.de", *"を見た", "."]
    assert [text[start:end].lower() for start, end in words.offsets[:-1]] == words.forms[:-1]


def test_with_the_spacy_splitter_words_are_tokens_and_blanks_are_none():
    doc = Doc(spacy.blank("en").vocab, ["New York", " ", "İs", "\n\n", "big", "  "], [False] * 6)
    tokens = tuple((token.idx, token.idx + len(token)) for token in doc)
    words = read_words(doc.text, "spacy", tokens)
    assert words.forms == ["new york", "i\u0307s", "big", "."]
    assert words.offsets == [(0, 8), (9, 11), (13, 16), (16, 16)]
    closed = read_words("Big!", "spacy", ((0, 3), (3, 4)))
    assert closed.forms == ["big", "!"]
    assert read_words(" ", "spacy", ()).forms == ["."]
    with pytest.raises(ValueError, match="'spacy' needs a Doc"):
        read_words("big", "spacy")


@pytest.mark.parametrize(
    ("name", "theirs"), [("gliner2", WhitespaceTokenSplitter()), ("char", CharLevelSplitter())]
)
@given(text=generated)
@settings(max_examples=1000, suppress_health_check=[HealthCheck.differing_executors])
def test_words_of_any_text_are_those_of_the_reference(name, theirs, text):
    words = read_words(text, name)
    expected = list(theirs(normalise(text), lower=True))
    assert words.forms == [form for form, _, _ in expected]
    last = len(text.rstrip())
    assert words.offsets == [(min(start, last), min(end, last)) for _, start, end in expected]


def test_a_word_without_tokens_keeps_its_row():
    prompt = Prompt(ids=(7, 8), groups=(), prefix=((1, 1),), choices={})
    sequence = make_sequence(prompt, [(), (3, 4), (), (5,), ()], Window(0, 5))
    assert sequence.ids == (3, 4, 5)
    assert sequence.rows == ((1, 1), (2, 1), (2, 2), (4, 1), (4, 1), (4, 1))


def test_words_without_tokens_do_not_shift_those_after_them():
    ids = Subwords(unigram().backend_tokenizer)
    text = "\u200b Marie \x07 Curie \u200b in \U000e0041 Paris \u200b"
    words = read_words(text, "gliner2")
    tokens = ids.all_ids(words.forms)
    assert [form for form, own in zip(words.forms, tokens, strict=True) if not own] == [
        *("\u200b", "\x07", "\u200b", "\U000e0041", "\u200b")
    ]
    sequence = make_sequence(Prompt((1,), (), (), {}), tokens, Window(0, len(tokens)))
    assert len(sequence.rows) == len(words)
    for form, (first, size), own in zip(words.forms, sequence.rows, tokens, strict=True):
        assert not own or (1, *sequence.ids)[first : first + size] == own, form


SCHEMA = {
    "entities": ["person", "location", {"label": "thing", "dtype": "str"}],
    "relations": ["lives_in", "knows"],
    "structures": {
        "visit": {
            "fields": [
                {"name": "kind", "choices": ["long", "short"]},
                {"name": "place"},
                {"name": "guest", "dtype": "str"},
                {"name": "price", "dtype": "float"},
            ]
        }
    },
    "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
}


@pytest.fixture(scope="module", params=["gliner2", "char", "spacy"])
def nlp(request, small_checkpoint, one_thread):
    nlp = spacy.blank("xx")
    nlp.add_pipe(
        "gliner2",
        config={
            "schema": SCHEMA,
            "threshold": 0.02,
            "word_splitter": request.param,
            "model": {"name": str(small_checkpoint("deberta", "count_lstm_v2"))},
        },
    )
    return nlp


def pieces(doc):
    """Everything that was found in a Doc, with its kind: start, end and text."""
    for span in doc.ents:
        yield "ents", span.start_char, span.end_char, span.text
    for span in doc.spans["gliner2"]:
        yield "spans", span.start_char, span.end_char, span.text
    for relation in doc._.relations:
        for role in ("head", "tail"):
            part = relation[role]
            yield "relations", part["start"], part["end"], part["text"]
    for record in doc._.structures["visit"]:
        for values in record.values():
            for value in values if isinstance(values, list) else [values] if values else []:
                if "start" in value:
                    yield "records", value["start"], value["end"], value["text"]


@pytest.mark.filterwarnings("ignore:.*mentions that do not begin and end with tokens")
def test_whatever_comes_out_of_any_text_is_at_its_offsets(nlp):
    found = Counter()

    @given(st.lists(generated | st.sampled_from(texts.ODD), min_size=20, max_size=20))
    @settings(max_examples=50, suppress_health_check=[HealthCheck.large_base_example])
    def check(batch):
        for text, doc in zip(batch, nlp.pipe(batch), strict=True):
            found["texts"] += 1
            assert doc.text == text
            assert set(doc.cats) == {"calm", "angry"}
            for kind, start, end, surface in pieces(doc):
                found[kind] += 1
                assert 0 <= start < end <= len(text)
                assert text[start:end] == surface
                assert surface == surface.strip()

    check()
    assert found["texts"] >= 1000
    for kind in ("ents", "spans", "relations", "records"):
        assert found[kind] > 300, found
