"""A model that is served: the same Docs as with a local one, and what happens when it is not."""

import json
import pickle
import sys
import warnings

import pytest
import spacy
from spacy.training import Example

from spacy_gliner2 import GLiNER2
from spacy_gliner2.hosted import (
    AuthenticationError,
    GLiNER2APIError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from spacy_gliner2.hosted.client import _retry_after

from .support.command import run
from .support.service import KEY, EmbeddedAnswer, Fault, serve
from .test_pipe import SCHEMA, TEXT, content

pytest.importorskip("httpx")

RICH = {
    "entities": [
        {"label": "person", "description": "a human being", "threshold": 0.3},
        {"label": "location", "validators": [{"pattern": "[A-Z].*", "flags": 0}]},
        {"label": "year", "dtype": "str"},
    ],
    "classifications": [
        {"task": "tone", "labels": ["calm", "angry", "sad"]},
        {"task": "topics", "labels": ["science", "travel"], "multi_label": True, "top_k": 1},
    ],
    "relations": [{"label": "lives_in", "threshold": 0.2, "head": ["person"]}, "works_for"],
    "structures": {
        "journey": {
            "fields": [
                {"name": "traveller", "dtype": "str"},
                {"name": "year", "dtype": "int", "description": "when it was"},
                {"name": "means", "dtype": "str", "choices": ["train", "ship"]},
                {"name": "place", "threshold": 0.2},
            ]
        }
    },
}
TEXTS = [
    TEXT,
    "Ada Lovelace lived in London, and Charles Babbage worked for the Royal Society.",
    "",
    "Nothing",
    "  Tim Cook announced the iPhone 15 in Cupertino for 999 $ on Tuesday \n",
]


@pytest.fixture(scope="module")
def answer():
    return EmbeddedAnswer()


@pytest.fixture
def service(answer, monkeypatch):
    monkeypatch.setenv("FASTINO_API_KEY", KEY)
    with serve(answer) as running:
        yield running


@pytest.fixture
def waits(monkeypatch):
    found = []
    monkeypatch.setattr("spacy_gliner2.hosted.client.sleep", found.append)
    return found


def hosted(url, schema=SCHEMA, **options):
    model = {"@architectures": "spacy-gliner2.GLiNER2API.v1", "base_url": url, **options}
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": schema, "model": model})
    return nlp


def local(schema=SCHEMA, **config):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"schema": schema, **config})
    return nlp


@pytest.mark.parametrize("schema", [SCHEMA, RICH, {}, {"entities": ["person"]}])
def test_docs_are_those_of_the_local_model(service, schema):
    found = hosted(service.url, schema).pipe(TEXTS)
    for doc, own in zip(found, local(schema).pipe(TEXTS), strict=True):
        assert content(doc) == content(own)


def test_a_long_document_is_sent_in_windows_and_merged(service):
    text = " ".join(f"In {1900 + i} Marie Curie moved from Warsaw to Paris." for i in range(30))
    nlp = hosted(service.url, {"entities": ["person", "location"]}, batch_size=2)
    for key, value in (("window", 60), ("stride", 40)):
        nlp.get_pipe("gliner2").cfg[key] = value
    found = [(e.start_char, e.label_) for e in nlp(text).ents]
    starts = [i for i in range(len(text)) if text.startswith("Marie Curie", i)]
    assert [start for start, label in found if label == "person"] == starts
    assert all(len(body["text"]) <= 2 for body in service.bodies)


def test_texts_go_in_batches_and_no_more_calls_than_allowed_run_at_once(service):
    nlp = hosted(service.url, {"entities": ["person"]}, batch_size=3, concurrency=2)
    texts = [f"Marie Curie met person number {i}." for i in range(14)]
    docs = list(nlp.pipe(texts))
    assert [doc.text for doc in docs] == texts
    assert sorted(len(body["text"]) for body in service.bodies) == [2, 3, 3, 3, 3]
    assert service.most <= 2


def test_the_request_is_the_one_of_the_protocol(service):
    hosted(service.url, RICH)(TEXT)
    (body,) = service.bodies
    assert body["task"] == "schema"
    assert body["text"] == [TEXT]
    assert (body["include_confidence"], body["include_spans"]) == (True, True)
    assert body["schema"]["entities"]["person"] == {
        "description": "a human being",
        "threshold": 0.3,
    }
    assert body["schema"]["classifications"]["tone"]["labels"] == ["calm", "angry", "sad"]
    assert body["schema"]["structures"]["journey"][2]["choices"] == ["train", "ship"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_call_that_was_refused_for_load_or_failed_is_repeated(service, waits, status):
    service.faults.extend([Fault(status)] * 3)
    assert hosted(service.url)(TEXT).ents
    assert len(service.bodies) == 4
    assert all(0.7 * 2**n < wait < 1.3 * 2**n for n, wait in enumerate(waits))


def test_retry_after_is_honoured(service, waits):
    service.faults.append(Fault(429, headers={"Retry-After": "7"}))
    assert hosted(service.url)(TEXT).ents
    assert waits == [7.0]


def test_retry_after_may_be_a_date():
    assert _retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert _retry_after("Wed, 21 Oct 2415 07:28:00 GMT") > 1e9
    assert _retry_after("soon") is None


def test_a_service_that_asks_for_too_long_a_wait_gets_no_other_call(service, waits):
    service.faults.append(Fault(429, b'{"detail": "quota"}', {"Retry-After": "3600"}))
    with pytest.raises(RateLimitError, match="quota") as caught:
        hosted(service.url)(TEXT)
    assert caught.value.status_code == 429
    assert waits == []


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (Fault(400, b'{"detail": "no such task"}'), ValidationError, "no such task"),
        (Fault(422), ValidationError, "422"),
        (Fault(500, b"<html>"), ServerError, "500"),
        (Fault(501), ServerError, "501"),
        (Fault(404), GLiNER2APIError, "404"),
        (Fault(302, headers={"Location": "http://127.0.0.1:9"}), GLiNER2APIError, "302"),
        (Fault(cut=True), GLiNER2APIError, "connection"),
        (Fault(body=b""), GLiNER2APIError, "nothing"),
        (Fault(body=b'{"result": '), GLiNER2APIError, "JSON"),
        (Fault(body=b'{"result": [{}, {}]}'), GLiNER2APIError, "2 for 1"),
        (Fault(body=b'{"result": "fine"}'), GLiNER2APIError, "str for 1"),
        (Fault(body=b'{"result": [7]}'), GLiNER2APIError, "int"),
        (Fault(body=b'{"result": {"entities": {"person": ["Curie"]}}}'), GLiNER2APIError, "Curie"),
        (Fault(body=b'{"result": {"entities": {}}}'), GLiNER2APIError, "tone"),
    ],
)
def test_a_failure_is_a_typed_error(service, waits, fault, error, message):
    service.faults.extend([fault] * 2)
    with pytest.raises(error, match=message):
        hosted(service.url, max_retries=1)(TEXT)


def test_a_slow_service_is_waited_for_as_long_as_set(service, waits):
    service.faults.extend([Fault(delay=0.6)] * 2)
    with pytest.raises(GLiNER2APIError, match=r"0\.1 s"):
        hosted(service.url, timeout=0.1, max_retries=1)(TEXT)


def test_a_service_that_is_not_there_is_an_error_for_each_document(monkeypatch, waits):
    monkeypatch.setenv("FASTINO_API_KEY", KEY)
    nlp = hosted("http://127.0.0.1:9", max_retries=0)
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.extend(docs))
    assert list(nlp.pipe([TEXT, TEXT])) == []
    assert [doc.text for doc in failed] == [TEXT, TEXT]


@pytest.mark.parametrize(
    "fault", [Fault(422), Fault(500), Fault(body=b"{"), Fault(body=b'{"result": []}')]
)
def test_one_text_that_fails_goes_to_the_error_handler_alone(service, waits, fault):
    bad = "a text that breaks it"
    service.fault_for = lambda body: fault if bad in body["text"] else None
    nlp = hosted(service.url, max_retries=1)
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.extend(docs))
    texts = [TEXT, bad, "Ada Lovelace lived in London."]
    docs = list(nlp.pipe(texts))
    assert [doc.text for doc in docs] == [texts[0], texts[2]]
    assert all(doc.ents for doc in docs)
    assert [doc.text for doc in failed] == [bad]


def test_a_reply_that_is_wrong_for_one_text_fails_that_one_alone(service):
    right = service.answer
    service.answer = lambda body: [
        {"entities": 3} if text == "bad" else right({**body, "text": text})[0]
        for text in body["text"]
    ]
    nlp = hosted(service.url)
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.extend(docs))
    assert [doc.text for doc in nlp.pipe([TEXT, "bad", TEXT])] == [TEXT, TEXT]
    assert [doc.text for doc in failed] == ["bad"]


def test_a_wrong_key_is_the_fault_of_no_text(service, monkeypatch):
    monkeypatch.setenv("FASTINO_API_KEY", "wrong-key")
    nlp = hosted(service.url, batch_size=1)
    nlp.set_error_handler(lambda *args: None)
    with pytest.raises(AuthenticationError) as caught:
        list(nlp.pipe([TEXT] * 5))
    assert "wrong-key" not in str(caught.value)
    assert "wrong-key" not in repr(caught.value)


def test_a_missing_key_is_an_error_that_names_the_variable(monkeypatch):
    monkeypatch.delenv("FASTINO_API_KEY", raising=False)
    monkeypatch.delenv("PIONEER_API_KEY", raising=False)
    with pytest.raises(AuthenticationError, match="FASTINO_API_KEY"):
        hosted("https://api.example.org")(TEXT)
    with pytest.raises(AuthenticationError, match="FASTINO_API_KEY"):
        GLiNER2.from_api()
    with pytest.raises(TypeError, match="environment"):
        GLiNER2.from_api(api_key=KEY)


def test_a_command_looks_for_the_key_first_and_says_what_is_missing(service, tmp_path, monkeypatch):
    hosted(service.url).to_disk(tmp_path / "pipeline")
    (tmp_path / "in.txt").write_text(TEXT)
    command = ("extract", tmp_path / "in.txt", tmp_path / "out.jsonl", "-m", tmp_path / "pipeline")
    monkeypatch.delenv("FASTINO_API_KEY")
    assert "set the environment variable FASTINO_API_KEY" in run(*command, status=1).stderr
    assert not list(tmp_path.glob("out*"))
    monkeypatch.setenv("FASTINO_API_KEY", "wrong")
    assert "the key is wrong or has expired" in run(*command, status=1).stderr
    monkeypatch.setitem(sys.modules, "httpx", None)
    assert "pip install spacy-gliner2[api]" in run(*command, status=1).stderr


def test_the_key_is_written_nowhere(service, tmp_path, caplog, monkeypatch):
    monkeypatch.delenv("FASTINO_API_KEY")
    monkeypatch.setenv("PIONEER_API_KEY", KEY)
    caplog.set_level("DEBUG")
    nlp = hosted(service.url)
    before = content(nlp(TEXT))
    nlp.to_disk(tmp_path)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for content_ in (written, pickle.dumps(nlp.get_pipe("gliner2")), caplog.text.encode()):
        assert KEY.encode() not in content_
    assert KEY not in nlp.config.to_str()
    assert content(spacy.load(tmp_path)(TEXT)) == before
    copy = pickle.loads(pickle.dumps(nlp.get_pipe("gliner2")))
    assert content(copy(nlp.make_doc(TEXT))) == before
    assert content(hosted(service.url).from_bytes(nlp.to_bytes())(TEXT)) == before


def test_docs_of_two_processes_are_those_of_one(service):
    nlp = hosted(service.url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads
        docs = list(nlp.pipe([TEXT] * 4, n_process=2, batch_size=1))
    assert [content(doc) for doc in docs] == [content(nlp(TEXT))] * 4


def test_forked_processes_do_not_share_a_connection(service):
    nlp = hosted(service.url)
    before = [content(nlp(text)) for text in TEXTS[:2] * 2]
    own = set(service.connections)
    service.connections.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads
        docs = list(nlp.pipe(TEXTS[:2] * 2, n_process=2, batch_size=1))
    assert [content(doc) for doc in docs] == before
    assert service.connections
    assert not service.connections & own


def test_offsets_that_are_not_those_of_the_text_are_found_again(service):
    text = "İpek met Marie Curie."
    item = {"text": "Marie Curie", "confidence": 0.9, "start": 10, "end": 21}
    stop = {"text": "Curie..", "confidence": 0.8, "start": 15, "end": 22}
    service.answer = lambda body: [{"entities": {"person": [item], "name": [stop]}}]
    doc = hosted(service.url, {"entities": ["person", "name"]})(text)
    assert {(span.text, span.label_) for span in doc.spans["gliner2"]} == {
        ("Marie Curie", "person"),
        ("Curie", "name"),
    }


def test_many_schemas_do_not_fill_the_memory(service):
    nlp = hosted(service.url)
    extractor = nlp.get_pipe("gliner2")._extractor
    service.answer = lambda body: [{} for _ in body["text"]]
    docs = [nlp.make_doc(TEXT) for _ in range(300)]
    for number, doc in enumerate(docs):
        doc._.gliner2_schema = {"entities": [f"label {number}"]}
    assert len(list(nlp.pipe(docs))) == 300
    assert len(extractor._wires) <= 256


def test_what_the_protocol_has_no_place_for_is_said(service):
    task = {"task": "tone", "labels": {"calm": "at ease", "angry": None}, "prompt": "How is it?"}
    nlp = hosted(service.url, {"classifications": [task]})
    with pytest.warns(UserWarning, match="prompt and descriptions of labels"):
        nlp(TEXT)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": 0}, "model.timeout"),
        ({"max_retries": -1}, "model.max_retries"),
        ({"concurrency": 0}, "model.concurrency"),
        ({"url": "ftp://x"}, "model.base_url"),
        ({"url": "https://user:word@host"}, "password"),
    ],
)
def test_a_wrong_value_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        hosted(options.pop("url", "https://host"), **options)


def test_an_unencrypted_service_is_warned_of(monkeypatch):
    monkeypatch.setenv("FASTINO_API_KEY", KEY)
    nlp = hosted("http://service.invalid", max_retries=0)
    with pytest.warns(UserWarning, match="unencrypted"), pytest.raises(GLiNER2APIError):
        nlp(TEXT)


def test_a_hosted_model_is_not_trained_or_saved(service, tmp_path):
    nlp = hosted(service.url)
    assert nlp.get_pipe("gliner2").is_trainable is False
    example = Example.from_dict(nlp.make_doc(TEXT), {"entities": [(0, 11, "person")]})
    with pytest.raises(ValueError, match="served elsewhere"):
        nlp.update([example])
    with pytest.raises(ValueError, match="served elsewhere"):
        GLiNER2.from_api(service.url).save_pretrained(tmp_path)


def test_the_face_gives_what_the_local_one_gives(service):
    face, own = GLiNER2.from_api(service.url), GLiNER2.from_pretrained()
    for include in (False, True):
        options = {"include_spans": include}
        labels = ["person", "location"]
        found = face.batch_extract_entities(TEXTS, labels, **options)
        assert json.dumps(found) == json.dumps(own.batch_extract_entities(TEXTS, labels, **options))
    tasks = {"tone": ["calm", "angry"]}
    assert face.classify_text(TEXT, tasks) == own.classify_text(TEXT, tasks)
    assert face.extract_relations(TEXT, ["lives_in"]) == own.extract_relations(TEXT, ["lives_in"])
