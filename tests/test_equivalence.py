"""One text, one answer: whatever the batch, the order, the process, the thread, the way to disk."""

import json
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .test_pipe import SCHEMA, content

ASSETS = Path(__file__).parent.parent / "assets"
LABELS = ("person", "city", "organisation", "date", "price", "disease", "US$", "약제명")

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # Which is said of texts in scripts that spaCy's English tokenizer does not split.
    pytest.mark.filterwarnings("ignore:component 'gliner2' found:UserWarning"),
]
few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def read_texts():
    """Real texts: of all languages and kinds that the repository has."""
    found = []
    for path in sorted((ASSETS / "demo").glob("*.jsonl")):
        for line in path.read_text("utf8").splitlines():
            row = json.loads(line)
            found.append(row.get("input") or row["text"])
    return found


TEXTS = read_texts()


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": SCHEMA, "threshold": 0.3})
    return nlp


@pytest.fixture(scope="module")
def alone(nlp):
    return {text: content(nlp(text)) for text in TEXTS}


@few
@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=10),
    st.sampled_from([1, 2, 3, 7, 128]),
    st.sampled_from([1, 60, 300, 4096]),
)
def test_batches_and_their_order_change_no_answer(nlp, alone, texts, batch_size, items):
    pipe = nlp.get_pipe("gliner2")
    kept, pipe.cfg["max_batch_items"] = pipe.cfg["max_batch_items"], items
    try:
        docs = list(nlp.pipe(texts, batch_size=batch_size))
    finally:
        pipe.cfg["max_batch_items"] = kept
    assert [doc.text for doc in docs] == texts
    assert [content(doc) for doc in docs] == [alone[text] for text in texts]


@few
@given(
    st.lists(
        st.tuples(st.sampled_from(TEXTS), st.sets(st.sampled_from(LABELS), max_size=4)), max_size=6
    )
)
def test_schemas_of_other_documents_change_no_answer(nlp, pairs):
    def make(text, labels):
        doc = nlp.make_doc(text)
        doc._.gliner2_schema = {"entities": sorted(labels)}
        return doc

    together = [content(doc) for doc in nlp.pipe(make(*pair) for pair in pairs)]
    assert together == [content(nlp(make(*pair))) for pair in pairs]


def test_every_way_to_store_a_pipeline_keeps_every_answer(nlp, alone, tmp_path):
    texts = random.Random(0).sample(TEXTS, 12)
    nlp.to_disk(tmp_path / "saved")
    other = spacy.blank("en")
    other.add_pipe("gliner2", config={"schema": SCHEMA, "threshold": 0.3})
    ways = {
        "disk": spacy.load(tmp_path / "saved"),
        "bytes": other.from_bytes(nlp.to_bytes()),
        "pickle": pickle.loads(pickle.dumps(nlp)),
        "disk twice": spacy.load(tmp_path / "saved"),
    }
    ways["disk twice"].to_disk(tmp_path / "saved")  # over what it was loaded from
    ways["disk twice"] = spacy.load(tmp_path / "saved")
    for way, loaded in ways.items():
        found = [content(doc) for doc in loaded.pipe(texts)]
        assert found == [alone[text] for text in texts], way


def test_two_threads_with_different_schemas_do_not_disturb_each_other(nlp):
    def extract(job):
        text, label = job
        doc = nlp.make_doc(text)
        doc._.gliner2_schema = {"entities": [label]}
        return content(nlp(doc))

    jobs = [(text, label) for text in TEXTS[:10] for label in LABELS[:2]]
    expected = [extract(job) for job in jobs]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(extract, jobs)) == expected
