"""From an extraction to what spaCy reads: the only place that writes to a Doc."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from spacy.tokens import Doc, Span

from .ents_filter import EntsFilter
from .extraction import Argument, Extraction, FieldValue, FieldValues, Mention, RelationMention

AlignmentMode = Literal["strict", "contract", "expand"]

SCHEMA_ATTR = "gliner2_schema"
"""Extension of Doc that holds a schema for that Doc alone."""


@dataclass(frozen=True, slots=True)
class AnnotateOptions:
    """Where and how to write; each is documented with the factory.

    annotate_ents (bool): Whether to write `doc.ents`.
    ents_filter (Callable): Decides among the entities already there and those found.
    overwrite (bool): Whether entities already there make way.
    spans_key (str): Key of `doc.spans`.
    alignment_mode (str): What becomes of a mention that ends inside a token.
    relations_attr (str): Extension of Doc for the relations.
    structures_attr (str): Extension of Doc for the records.
    score_attr (str): Extension of Span for an entity's score.
    cats_prefix (bool): Whether keys of `doc.cats` begin with the task.
    """

    annotate_ents: bool
    ents_filter: EntsFilter
    overwrite: bool
    spans_key: str
    alignment_mode: AlignmentMode
    relations_attr: str
    structures_attr: str
    score_attr: str
    cats_prefix: bool


def register_extensions(relations_attr: str, structures_attr: str, score_attr: str) -> None:
    """Register the extensions that are written, unless there are such already.

    relations_attr (str): Extension of Doc for the relations.
    structures_attr (str): Extension of Doc for the records.
    score_attr (str): Extension of Span for an entity's score.
    RAISES (ValueError): If another plugin has one of the names for something computed.
    """
    doc_attrs = {
        "relations_attr": relations_attr,
        "structures_attr": structures_attr,
        "": SCHEMA_ATTR,
    }
    for key, name in doc_attrs.items():
        _register(Doc, key, name)
    _register(Span, "score_attr", score_attr)


def _register(owner: type[Doc] | type[Span], key: str, name: str) -> None:
    if not owner.has_extension(name):
        owner.set_extension(name, default=None)
        return
    _, method, getter, setter = owner.get_extension(name)
    if method is not None or (getter is not None and setter is None):
        raise ValueError(
            f"{key}: {owner.__name__}._.{name} belongs to another plugin, which computes it; "
            "choose another name"
        )


def annotate(doc: Doc, extraction: Extraction, options: AnnotateOptions) -> int:
    """Write what was found into a Doc.

    doc (Doc): The Doc.
    extraction (Extraction): What was found in its text.
    options (AnnotateOptions): Where and how to write.
    RETURNS (int): Number of mentions that do not begin and end with tokens.
    """
    aligned = [(_align(doc, mention, options), mention) for mention in extraction.mentions]
    spans = [(span, mention.score) for span, mention in aligned if span is not None]
    _write_spans(doc, spans, options)
    if options.annotate_ents:
        _write_ents(doc, spans, options)
    for decision in extraction.decisions:
        prefix = f"{decision.task}:" if options.cats_prefix else ""
        doc.cats.update((prefix + label, score) for label, score in decision.scores.items())
    doc._.set(options.relations_attr, [relation_dict(found) for found in extraction.relations])
    doc._.set(options.structures_attr, structures_dict(extraction))
    return sum(not _fits(span, mention) for span, mention in aligned)


def _align(doc: Doc, mention: Mention, options: AnnotateOptions) -> Span | None:
    span: Span | None = doc.char_span(
        mention.start, mention.end, label=mention.label, alignment_mode=options.alignment_mode
    )
    return None if span is None or not span.text.strip() else span


def _fits(span: Span | None, mention: Mention) -> bool:
    if span is None:
        return False
    return bool(span.start_char == mention.start and span.end_char == mention.end)


def _write_spans(doc: Doc, spans: list[tuple[Span, float]], options: AnnotateOptions) -> None:
    ordered = sorted(spans, key=lambda pair: (pair[0].start, pair[0].end, -pair[1]))
    doc.spans[options.spans_key] = [span for span, _ in ordered]
    doc.spans[options.spans_key].attrs["scores"] = [score for _, score in ordered]


def _write_ents(doc: Doc, spans: list[tuple[Span, float]], options: AnnotateOptions) -> None:
    ranked = sorted(spans, key=lambda pair: (-pair[1], pair[0].start - pair[0].end, pair[0].start))
    there = [] if options.overwrite else list(doc.ents)
    chosen = options.ents_filter(there, [span for span, _ in ranked])
    doc.set_ents(sorted(chosen))
    scores: dict[tuple[int, int, int], float] = {}
    for span, score in ranked:
        scores.setdefault((span.start, span.end, span.label), score)
    for span in doc.ents:
        own = scores.get((span.start, span.end, span.label))
        if own is not None and not any(span == other for other in there):
            span._.set(options.score_attr, own)


def relation_dict(relation: RelationMention) -> dict[str, Any]:
    """Turn a relation into plain data.

    relation (RelationMention): The relation.
    RETURNS (dict): Its label, score, head and tail.
    """
    return {
        "label": relation.label,
        "score": relation.score,
        "head": _argument_dict(relation.head),
        "tail": _argument_dict(relation.tail),
    }


def _argument_dict(argument: Argument) -> dict[str, Any]:
    return {
        "text": argument.text,
        "start": argument.start,
        "end": argument.end,
        "label": argument.label,
        "score": argument.score,
    }


def structures_dict(extraction: Extraction) -> dict[str, Any]:
    """Turn all records into plain data.

    extraction (Extraction): What was found.
    RETURNS (dict): By structure, a list of records: by field, its value or values.
    """
    return {
        name: [
            {field: _values_data(values) for field, values in record.fields.items()}
            for record in records
        ]
        for name, records in extraction.records.items()
    }


def _values_data(values: FieldValues) -> Any:
    if values is None:
        return None
    if isinstance(values, tuple):
        return [_value_dict(value) for value in values]
    return _value_dict(values)


def _value_dict(value: FieldValue) -> dict[str, Any]:
    data: dict[str, Any] = {"text": value.text, "score": value.score}
    if value.start is not None:
        data.update(start=value.start, end=value.end)
    if value.typed:
        found = value.value
        data["value"] = found.isoformat() if isinstance(found, date) else found
    return data


def relation_spans(doc: Doc, relation: dict[str, Any]) -> tuple[Span, Span]:
    """Find the head and the tail of a relation in its Doc.

    doc (Doc): The Doc.
    relation (dict): One of its relations.
    RETURNS (tuple): The spans, expanded to tokens, with the relation's entity labels if any.
    """
    return _argument_span(doc, relation["head"]), _argument_span(doc, relation["tail"])


def _argument_span(doc: Doc, part: dict[str, Any]) -> Span:
    label = part.get("label") or ""
    span = doc.char_span(part["start"], part["end"], label, alignment_mode="expand")
    if span is None:
        raise ValueError(
            f"start, end: {part['start']}, {part['end']}: no token of this Doc is there; "
            "give the Doc that the relation was found in"
        )
    return span


def value_span(doc: Doc, value: dict[str, Any], label: str = "") -> Span | None:
    """Find a record's value in its Doc.

    doc (Doc): The Doc.
    value (dict): A value of one of its records.
    label (str): The label of the span.
    RETURNS (Span): The span, expanded to tokens; None for a choice, which is not in the text.
    """
    if "start" not in value:
        return None
    span: Span | None = doc.char_span(value["start"], value["end"], label, alignment_mode="expand")
    return span
