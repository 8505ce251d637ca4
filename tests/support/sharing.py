"""Pipelines whose components listen to the component, and what they learn."""

import numpy as np
import spacy
from spacy.training import Example

from spacy_gliner2.model.architecture import get_shim

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "*",
    "pooling": {"@layers": "reduce_mean.v1"},
}
MODELS = {
    "tagger": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER},
    "ner": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 32,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LISTENER,
    },
    "textcat": {
        "@architectures": "spacy.TextCatParametricAttention.v1",
        "exclusive_classes": True,
        "tok2vec": LISTENER,
    },
}
GOLD = [
    ("I like green eggs", ["PRON", "VERB", "ADJ", "NOUN"], [(7, 12, "COLOUR")], "calm"),
    ("Eat blue ham now!", ["VERB", "ADJ", "NOUN", "ADV", "PUNCT"], [(4, 8, "COLOUR")], "angry"),
]


def sharing(checkpoint="embedded", *listening, frozen=(), schema=None, **config):
    nlp = spacy.blank("en")
    options = {"model": {"name": str(checkpoint)}, "publish_trf_data": True, "schema": schema or {}}
    if frozen:
        options["optimisation"] = {
            "@misc": "spacy-gliner2.optimisation.v1",
            "frozen": list(frozen),
            "encoder_rate": 1.0,
        }
    else:
        options["optimisation"] = {
            "@misc": "spacy-gliner2.optimisation.v1",
            "encoder_rate": 0.1,
            "precision": "float32",
        }
    nlp.add_pipe("gliner2", config={**options, **config})
    for name in listening:
        nlp.add_pipe(name, config={"model": MODELS[name]})
    return nlp


def gold(nlp):
    examples = []
    for text, tags, ents, label in GOLD:
        cats = {"calm": float(label == "calm"), "angry": float(label == "angry")}
        annotation = {"tags": tags, "entities": ents, "cats": cats}
        examples.append(Example.from_dict(nlp.make_doc(text), annotation))
    return examples


def train(nlp, steps, rate=0.01):
    examples = gold(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = rate
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
    return losses


def encoder(nlp):
    return get_shim(nlp.get_pipe("gliner2").model).checkpoint.network.encoder


def pieces(doc):
    data = doc._.trf_data
    flat = [piece for window in data.wordpieces.strings for piece in window]
    ends = np.cumsum(data.align.lengths)
    return [[flat[i] for i in own] for own in np.split(data.align.dataXd, ends[:-1])]
