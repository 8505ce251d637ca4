"""From a record to the Doc that says what is right, and to the one that is to be annotated."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ...annotate import SCHEMA_ATTR, register_extensions
from ...inference.occurrences import Occurrences, make_split
from ...inference.words import Offsets
from ...reading import class_keys
from ...schema import FrozenSchema
from .errors import RecordError
from .options import CorpusOptions
from .prune import without_labels, without_tasks
from .record import CorpusRecord, GoldField, GoldRelation, GoldValue, GoldValues

SCORE_ATTR = "score"


class DocMaker:
    """Makes Docs of records.

    nlp (Language): The pipeline, whose tokenizer is used.
    options (CorpusOptions): How the annotation stands in Docs.
    """

    def __init__(self, nlp: Language, options: CorpusOptions) -> None:
        self.nlp = nlp
        self.options = options
        self._split = make_split(nlp, options.word_splitter)
        register_extensions(options.relations_attr, options.structures_attr, SCORE_ATTR)

    def plain(self, record: CorpusRecord) -> Doc:
        """Make the Doc that a component annotates.

        record (CorpusRecord): The record.
        RETURNS (Doc): A Doc with the text, and with the record's schema if it is to have that.
        """
        doc = self.nlp.make_doc(record.text)
        self._set_schema(doc, record.schema)
        return doc

    def gold(self, record: CorpusRecord) -> tuple[Doc, GoldValues]:
        """Make the Doc that says what is right.

        record (CorpusRecord): The record.
        RETURNS (tuple): The Doc, and the values that are not in the text.
        RAISES (RecordError): If offsets are not those of their words, if words are not in the
            text and that is an error, or if two tasks share a key of `doc.cats`.
        """
        places = Occurrences(record.text, self._split)
        missing = tuple(value for value in record.values() if not _is_there(value, record, places))
        if missing and self.options.on_missing == "error":
            raise _missing_error(missing[0], self.options)
        if missing:
            prune = without_tasks if self.options.schema == "component" else without_labels
            record = prune(record, missing)
        spans = _entity_offsets(record, places)
        doc = self._tokenised(record.text, [offset for *span, _ in spans for offset in span])
        self._set_schema(doc, record.schema)
        if record.entities is not None:
            self._set_entities(doc, spans)
        self._set_cats(doc, record)
        if record.relations is not None:
            relations = [_relation(relation, places) for relation in record.relations]
            doc._.set(self.options.relations_attr, relations)
        if record.structures is not None:
            doc._.set(self.options.structures_attr, _structures(record, places))
        return doc, missing

    def _tokenised(self, text: str, offsets: Iterable[int]) -> Doc:
        """Make a Doc whose tokens also end at some offsets, so that every span has its own."""
        doc = self.nlp.make_doc(text)
        ends = {token.idx for token in doc} | {token.idx + len(token) for token in doc}
        if ends.issuperset(offsets):
            return doc
        ends.update(offsets)
        blanks = {token.idx + len(token) for token in doc if token.whitespace_}
        tokens = [(a, b) for a, b in pairwise(sorted(ends)) if a not in blanks]
        words = [text[a:b] for a, b in tokens]
        return Doc(self.nlp.vocab, words=words, spaces=[end in blanks for _, end in tokens])

    def _set_schema(self, doc: Doc, schema: FrozenSchema) -> None:
        if self.options.schema == "record":
            doc._.set(SCHEMA_ATTR, schema.to_dict())

    def _set_entities(self, doc: Doc, offsets: Iterable[tuple[int, int, str]]) -> None:
        found = [doc.char_span(start, end, label) for start, end, label in offsets]
        spans: list[Span] = [span for span in found if span is not None]
        assert len(spans) == len(found)  # tokens end wherever they do
        doc.spans[self.options.spans_key] = sorted(spans)
        doc.set_ents(filter_spans(spans))

    def _set_cats(self, doc: Doc, record: CorpusRecord) -> None:
        for task in record.schema.classifications:
            labels = (part.label for part in task.labels)
            keys = class_keys(task.task, labels, self.options.cats_prefix)
            for label, key in keys.items():
                if key in doc.cats:
                    raise RecordError(
                        f"classifications: the label {label!r} of {task.task!r} is also one "
                        "of another task, and would be one key of doc.cats; set cats_prefix to "
                        "true, here and in the component, or rename one of them"
                    )
                doc.cats[key] = float(label in record.labels[task.task])


def _is_there(value: GoldValue, record: CorpusRecord, places: Occurrences) -> bool:
    if value.start is None:
        return bool(places.find(value.text))
    if record.text[value.start : value.end] != value.text:
        raise RecordError(
            f"{value.key}: the offsets {value.start} and {value.end} are those of "
            f"{record.text[value.start : value.end]!r}, not of {value.text!r}; correct one of them"
        )
    return True


def _missing_error(value: GoldValue, options: CorpusOptions) -> RecordError:
    return RecordError(
        f"{value.key}: {value.text!r} is not in the text as whole words (word_splitter "
        f"{options.word_splitter!r}); correct it or the text, give it its offsets, or set "
        "on_missing to 'skip'"
    )


def _entity_offsets(record: CorpusRecord, places: Occurrences) -> list[tuple[int, int, str]]:
    """RETURNS (list): Start, end and label of every mention, each once."""
    found: dict[tuple[int, int, str], None] = {}
    for label, values in (record.entities or {}).items():
        for value in values:
            for start, end in _places(value, places):
                found[start, end, label] = None
    return list(found)


def _places(value: GoldValue, places: Occurrences) -> tuple[Offsets, ...]:
    if value.start is None or value.end is None:
        return places.find(value.text)
    return ((value.start, value.end),)


def _relation(relation: GoldRelation, places: Occurrences) -> dict[str, Any]:
    return {
        "label": relation.label,
        "head": _value(relation.head, places),
        "tail": _value(relation.tail, places),
    }


def _structures(record: CorpusRecord, places: Occurrences) -> dict[str, Any]:
    return {
        name: [{part: _field(value, places) for part, value in one.items()} for one in instances]
        for name, instances in (record.structures or {}).items()
    }


def _field(part: GoldField, places: Occurrences) -> Any:
    if isinstance(part, tuple):
        return [_value(value, places) for value in part]
    return None if part is None else _value(part, places)


def _value(value: GoldValue, places: Occurrences) -> dict[str, Any]:
    """Write a value, with offsets where only one place can be meant."""
    found = () if value.choice else _places(value, places)
    if len(found) != 1:
        return {"text": value.text}
    start, end = found[0]
    return {"text": places.text[start:end], "start": start, "end": end}
