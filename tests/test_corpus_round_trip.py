"""Records to Docs to records: nothing changes, whatever the labels and texts are."""

import json

import spacy
from gliner2.training.data import InputExample
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_gliner2.schema import MARKERS, FrozenSchema
from spacy_gliner2.training.corpus import CorpusOptions, RecordWriter
from spacy_gliner2.training.corpus.parse import parse_record
from spacy_gliner2.training.corpus.to_doc import DocMaker

nlp = spacy.blank("en")
options = CorpusOptions(schema="record", cats_prefix=True)
make = DocMaker(nlp, options)
writer = RecordWriter(nlp, options)

anything = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(list(" $:=#[]{}|.'\"\\-İß한👩‍")),
    max_size=20,
)
names = anything.filter(lambda s: s.strip() and not any(m in s for m in MARKERS))
words = st.sampled_from(
    ["Tim", "Cook", "tim", "don't", "3.14", "$5,000", "U.S.A.", "a_b-c", "@x", "İstanbul",
     "이마트가", "http://x.y/z", "👩‍👩‍👧", "e\u0301a", "...", "(", "\n", "\u00a0", "Dr."]
) | anything  # fmt: skip
texts = st.lists(words, max_size=8).map(" ".join)
few = {"max_size": 3}

TASKS = ("entities", "classifications", "json_structures", "relations")


@st.composite
def records(draw):
    text = draw(texts)
    pieces = [
        (a, b)
        for a in range(len(text))
        for b in range(a + 1, min(len(text), a + 12) + 1)
        if text[a:b] == text[a:b].strip()
    ]
    if not pieces:
        value = st.just("")
    else:
        value = st.sampled_from(pieces).map(
            lambda p: {"text": text[p[0] : p[1]], "start": p[0], "end": p[1]}
        )

    def choice(labels):
        one = st.sampled_from([*labels, ""])
        several = st.lists(st.sampled_from(labels), unique=True)
        fields = {"value": one | several, "choices": st.just(labels)}
        return st.fixed_dictionaries(fields)

    unique = st.lists(names, min_size=2, max_size=4, unique_by=str.lower)
    labels = draw(unique)
    whole = st.none() | value | st.lists(value.filter(bool), min_size=1, **few)
    fields = draw(st.dictionaries(names, st.just(None), min_size=1, max_size=3))
    kinds = {name: draw(st.sampled_from(["text", "choice"])) for name in fields}
    instance = st.fixed_dictionaries(
        {name: whole if kinds[name] == "text" else choice(labels) for name in fields}
    )
    pair = st.fixed_dictionaries({"head": value, "tail": value})
    several = draw(st.booleans())
    true = st.lists(st.sampled_from(labels), unique=True) if several else st.sampled_from(labels)
    output = {
        "entities": draw(st.dictionaries(names, st.lists(value, **few), **few)),
        "relations": [{draw(names): draw(pair)} for _ in range(draw(st.integers(0, 2)))],
        "relation_descriptions": draw(st.dictionaries(names, names | st.just(""), **few)),
        "json_structures": [
            {name: draw(instance)} for name in draw(st.lists(names, **few)) for _ in range(2)
        ],
        "classifications": [
            {
                "task": draw(names),
                "labels": labels,
                "true_label": draw(true),
                "multi_label": several,
                "label_descriptions": {labels[0]: draw(names)},
            }
        ],
    }
    output = {key: part for key, part in output.items() if draw(st.booleans())}
    return {"input": text, "output": output}


def content(doc):
    """Everything that a Doc says, as plain data."""
    group = doc.spans.get("gliner2")
    return json.dumps(
        {
            "text": doc.text,
            "spans": group is not None and [(s.start_char, s.end_char, s.label_) for s in group],
            "ents": [(e.start_char, e.end_char, e.label_) for e in doc.ents],
            "cats": doc.cats,
            "relations": doc._.relations,
            "structures": doc._.structures,
            "schema": doc._.gliner2_schema,
        }
    )


@settings(max_examples=150, deadline=None)
@given(records())
def test_a_record_comes_back_from_its_doc(record):
    record = json.loads(json.dumps(record))
    gold, missing = make.gold(parse_record(record))
    assert not missing
    assert gold.text == record["input"]
    for values in gold.spans.values():
        assert all(span.text == gold.text[span.start_char : span.end_char] for span in values)
    written = json.loads(json.dumps(writer.record(gold)))
    again, _ = make.gold(parse_record(written))
    said, meant = json.loads(content(again)), json.loads(content(gold))
    # A field without a value does not tell whether it could have had several.
    for doc in (said, meant):
        for structure in doc["schema"].get("structures", ()):
            for field in structure["fields"]:
                if not (doc["structures"] or {}).get(structure["name"]):
                    field.pop("dtype", None)
    assert said == meant
    assert writer.record(again) == written


@settings(max_examples=60, deadline=None)
@given(records())
def test_a_doc_comes_back_from_a_spacy_file(record):
    gold, _ = make.gold(parse_record(record))
    stored = DocBin(docs=[gold], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    assert content(again) == content(gold)
    assert writer.record(again) == writer.record(gold)


@settings(max_examples=60, deadline=None)
@given(records())
def test_the_reference_finds_nothing_wrong_with_what_is_written(record):
    gold, _ = make.gold(parse_record(record))
    written = json.loads(json.dumps(writer.record(gold)))
    if not gold.text.strip() or not any(written["output"].get(k) for k in TASKS):
        return  # the reference has no use for a record without text or task
    errors = InputExample.from_dict(written).validate()
    # Where no record chooses, there is no other way to say what the choices are.
    assert [error for error in errors if not error.startswith("Choice value")] == []


def test_a_doc_without_schema_is_written_with_what_occurs_in_it():
    doc = nlp("Ann lives in Rome.")
    doc.ents = [doc.char_span(0, 3, "PERSON"), doc.char_span(13, 17, "GPE")]
    doc.cats = {"travel": 0.9, "food": 0.1}
    assert RecordWriter(nlp, task="topic").record(doc)["output"] == {
        "entities": {"PERSON": ["Ann"], "GPE": ["Rome"]},
        "classifications": [
            {"task": "topic", "labels": ["travel", "food"], "true_label": ["travel"]}
        ],
    }


def test_the_schema_of_a_component_adds_what_was_looked_for_and_not_found():
    doc = nlp("Ann lives in Rome.")
    doc.spans["gliner2"] = [doc.char_span(0, 3, "person")]
    doc._.relations = []
    doc._.structures = {}
    schema = FrozenSchema.from_dict(
        {
            "entities": {"person": "a human being", "date": None},
            "relations": ["lives_in"],
            "structures": {
                "trip": {"fields": [{"name": "to"}, {"name": "by", "choices": ["car"]}]}
            },
        }
    )
    assert RecordWriter(nlp, schema=schema).record(doc)["output"] == {
        "entities": {"person": ["Ann"], "date": []},
        "entity_descriptions": {"person": "a human being"},
        "json_structures": [{"trip": {"to": "", "by": {"value": "", "choices": ["car"]}}}],
        "relations": [],
        "relation_descriptions": {"lives_in": ""},
    }


def test_a_mention_is_written_with_offsets_where_its_words_are_not_always_one():
    doc = nlp("May came in May, in may.")
    doc.spans["gliner2"] = [doc.char_span(0, 3, "person")]
    mention = {"text": "May", "start": 0, "end": 3}
    assert RecordWriter(nlp).record(doc)["output"] == {"entities": {"person": [mention]}}
    months = [doc.char_span(12, 15, "month"), doc.char_span(20, 23, "month")]
    doc.spans["gliner2"] = [*doc.spans["gliner2"], *months]
    assert RecordWriter(nlp).record(doc)["output"]["entities"]["month"] == [
        {"text": "May", "start": 12, "end": 15},
        {"text": "may", "start": 20, "end": 23},
    ]
    everywhere = [doc.char_span(a, b, "word") for a, b in ((0, 3), (12, 15), (20, 23))]
    doc.spans["gliner2"] = everywhere
    assert RecordWriter(nlp).record(doc)["output"] == {"entities": {"word": ["May"]}}


def test_what_the_component_found_is_written_as_if_it_were_gold():
    pipeline = spacy.blank("en")
    schema = {
        "entities": ["person", "location"],
        "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
        "relations": ["lives_in"],
    }
    pipeline.add_pipe("gliner2", config={"schema": schema})
    doc: Doc = pipeline("Marie Curie moved from Warsaw to Paris in 1891, and stayed.")
    frozen = FrozenSchema.from_dict(schema)
    written = json.loads(json.dumps(RecordWriter(nlp, schema=frozen).record(doc)))
    gold, missing = DocMaker(nlp, CorpusOptions()).gold(parse_record(written))
    assert not missing
    found = {(s.start_char, s.end_char, s.label_) for s in doc.spans["gliner2"]}
    assert {(s.start_char, s.end_char, s.label_) for s in gold.spans["gliner2"]} == found
    assert max(gold.cats, key=gold.cats.get) == max(doc.cats, key=doc.cats.get)
    assert len(gold._.relations) == len(doc._.relations)
