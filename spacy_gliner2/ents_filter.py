"""Which entities stay: `spacy-gliner2.highest_score_filter.v1`."""

from collections.abc import Callable, Iterable

from spacy.tokens import Span

EntsFilter = Callable[[Iterable[Span], Iterable[Span]], list[Span]]


def make_highest_score_filter() -> EntsFilter:
    """Make the filter that the component uses unless the config names another.

    RETURNS (Callable): The filter.
    """
    return highest_score_filter


def highest_score_filter(entities: Iterable[Span], spans: Iterable[Span]) -> list[Span]:
    """Keep the entities that are there and, of the new ones, the best that fit between them.

    The signature is that of the filters of spaCy's SpanRuler, which can take its place.

    entities (Iterable): The entities that are there.
    spans (Iterable): The new ones, which the component passes best first.
    RETURNS (list): Entities that do not overlap.
    """
    kept = list(entities)
    taken = {token for span in kept for token in range(span.start, span.end)}
    for span in spans:
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            kept.append(span)
            taken.update(tokens)
    return kept
