"""Gold spans in the tokens of a prediction, which can have no others."""

from collections.abc import Iterable

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans


def in_predicted_tokens(example: Example, spans_key: str, alignment_mode: str) -> Example:
    """Bring the gold of an example into the tokens of its prediction.

    A gold span that ends inside a token becomes what the component makes of such a mention, so
    that a perfect prediction is scored as one.

    example (Example): The example.
    spans_key (str): Key of `doc.spans`.
    alignment_mode (str): "expand" or "contract"; with "strict" such gold cannot be found.
    RETURNS (Example): The same example if its gold stands in the tokens already or cannot be
        brought there, else one with the entities and spans alone.
    """
    predicted, gold = example.predicted, example.reference
    spans = [*gold.ents, *gold.spans.get(spans_key, [])]
    if alignment_mode == "strict" or predicted.text != gold.text or _fit(predicted, spans):
        return example
    doc = Doc(
        predicted.vocab,
        words=[token.text for token in predicted],
        spaces=[bool(token.whitespace_) for token in predicted],
    )
    if gold.has_annotation("ENT_IOB"):
        ents = filter_spans(_aligned(doc, gold.ents, alignment_mode))
        doc.set_ents(ents, missing=_missing(doc, gold, ents))
    if spans_key in gold.spans:
        doc.spans[spans_key] = _aligned(doc, gold.spans[spans_key], alignment_mode)
    return Example(predicted, doc)


def _fit(doc: Doc, spans: Iterable[Span]) -> bool:
    return all(doc.char_span(span.start_char, span.end_char) is not None for span in spans)


def _missing(doc: Doc, gold: Doc, ents: Iterable[Span]) -> list[Span]:
    """RETURNS (list): The tokens that the gold says nothing of."""
    taken = {token.i for ent in ents for token in ent}
    unknown = [
        doc.char_span(token.idx, token.idx + len(token), alignment_mode="expand")
        for token in gold
        if token.ent_iob == 0
    ]
    missing = {token.i for span in unknown if span is not None for token in span} - taken
    return [doc[i : i + 1] for i in sorted(missing)]


def _aligned(doc: Doc, spans: Iterable[Span], mode: str) -> list[Span]:
    found = [doc.char_span(s.start_char, s.end_char, s.label_, alignment_mode=mode) for s in spans]
    return [span for span in found if span is not None]
