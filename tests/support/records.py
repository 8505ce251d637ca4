"""A record of the reference's JSONL, written and read."""

import json

from spacy_gliner2.training.corpus import CorpusOptions, JsonlCorpus

TEXT = "Tim Cook runs Apple. Tim Cook's iPhone costs $999."

RECORD = {
    "input": TEXT,
    "output": {
        "entities": {"person": ["Tim Cook"], "city": []},
        "entity_descriptions": {"person": "names of people"},
        "classifications": [
            {
                "task": "tone",
                "labels": ["calm", "angry"],
                "true_label": "calm",
                "prompt": "How does it sound?",
                "examples": [["Go away!", "angry"]],
                "label_descriptions": {"calm": "at ease"},
            }
        ],
        "json_structures": [
            {
                "product": {
                    "name": "iPhone",
                    "tags": ["Apple", "$999"],
                    "colour": "",
                    "kind": {"value": "phone", "choices": ["phone", "laptop"]},
                }
            }
        ],
        "json_descriptions": {"product": {"name": "what it is called"}},
        "relations": [
            {"works_for": {"head": "Tim Cook", "tail": "Apple"}},
            {"makes": {"head": "Apple", "tail": "iPhone"}},
        ],
    },
}

OF_RECORD = CorpusOptions(schema="record")


def write(path, *records):
    """Write records as JSONL; returns the path."""
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf8")
    return path


def read(tmp_path, nlp, output, text=TEXT, **options):
    """The example of one record."""
    path = write(tmp_path / "corpus.jsonl", {"input": text, "output": output})
    (example,) = JsonlCorpus(path, options=CorpusOptions(**{"schema": "record", **options}))(nlp)
    return example


def spans(doc):
    """Offsets and label of each mention."""
    return [(s.start_char, s.end_char, s.label_) for s in doc.spans["gliner2"]]
