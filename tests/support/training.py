"""Texts of every task, and a small component that learns them."""

import spacy
from spacy.util import fix_random_seed
from thinc.api import Adam

from spacy_gliner2.model.architecture import get_shim

from .annotated import Annotated

SCHEMA = {
    "entities": ["person", "city"],
    "relations": ["lives in", "works in"],
    "structures": {"order": {"fields": ["item::str", "price::list", "size::[small|large]::str"]}},
    "classifications": [{"task": "tone", "labels": ["calm", "angry"]}],
}

TEXTS = (
    Annotated(
        "Marie Curie lives in Paris and works in Warsaw.",
        SCHEMA,
        entities={"person": ["Marie Curie"], "city": ["Paris", "Warsaw"]},
        relations=[("lives in", "Marie Curie", "Paris"), ("works in", "Marie Curie", "Warsaw")],
        records={},
        labels={"tone": ["calm"]},
    ),
    Annotated(
        "Two large phones for $99 and one small box for $5!",
        SCHEMA,
        entities={},
        relations=[],
        records={
            "order": [
                {"item": "phones", "price": ["99"], "size": "large"},
                {"item": "box", "price": ["5"], "size": "small"},
            ]
        },
        labels={"tone": ["angry"]},
    ),
    Annotated(
        "Nobody met anybody.",
        SCHEMA,
        entities={},
        relations=[],
        records={},
        labels={"tone": ["calm"]},
    ),
)

QUICK = {"encoder_rate": 0.3}


def make_nlp(checkpoint, schema=SCHEMA, **config):
    """A pipeline of the component alone, without augmentation; blocks may be given in part."""
    nlp = spacy.blank("en")
    blocks = {
        key: {"@misc": f"spacy-gliner2.{key}.v1", **config.pop(key, {})}
        for key in ("loss", "optimisation")
    }
    model = {"name": str(checkpoint)}
    options = {"schema": schema, "model": model, "cats_prefix": True, "augmentation": None}
    nlp.add_pipe("gliner2", config={**options, **blocks, **config})
    return nlp


def examples(nlp, texts=TEXTS):
    """Examples of texts, without schemas of their own."""
    made = [text.example(nlp) for text in texts]
    for example in made:
        example.reference._.gliner2_schema = None
    return made


def train(nlp, data, steps, rate=3e-3, **options):
    """Train on all data at each step; returns the losses."""
    fix_random_seed(0)
    rule = Adam(rate, L2=0.0, grad_clip=1.0, use_averages=False)
    curve = []
    for _ in range(steps):
        losses = nlp.update(data, sgd=rule, **options)
        curve.append(losses["gliner2"])
    return curve


def learn_by_heart(nlp, data, texts=TEXTS, parts=None):
    """Train until the component says what is right, for 600 steps at most."""
    for _ in range(12):
        train(nlp, data, 50)
        docs = [example.predicted.copy() for example in data]
        said = [found(doc) for doc in nlp.pipe(docs)]
        right = [expected(text) for text in texts]
        if all(a[part] == b[part] for a, b in zip(said, right, strict=True) for part in parts or a):
            return True
    return False


def found(doc):
    """What a Doc says, but for scores."""
    return {
        "entities": {(span.text, span.label_) for span in doc.spans["gliner2"]},
        "relations": {(r["label"], r["head"]["text"], r["tail"]["text"]) for r in doc._.relations},
        "records": doc._.structures
        and [
            {key: _text(value) for key, value in record.items()}
            for records in doc._.structures.values()
            for record in records
        ],
        "labels": {key for key, value in doc.cats.items() if value >= 0.5},
    }


def _text(value):
    if isinstance(value, list):
        return [part["text"] for part in value]
    return value and value["text"]


def expected(text):
    """What `found` returns for a text that is annotated rightly."""
    return {
        "entities": {(w, label) for label, words in (text.entities or {}).items() for w in words},
        "relations": set(text.relations or ()),
        "records": [record for records in (text.records or {}).values() for record in records],
        "labels": {f"{task}:{label}" for task, labels in text.labels.items() for label in labels},
    }


def weights(nlp, part=""):
    """Copies of the weights whose names begin with a part's."""
    network = get_shim(nlp.get_pipe("gliner2").model).checkpoint.network
    return {n: w.detach().clone() for n, w in network.named_parameters() if n.startswith(part)}


def moved(before, after):
    """The largest movement of any weight."""
    return max(float((after[name] - weight).abs().max()) for name, weight in before.items())
