"""How a corpus stands in Docs, and what is done about flaws in it."""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from ...inference.settings import WordSplitter

SchemaOf = Literal["record", "component"]
OnMissing = Literal["error", "skip"]


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """How a corpus stands in Docs, in the words of the component's config.

    schema (str): "component" to leave it to the component what it looks for, "record" to give
        every Doc the schema of its record.
    on_missing (str): What happens to words that are not in the text: "error", or "skip" to leave
        out of the record what they are right for.
    word_splitter (str): What words are: "gliner2", "char" or "spacy".
    spans_key (str): Key of `doc.spans` for the entities.
    relations_attr (str): Extension of Doc for the relations.
    structures_attr (str): Extension of Doc for the records.
    cats_prefix (bool): Whether keys of `doc.cats` begin with the task.
    """

    schema: SchemaOf = "component"
    on_missing: OnMissing = "error"
    word_splitter: WordSplitter = "gliner2"
    spans_key: str = "gliner2"
    relations_attr: str = "relations"
    structures_attr: str = "structures"
    cats_prefix: bool = False

    def __post_init__(self) -> None:
        for key, kind in (
            ("schema", SchemaOf),
            ("on_missing", OnMissing),
            ("word_splitter", WordSplitter),
        ):
            value, known = getattr(self, key), get_args(kind)
            if value not in known:
                raise ValueError(f"{key}: {value!r} is none of {', '.join(known)}; choose one")

    @classmethod
    def of_component(cls, cfg: dict[str, Any], **others: Any) -> "CorpusOptions":
        """Take the options that a component's config shares with a corpus.

        cfg (dict): The attribute `cfg` of the component.
        **others (Any): The other options.
        RETURNS (CorpusOptions): The options.
        """
        shared = {part.name: cfg[part.name] for part in fields(cls) if part.name in cfg}
        return cls(**{**shared, **others})
