"""From an extraction to what spaCy reads: the only place that writes to a Doc."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from spacy.tokens import Doc, Span

from .ents_filter import EntsFilter
from .extraction import Argument, Extraction, FieldValue, FieldValues, Mention, RelationMention
from .reading import class_keys, scored_spans
from .schema import FrozenSchema

AlignmentMode = Literal["strict", "contract", "expand"]

SCHEMA_ATTR = "gliner2_schema"
"""Extension of Doc that holds a schema for that Doc alone."""


@dataclass(frozen=True, slots=True)
class AnnotateOptions:
    """Where and how to write; each is documented with the factory.

    annotate_ents (bool): Whether to write `doc.ents`.
    ents_filter (Callable): Decides among the entities already there and those found.
    overwrite (bool): Whether entities and spans already there make way.
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

    def __post_init__(self) -> None:
        for key in ("annotate_ents", "overwrite", "cats_prefix"):
            if not isinstance(getattr(self, key), bool):
                raise ValueError(
                    f"{key}: {getattr(self, key)!r} is not true or false; give one of them"
                )
        for key in ("spans_key", "relations_attr", "structures_attr", "score_attr"):
            if not isinstance(getattr(self, key), str) or not getattr(self, key):
                raise ValueError(f"{key}: {getattr(self, key)!r} is no name; give one")
        if self.relations_attr == self.structures_attr:
            raise ValueError(
                f"structures_attr: {self.structures_attr!r} is relations_attr too; give each a name"
            )
        modes = get_args(AlignmentMode)
        if self.alignment_mode not in modes:
            raise ValueError(
                f"alignment_mode: {self.alignment_mode!r} is none of {', '.join(modes)}; choose "
                "one of them"
            )


def check_cats(schema: FrozenSchema, prefix: bool) -> None:
    """Refuse a schema whose labels would share a key of `doc.cats`.

    schema (FrozenSchema): The schema.
    prefix (bool): Whether keys of `doc.cats` begin with the task.
    RAISES (ValueError): If two tasks share a label.
    """
    owner: dict[str, str] = {}
    for task in () if prefix else schema.classifications:
        for part in task.labels:
            other = owner.setdefault(part.label, task.task)
            if other != task.task:
                raise ValueError(
                    f"schema.classifications: the tasks {other!r} and {task.task!r} share the "
                    f"label {part.label!r}, which would be one key of doc.cats; set cats_prefix to "
                    "true, or rename one of them"
                )


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
    spans = _best_per_span([(s, mention.score) for s, mention in aligned if s is not None])
    _write_spans(doc, spans, options)
    if options.annotate_ents:
        _write_ents(doc, spans, options)
    for decision in extraction.decisions:
        keys = class_keys(decision.task, decision.scores, options.cats_prefix)
        doc.cats.update((keys[label], score) for label, score in decision.scores.items())
    _write_relations(doc, [relation_dict(found) for found in extraction.relations], options)
    _write_structures(doc, structures_dict(extraction), options)
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


def _best_per_span(spans: list[tuple[Span, float]]) -> list[tuple[Span, float]]:
    """Keep one of the mentions that became the same tokens with the same label, best first."""
    ranked = sorted(spans, key=lambda pair: (-pair[1], pair[0].start - pair[0].end, pair[0].start))
    best: dict[tuple[int, int, int], tuple[Span, float]] = {}
    for span, score in ranked:
        best.setdefault(_key(span), (span, score))
    return list(best.values())


def _key(span: Span) -> tuple[int, int, int]:
    return span.start, span.end, span.label


def _write_spans(doc: Doc, spans: list[tuple[Span, float]], options: AnnotateOptions) -> None:
    found = {_key(span) for span, _ in spans}
    there = [] if options.overwrite else scored_spans(doc, options.spans_key)
    kept = [(span, score) for span, score in there if _key(span) not in found]
    ordered = sorted([*kept, *spans], key=lambda pair: _key(pair[0])[:2])
    doc.spans[options.spans_key] = [span for span, _ in ordered]
    doc.spans[options.spans_key].attrs["scores"] = [score for _, score in ordered]


def _write_ents(doc: Doc, spans: list[tuple[Span, float]], options: AnnotateOptions) -> None:
    there = [] if options.overwrite else list(doc.ents)
    chosen = options.ents_filter(there, [span for span, _ in spans])
    doc.set_ents(sorted(chosen))
    scores = {_key(span): score for span, score in spans}
    for span in doc.ents:
        if _key(span) in scores:
            span._.set(options.score_attr, scores[_key(span)])


def _write_relations(doc: Doc, found: list[dict[str, Any]], options: AnnotateOptions) -> None:
    """Add relations to those that another component wrote."""
    there = doc._.get(options.relations_attr)
    there = () if there is None else there
    try:
        places = {_relation_key(relation) for relation in found}
        kept = [relation for relation in there if _relation_key(relation) not in places]
    except (KeyError, TypeError) as error:
        raise _foreign(doc, "relations_attr", options.relations_attr) from error
    doc._.set(options.relations_attr, [*kept, *found])


def _relation_key(relation: dict[str, Any]) -> tuple[str, int, int, int, int]:
    head, tail = relation["head"], relation["tail"]
    return relation["label"], head["start"], head["end"], tail["start"], tail["end"]


def _write_structures(doc: Doc, found: dict[str, Any], options: AnnotateOptions) -> None:
    """Add records to those of other structures, which another component wrote."""
    there = doc._.get(options.structures_attr)
    if not isinstance(there, dict | None):
        raise _foreign(doc, "structures_attr", options.structures_attr)
    doc._.set(options.structures_attr, {**(there or {}), **found})


def _foreign(doc: Doc, key: str, name: str) -> ValueError:
    return ValueError(
        f"{key}: Doc._.{name} holds {doc._.get(name)!r:.80}, which another plugin wrote; choose "
        "another name"
    )


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
