"""A document with what was found in it as a row of plain data, as files hold it.

A row has the document's own fields, one of them its text, and beside them:

entities     [{"text", "start", "end", "label", "score"}]: every mention, overlapping ones too
cats         {label: probability}
relations    [{"label", "score", "head", "tail"}]: head and tail like an entity
structures   {name: [{field: value, values or None}]}
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.tokens import Doc, Span

from .annotate import AnnotateOptions, annotate, register_extensions
from .ents_filter import highest_score_filter
from .extraction import Extraction, Mention
from .reading import extension_value, scored_spans

Row: TypeAlias = dict[str, Any]

ANNOTATIONS = ("entities", "cats", "relations", "structures")
"""The fields of a row that the component fills."""

ERROR = "error"
"""The field of a row that says why its document failed."""

FIELDS_KEY = "row"
"""Key of `Doc.user_data` under which a document's own fields are kept."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a component writes on a Doc; the names are those of its config.

    spans_key (str): Key of `doc.spans`.
    relations_attr (str): Extension of Doc for the relations.
    structures_attr (str): Extension of Doc for the records.
    score_attr (str): Extension of Span for an entity's score.
    """

    spans_key: str = "gliner2"
    relations_attr: str = "relations"
    structures_attr: str = "structures"
    score_attr: str = "score"


DEFAULT_PLACES = (Places(),)
"""Where a component writes whose config says nothing else."""


def find_places(nlp: Language) -> tuple[Places, ...]:
    """Find where the components of a pipeline write.

    nlp (Language): The pipeline.
    RETURNS (tuple): One for each of its gliner2 components, the defaults where it has none.
    """
    keys = ("spans_key", "relations_attr", "structures_attr", "score_attr")
    pipes: list[Any] = [nlp.get_pipe(name) for name in gliner2_names(nlp)]
    return tuple(Places(**{key: pipe.cfg[key] for key in keys}) for pipe in pipes) or DEFAULT_PLACES


def gliner2_names(nlp: Language) -> list[str]:
    """RETURNS (list): The names of the gliner2 components of a pipeline that are not disabled."""
    return [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory == "gliner2"]


def doc_to_row(doc: Doc, places: Sequence[Places] = DEFAULT_PLACES) -> Row:
    """Turn a Doc into a row.

    doc (Doc): The Doc.
    places (Sequence): Where to look for annotations.
    RETURNS (dict): Its own fields, with its text, and its annotations.
    """
    own = doc.user_data.get(FIELDS_KEY, {})
    return {"text": doc.text, **_lists(own), **annotations(doc, places)}


def annotations(doc: Doc, places: Sequence[Places] = DEFAULT_PLACES) -> Row:
    """Turn the annotations of a Doc into plain data.

    doc (Doc): The Doc.
    places (Sequence): Where to look for annotations.
    RETURNS (dict): "entities", "cats", "relations" and "structures".
    """
    relations: list[Any] = []
    structures: dict[str, Any] = {}
    # Components that write to one extension add to what is there, which is read once.
    for attr in dict.fromkeys(place.relations_attr for place in places):
        relations.extend(_lists(extension_value(doc, attr) or []))
    for attr in dict.fromkeys(place.structures_attr for place in places):
        for name, records in _lists(extension_value(doc, attr) or {}).items():
            structures.setdefault(name, []).extend(records)
    return {
        "entities": _entities(doc, places),
        "cats": {label: float(score) for label, score in doc.cats.items()},
        "relations": relations,
        "structures": structures,
    }


def _entities(doc: Doc, places: Sequence[Places]) -> list[Row]:
    found: dict[tuple[int, int, str], Row] = {}
    for place in places:
        for span, score in _scored(doc, place):
            key = (span.start_char, span.end_char, span.label_)
            if key not in found or found[key]["score"] is None:
                found[key] = _entity(span, score)
    return sorted(found.values(), key=lambda entity: (entity["start"], entity["end"]))


def _scored(doc: Doc, place: Places) -> Iterable[tuple[Span, float | None]]:
    yield from scored_spans(doc, place.spans_key)
    for span in doc.ents:
        yield span, extension_value(span, place.score_attr)


def _entity(span: Span, score: float | None) -> Row:
    return {
        "text": span.text,
        "start": span.start_char,
        "end": span.end_char,
        "label": span.label_,
        "score": None if score is None else float(score),
    }


def _lists(value: Any) -> Any:
    """Turn tuples, which DocBin makes of lists, back into lists."""
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(part) for part in value]
    return value


def row_to_doc(row: Row, nlp: Language, places: Places = DEFAULT_PLACES[0]) -> Doc:
    """Turn a row into a Doc, annotated as the component would do it.

    Mentions are expanded to tokens; those without a score get 1.0, since a person made them.
    Nothing is said of a part that the row lacks.

    row (dict): The row, as `check_row` passes it.
    nlp (Language): The pipeline whose tokenizer makes the Doc.
    places (Places): Where to write.
    RETURNS (Doc): The Doc; its own fields are in `user_data["row"]`.
    """
    register_extensions(places.relations_attr, places.structures_attr, places.score_attr)
    doc = nlp.make_doc(row["text"])
    if "entities" in row:
        mentions = tuple(
            Mention(
                label=entity["label"],
                start=entity["start"],
                end=entity["end"],
                text=entity["text"],
                score=1.0 if entity.get("score") is None else entity["score"],
            )
            for entity in row["entities"]
        )
        annotate(doc, Extraction(mentions=mentions), _options(places))
    doc.cats = {label: float(score) for label, score in row.get("cats", {}).items()}
    doc._.set(places.relations_attr, row.get("relations"))
    doc._.set(places.structures_attr, row.get("structures"))
    own = {key: value for key, value in row.items() if key not in ("text", *ANNOTATIONS)}
    if own:
        doc.user_data[FIELDS_KEY] = own
    return doc


def _options(places: Places) -> AnnotateOptions:
    return AnnotateOptions(
        annotate_ents=True,
        ents_filter=highest_score_filter,
        overwrite=True,
        spans_key=places.spans_key,
        alignment_mode="expand",
        relations_attr=places.relations_attr,
        structures_attr=places.structures_attr,
        score_attr=places.score_attr,
        cats_prefix=False,
    )
