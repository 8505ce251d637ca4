"""Documents beyond the window: nothing is lost, nothing comes twice, memory stays bounded."""

import random
import resource

import pytest
import spacy

from spacy_gliner2.inference.extractor import Extractor, Request
from spacy_gliner2.inference.settings import Settings
from spacy_gliner2.inference.windows import make_windows
from spacy_gliner2.inference.words import read_words
from spacy_gliner2.model.architecture import build_gliner2_model, get_shim
from spacy_gliner2.schema import FrozenSchema

SCHEMA = FrozenSchema.from_dict(
    {
        "entities": ["person", "location"],
        "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
    }
)
SENTENCES = (
    "Marie Curie moved from Warsaw to Paris.",
    "On Monday the council met in the town hall of Bergen.",
    "It rained, and nobody said a word.",
    "Angela Merkel welcomed Barack Obama in Berlin.",
    "The old mill by the river has been closed for years.",
    "Haruki Murakami was born in Kyoto and grew up in Kobe.",
)


@pytest.fixture(scope="module")
def extractor():
    return Extractor(build_gliner2_model())


def long_text(words, seed=0):
    rng = random.Random(seed)
    sentences, count = [], 0
    while count < words:
        sentences.append(rng.choice(SENTENCES))
        count += len(sentences[-1].split())
    return " ".join(sentences)


def window_texts(extractor, text, settings):
    """Cut a text where the extractor does."""
    shim = get_shim(extractor.model)
    words = read_words(text, "gliner2")
    prompt = extractor._prompt(SCHEMA)
    windows = make_windows(
        [len(ids) for ids in shim.subwords.all_ids(words.forms)],
        window=settings.window,
        stride=settings.stride,
        capacity=shim.checkpoint.network.encoder.max_positions - len(prompt.ids),
        max_width=shim.checkpoint.config.max_width,
    )
    for window in windows:
        start = words.offsets[window.start][0]
        yield start, text[start : words.offsets[window.end - 1][1]]


@pytest.mark.parametrize("words", [900, 50_000])
def test_every_mention_of_its_windows_is_found_in_the_whole_and_none_twice(extractor, words):
    text = long_text(words)
    settings = Settings(overlap_policy="allow", window=128, stride=96)
    (whole,) = extractor.extract([Request(text, SCHEMA, settings)])
    found = [(m.label, m.start, m.end) for m in whole.mentions]
    assert len(found) == len(set(found))
    pieces = list(window_texts(extractor, text, settings))
    assert len(pieces) > words / 128
    sample = random.Random(1).sample(pieces, k=min(60, len(pieces)))
    parts = extractor.extract([Request(piece, SCHEMA, settings) for _, piece in sample])
    expected = {
        (m.label, start + m.start, start + m.end)
        for (start, piece), part in zip(sample, parts, strict=True)
        # A piece that does not end a sentence gets a full stop that the whole does not have there.
        if piece.endswith(".")
        for m in part.mentions
    }
    assert len(expected) > 50 or words < 1000
    assert expected <= set(found)


def test_the_flat_policy_drops_a_mention_only_for_a_better_one(extractor):
    text = long_text(3000, seed=3)
    (all_found,) = extractor.extract([Request(text, SCHEMA, Settings(overlap_policy="allow"))])
    (flat,) = extractor.extract([Request(text, SCHEMA, Settings())])
    kept = set(flat.mentions)
    assert kept <= set(all_found.mentions)
    for mention in set(all_found.mentions) - kept:
        assert any(
            k.label == mention.label
            and k.start < mention.end
            and mention.start < k.end
            and k.score >= mention.score
            for k in kept
        )


def test_the_last_word_of_a_long_document_can_be_extracted(extractor):
    text = long_text(5000) + " The prize went to Barack Obama"
    (found,) = extractor.extract([Request(text, SCHEMA, Settings())])
    assert any(m.end == len(text) and m.text == "Barack Obama" for m in found.mentions)


def test_labels_of_a_long_document_are_a_distribution(extractor):
    (found,) = extractor.extract([Request(long_text(2000), SCHEMA, Settings())])
    (tone,) = found.decisions
    assert sum(tone.scores.values()) == pytest.approx(1.0, abs=1e-5)


def test_memory_does_not_grow_with_the_document(extractor):
    extractor.extract([Request(long_text(5_000), SCHEMA, Settings())])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    extractor.extract([Request(long_text(50_000), SCHEMA, Settings())])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 120, f"{grown:.0f} MiB more for ten times the words"


def test_a_word_longer_than_the_window_is_no_obstacle(extractor):
    text = f"Marie Curie wrote https://example.org/{'a1-' * 600} in Paris."
    with pytest.warns(UserWarning, match="longer than a window"):
        (found,) = extractor.extract([Request(text, SCHEMA, Settings())])
    texts = {mention.text for mention in found.mentions}
    assert {"Curie", "Paris"} <= {text.split()[-1] for text in texts}  # before it, and after it


def test_a_document_of_a_pipeline_is_read_to_its_end():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": {"entities": ["person", "location"]}})
    doc = nlp(long_text(2000) + " At last Marie Curie came to Paris.")
    assert doc.ents[-1].end_char > len(doc.text) - 10
