"""The familiar face: the core behind the names of the `gliner2` package."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .adapters import Adaptable
from .extraction import Extraction
from .formatting import Shape, check_names, format_extraction
from .inference.extractor import Extractor, Request, TextExtractor
from .inference.settings import Settings
from .model.architecture import GLiNER2Model, build_gliner2_model, get_shim
from .model.checkpoint import save_checkpoint
from .model.source import EMBEDDED
from .schema import FrozenSchema, Schema, freeze

Texts = Sequence[str]

_POLICIES = {
    "flat": "flat",
    "disallow": "flat",
    "no_overlap": "flat",
    "non_overlapping": "flat",
    "nested": "nested",
    "allow_nested": "nested",
    "longest": "longest",
    "keep_longest": "longest",
    "allow": "allow",
    "all": "allow",
    "none": "allow",
}
"""The reference's names of the overlap policies, and ours."""

_SPLITTERS = {None: "gliner2", "whitespace": "gliner2", "gliner2": "gliner2", "char": "char"}


class GLiNER2(Adaptable):
    """Extracts from texts without a pipeline, as code written for the `gliner2` package expects.

    Every method that extracts takes these keyword arguments:

    threshold (float): Smallest score; also under the name `confidence_threshold`.
    include_confidence (bool): Whether each item comes with its score.
    include_spans (bool): Whether each item comes with its offsets.
    format_results (bool): False for an `Extraction` in place of dicts and lists.
    overlap_policy (str): Which of several overlapping mentions with one label stay.
    batch_size (int), num_workers (int), max_len (int): Accepted and not used: batches are made
        by tokens, and texts of any length are read to their end.

    settings (Settings): How to extract where a call says nothing else.
    """

    def __init__(self, extractor: TextExtractor, settings: Settings) -> None:
        """Make a face; `from_pretrained` and `from_api` are the usual ways.

        extractor (TextExtractor): The core.
        settings (Settings): How to extract where a call says nothing else.
        """
        self._extractor = extractor
        self.settings = settings

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = EMBEDDED,
        *,
        revision: str | None = None,
        map_location: str | None = None,
        device: str | None = None,
        word_splitter: str | None = None,
    ) -> "GLiNER2":
        """Load a checkpoint.

        name (str | Path): "embedded", the path of a directory, or a name on the hub.
        revision (str): For a name on the hub: the commit, tag or branch.
        map_location (str): The reference's name for `device`.
        device (str): Where to run, such as "cpu" or "cuda:0".
        word_splitter (str): "whitespace", as the model was trained, or "char".
        RETURNS (GLiNER2): The face, with the weights in memory.
        RAISES (CheckpointError): If the checkpoint cannot be found or read.
        """
        if word_splitter not in _SPLITTERS:
            raise ValueError(
                f"word_splitter: {word_splitter!r} is none of 'whitespace', 'char'; choose one"
            )
        model = build_gliner2_model(str(name), revision, device=device or map_location)
        _ = get_shim(model).checkpoint
        splitter: Any = _SPLITTERS[word_splitter]
        return cls(Extractor(model), Settings(word_splitter=splitter))

    @classmethod
    def from_api(
        cls,
        api_base_url: str | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 3,
        **options: Any,
    ) -> "GLiNER2":
        """Use a model that is served; the key comes from the environment (see docs/hosted.md).

        api_base_url (str): Where the service is; None for the environment's, or the public one.
        timeout (float): Seconds to wait for the service.
        max_retries (int): How often a call is repeated that was refused for load or failed.
        **options (Any): Other arguments of `build_gliner2_api`.
        RETURNS (GLiNER2): The face.
        RAISES (AuthenticationError): If the environment has no key.
        """
        from .hosted.architecture import build_gliner2_api
        from .hosted.extractor import HostedExtractor
        from .hosted.options import find_key

        if "api_key" in options:
            raise TypeError(
                "api_key: keys are taken from the environment alone, where no code or log shows "
                "them; set FASTINO_API_KEY"
            )
        find_key()
        model = build_gliner2_api(api_base_url, timeout=timeout, max_retries=max_retries, **options)
        return cls(HostedExtractor(model), Settings())

    def save_pretrained(self, path: str | Path) -> None:
        """Write the checkpoint, in the layout of the `gliner2` package.

        path (str | Path): The directory.
        """
        save_checkpoint(self.checkpoint, path)

    def _adapted_model(self) -> GLiNER2Model:
        return self._extractor.model

    def create_schema(self) -> Schema:
        """RETURNS (Schema): An empty schema."""
        return Schema()

    def extract(
        self, text: str, schema: Any, threshold: float | None = None, **options: Any
    ) -> Any:
        """Extract what a schema asks for.

        text (str): The text.
        schema (Any): A schema, plain data, JSON, or a pydantic class.
        threshold (float): Smallest score.
        **options (Any): See the class.
        RETURNS (dict): What was found, by task.
        """
        if not isinstance(text, str):
            raise TypeError(f"text: {text!r:.80} is a {type(text).__name__}; give one text")
        return self.batch_extract([text], schema, threshold=threshold, **options)[0]

    def batch_extract(self, texts: Texts, schemas: Any, **options: Any) -> list[Any]:
        """Extract from many texts.

        texts (Sequence): The texts.
        schemas (Any): One schema for all, or a list with one for each.
        **options (Any): See the class.
        RETURNS (list): What `extract` returns, for each text.
        """
        _check_texts(texts)
        call = _Call.from_options(self.settings, options)
        frozen = _freeze_each(schemas, len(texts))
        requests = [Request(*pair, call.settings) for pair in zip(texts, frozen, strict=True)]
        found = self._extractor.extract(requests)
        return [call.format(one, schema) for one, schema in zip(found, frozen, strict=True)]

    extract_batch = batch_extract

    def extract_entities(
        self, text: str, entity_types: Any, threshold: float | None = None, **options: Any
    ) -> Any:
        """Extract entities.

        text (str): The text.
        entity_types (Any): Labels, or a mapping from label to description or options.
        **options (Any): See the class.
        RETURNS (dict): Under "entities", by label, what was found.
        """
        return self.extract(text, _entity_schema(entity_types), threshold, **options)

    def batch_extract_entities(self, texts: Texts, entity_types: Any, **options: Any) -> list[Any]:
        """RETURNS (list): What `extract_entities` returns, for each text."""
        return self.batch_extract(texts, _entity_schema(entity_types), **options)

    def classify_text(
        self, text: str, tasks: Mapping[str, Any], threshold: float | None = None, **options: Any
    ) -> Any:
        """Classify.

        text (str): The text.
        tasks (Mapping): From task to its labels, or to a mapping with "labels" and options.
        **options (Any): See the class.
        RETURNS (dict): By task, the chosen label or labels.
        """
        return self.extract(text, _task_schema(tasks), threshold, **options)

    def batch_classify_text(
        self, texts: Texts, tasks: Mapping[str, Any], **options: Any
    ) -> list[Any]:
        """RETURNS (list): What `classify_text` returns, for each text."""
        return self.batch_extract(texts, _task_schema(tasks), **options)

    def extract_json(
        self,
        text: str,
        structures: Mapping[str, Any],
        threshold: float | None = None,
        **options: Any,
    ) -> Any:
        """Extract records.

        text (str): The text.
        structures (Mapping): From structure to its fields: mappings, or strings such as
            "price::float::what it costs".
        **options (Any): See the class.
        RETURNS (dict): By structure, its records.
        """
        return self.extract(text, _structure_schema(structures), threshold, **options)

    def batch_extract_json(
        self, texts: Texts, structures: Mapping[str, Any], **options: Any
    ) -> list[Any]:
        """RETURNS (list): What `extract_json` returns, for each text."""
        return self.batch_extract(texts, _structure_schema(structures), **options)

    def extract_relations(
        self, text: str, relation_types: Any, threshold: float | None = None, **options: Any
    ) -> Any:
        """Extract relations.

        text (str): The text.
        relation_types (Any): Labels, or a mapping from label to description or options.
        **options (Any): See the class.
        RETURNS (dict): Under "relation_extraction", by label, pairs of head and tail.
        """
        return self.extract(text, Schema().relations(relation_types), threshold, **options)

    def batch_extract_relations(
        self, texts: Texts, relation_types: Any, **options: Any
    ) -> list[Any]:
        """RETURNS (list): What `extract_relations` returns, for each text."""
        return self.batch_extract(texts, Schema().relations(relation_types), **options)


class _Call:
    """The options of one call."""

    def __init__(self, settings: Settings, shape: Shape, formatted: bool) -> None:
        self.settings = settings
        self.shape = shape
        self.formatted = formatted

    @classmethod
    def from_options(cls, settings: Settings, options: dict[str, Any]) -> "_Call":
        options = dict(options)
        shape = Shape(
            bool(options.pop("include_confidence", False)),
            bool(options.pop("include_spans", False)),
        )
        formatted = bool(options.pop("format_results", True))
        for unused in ("batch_size", "num_workers", "max_len"):
            options.pop(unused, None)
        changed = _replace(settings, _threshold(options), options.pop("overlap_policy", None))
        if options:
            raise TypeError(
                f"{', '.join(options)}: no option of this method; see its documentation"
            )
        return cls(changed, shape, formatted)

    def format(self, extraction: Extraction, schema: FrozenSchema) -> Any:
        if not self.formatted:
            return extraction
        check_names(schema)
        return format_extraction(extraction, schema, self.shape)


def _threshold(options: dict[str, Any]) -> float | None:
    given = [options.pop(key, None) for key in ("threshold", "confidence_threshold")]
    given = [value for value in given if value is not None]
    if len(given) == 2:
        raise TypeError("threshold and confidence_threshold are one option; give one of them")
    return given[0] if given else None


def _replace(settings: Settings, threshold: float | None, policy: str | None) -> Settings:
    values: dict[str, Any] = {key: getattr(settings, key) for key in Settings.keys()}  # noqa: SIM118
    if threshold is not None:
        values["threshold"] = threshold
    if policy is not None:
        name = str(policy).lower().replace("-", "_")
        if name not in _POLICIES:
            raise ValueError(
                f"overlap_policy: {policy!r} is none of {', '.join(_POLICIES)}; choose one"
            )
        values["overlap_policy"] = _POLICIES[name]
    return Settings(**values)


def _check_texts(texts: Texts) -> None:
    if isinstance(texts, str):
        raise TypeError("texts: is one text; give a list of texts, or call the method for one")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"texts[{i}]: {text!r:.80} is a {type(text).__name__}; give a text")


def _freeze_each(schemas: Any, count: int) -> list[FrozenSchema]:
    if not isinstance(schemas, list | tuple):
        return [freeze(schemas)] * count
    if len(schemas) != count:
        raise ValueError(f"schemas: has {len(schemas)} for {count} texts; give one for each")
    return [freeze(schema) for schema in schemas]


def _entity_schema(entity_types: Any) -> Schema:
    return Schema().entities(entity_types)


def _task_schema(tasks: Mapping[str, Any]) -> Schema:
    schema = Schema()
    for task, labels in tasks.items():
        if isinstance(labels, Mapping) and "labels" in labels:
            options = dict(labels)
            schema.classification(task, options.pop("labels"), **options)
        else:
            schema.classification(task, labels)
    return schema


def _structure_schema(structures: Mapping[str, Any]) -> FrozenSchema:
    data = [
        {"name": name, **(fields if isinstance(fields, Mapping) else {"fields": fields})}
        for name, fields in structures.items()
    ]
    return FrozenSchema.from_dict({"structures": data})
