"""The component: Docs in, annotated Docs out."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Dict  # noqa: UP035  (spaCy evaluates the annotations)

from spacy import util
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Shim

from . import workers  # noqa: F401  (registers what forked workers need)
from .adapters import Adaptable
from .annotate import SCHEMA_ATTR, AnnotateOptions, annotate, check_cats, register_extensions
from .backend import make_extractor
from .bounded import MOST_SCHEMAS, BoundedCache
from .checks import check_count
from .ents_filter import EntsFilter
from .extraction import Extraction
from .files import write_text
from .inference.extractor import Request
from .inference.settings import Settings
from .inference.words import doc_words
from .model.adapter_config import AdapterConfig
from .model.architecture import GLiNER2Model, is_local
from .saving import Saved, choose_saved
from .schema import FrozenSchema, freeze
from .schema.config import check_config_schema
from .sharing.component import SharingPipe
from .training.augmentation import Augmentation
from .training.loss_options import LossOptions
from .training.optimisation import Optimisation

NO_BLANKS = ("ja", "km", "lo", "my", "th", "zh")
"""Languages written without blanks between words."""

Scorer = Callable[..., Dict[str, Any]]  # noqa: UP006


class GLiNER2Pipe(Adaptable, SharingPipe):
    """Extracts entities, labels, relations and records.

    Every argument that `make_gliner2` documents can be read and changed in `cfg`; the schema is
    the attribute `schema`.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: GLiNER2Model,
        name: str = "gliner2",
        *,
        schema: dict[str, Any],
        ents_filter: EntsFilter,
        scorer: Scorer | None = None,
        loss: LossOptions | None = None,
        optimisation: Optimisation | None = None,
        augmentation: Augmentation | None = None,
        lora: AdapterConfig | None = None,
        **cfg: Any,
    ) -> None:
        """Make a component; its weights load when they are first needed.

        vocab (Vocab): The shared vocabulary.
        model (Model): The model.
        name (str): The component's name.
        schema (dict): What to extract.
        ents_filter (Callable): Decides among the entities already there and those found.
        scorer (Callable): Scores the component's annotations.
        loss (LossOptions): What it learns from annotation.
        optimisation (Optimisation): How its weights move.
        augmentation (Augmentation): How the schema changes from step to step in training.
        lora (AdapterConfig): The adapter that is trained; None for all weights.
        **cfg (Any): The other arguments of `make_gliner2`.
        RAISES (ValueError): If a value or the schema is wrong.
        """
        if not isinstance(model, Model):  # spaCy checks the types of what it makes, not of this
            raise ValueError(
                f"model: {model!r:.80} is no model; give a checkpoint as a block of its own, "
                '{"name": "fastino/gliner2-base-v1"}'
            )
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg = dict(cfg)
        check_config_schema(schema)
        self.schema = FrozenSchema.from_dict(schema)
        self.listener_map = {}
        self._ents_filter = ents_filter
        self._configured = {"cfg": dict(cfg), "schema": schema, "model": dict(model.attrs)}
        self._set_learner(loss, optimisation, augmentation, lora)
        self._schemas: BoundedCache[str, FrozenSchema] = BoundedCache(MOST_SCHEMAS)
        self._check()

    def _adapted_model(self) -> GLiNER2Model:
        return self.model

    def _check(self) -> None:
        self._settings()
        options = self._options()
        check_cats(self.schema, options.cats_prefix)
        self._set_sharing()
        self._extractor = make_extractor(self.model, self.cfg["publish_trf_data"])
        if self.vocab.lang in NO_BLANKS and self.cfg["word_splitter"] == "gliner2":
            warnings.warn(
                f"word_splitter 'gliner2' splits at blanks, which the language {self.vocab.lang!r} "
                "is written without; choose 'char' or 'spacy'",
                stacklevel=2,
            )

    def __call__(
        self,
        doc: Doc,
        *,
        batch_size: int = 1,
        **changes: Any,
    ) -> Doc:
        """Annotate a Doc.

        doc (Doc): The Doc.
        batch_size (int): Not used.
        **changes (Any): What holds for this call alone, as in `pipe`.
        RETURNS (Doc): The same Doc.
        """
        annotated = list(self.pipe([doc], **changes))
        # None, as spaCy has it, where an error handler took the Doc.
        return annotated[0] if annotated else None  # type: ignore[return-value]

    def pipe(
        self,
        stream: Iterable[Doc],
        *,
        batch_size: int = 128,
        threshold: float | None = None,
        schema: Any = None,
        overlap_policy: str | None = None,
        **unknown: Any,
    ) -> Iterator[Doc]:
        """Annotate a stream of Docs; one that fails goes to the error handler alone.

        stream (Iterable): The Docs.
        batch_size (int): Docs that are read ahead; batches for the model are made of these.
        threshold (float): A threshold for this call alone.
        schema (Any): A schema for this call alone: plain data, or anything else that `freeze`
            takes.
        overlap_policy (str): An overlap policy for this call alone.
        YIELDS (Doc): The same Docs, in order.
        RAISES (ValueError): If a value or the schema is wrong, or there is another argument.
        """
        for key, value in unknown.items():
            raise ValueError(
                f"component_cfg: {key!r} ({value!r:.80}) cannot be changed for a call; give "
                "threshold, schema, overlap_policy or batch_size, or change the config"
            )
        check_count("batch_size", batch_size, 1)
        settings = self._settings(threshold=threshold, overlap_policy=overlap_policy)
        chosen = self.schema if schema is None else freeze(schema)
        check_cats(chosen, self.cfg["cats_prefix"])
        handle = self.get_error_handler()
        moved = 0
        for docs in util.minibatch(stream, size=batch_size):
            for doc, outcome in zip(docs, self._outcomes(docs, chosen, settings), strict=True):
                error = outcome if isinstance(outcome, Exception) else None
                if not isinstance(outcome, Exception):
                    try:
                        moved += self._annotate([doc], [outcome])
                    except Exception as raised:  # goes to the error handler below
                        error = raised
                if error is None:
                    yield doc
                else:
                    handle(self.name, self, [doc], error)
        self._report_moved(moved)

    def predict(self, docs: Iterable[Doc]) -> list[Extraction]:
        """Extract from Docs without changing them.

        docs (Iterable): The Docs.
        RETURNS (list): What was found in each.
        """
        extractions = []
        for outcome in self._outcomes(list(docs), self.schema, self._settings()):
            if isinstance(outcome, Exception):
                raise outcome
            extractions.append(outcome)
        return extractions

    def set_annotations(self, docs: Iterable[Doc], scores: Sequence[Extraction]) -> None:
        """Write what was found into Docs.

        docs (Iterable): The Docs.
        scores (Sequence): What `predict` returned for them.
        """
        self._report_moved(self._annotate(docs, scores))

    def _annotate(self, docs: Iterable[Doc], extractions: Sequence[Extraction]) -> int:
        options = self._options()
        moved = 0
        for doc, extraction in zip(docs, extractions, strict=True):
            moved += annotate(doc, extraction, options)
            self._publish(doc, extraction)
        return moved

    def _report_moved(self, moved: int) -> None:
        """Warn once of all mentions that are not whole tokens."""
        if moved:
            warnings.warn(
                f"component {self.name!r} found {moved} mentions that do not begin and end with "
                f"tokens; alignment_mode {self.cfg['alignment_mode']!r} decided what became of "
                "them, and relations and records have their exact offsets",
                stacklevel=2,
            )

    def score(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:  # noqa: UP006
        """Score a batch of examples for each task of the schema.

        examples (Iterable): The examples.
        **kwargs (Any): Arguments for the scorer that win over those in `cfg`.
        RETURNS (dict): The scores.
        """
        examples = list(examples)
        validate_examples(examples, "GLiNER2Pipe.score")
        scores: Dict[str, Any] = super().score(  # noqa: UP006
            examples, **{"schema": self.schema, **kwargs}
        )
        return scores

    @property
    def is_trainable(self) -> bool:
        """RETURNS (bool): Whether `spacy train` updates it: not a model served elsewhere."""
        return is_local(self.model)

    @property
    def _shim(self) -> Shim:
        """RETURNS (Shim): What holds the weights, or stands for those that are served."""
        (shim,) = self.model.shims
        return shim

    def _settings(self, **changes: Any) -> Settings:
        values = {key: self.cfg[key] for key in Settings.keys()}  # noqa: SIM118
        values.update((key, value) for key, value in changes.items() if value is not None)
        return Settings(**values)

    def _options(self) -> AnnotateOptions:
        """RETURNS (AnnotateOptions): Where to write; the extensions are there afterwards.

        Neither a pickle nor a change of `cfg` would bring them along.
        """
        cfg = self.cfg
        options = AnnotateOptions(
            annotate_ents=cfg["annotate_ents"],
            ents_filter=self._ents_filter,
            overwrite=cfg["overwrite"],
            spans_key=cfg["spans_key"],
            alignment_mode=cfg["alignment_mode"],
            relations_attr=cfg["relations_attr"],
            structures_attr=cfg["structures_attr"],
            score_attr=cfg["score_attr"],
            cats_prefix=cfg["cats_prefix"],
        )
        self._install()
        register_extensions(options.relations_attr, options.structures_attr, options.score_attr)
        return options

    def _outcomes(
        self, docs: list[Doc], schema: FrozenSchema, settings: Settings
    ) -> list[Extraction | Exception]:
        """Extract from Docs, each with its own schema if it has one."""
        self._settle(docs)
        self._options()
        requests: list[Request] = []
        outcomes: list[Extraction | Exception | None] = []
        for doc in docs:
            try:
                requests.append(self._request(doc, schema, settings))
                outcomes.append(None)
            except Exception as error:  # belongs to this Doc alone
                outcomes.append(error)
        found = iter(self._extractor.extract_each(requests))
        return [next(found) if outcome is None else outcome for outcome in outcomes]

    def _request(self, doc: Doc, schema: FrozenSchema, settings: Settings) -> Request:
        own = doc._.get(SCHEMA_ATTR)
        if own is not None:
            schema = self._parse(own)
            check_cats(schema, self.cfg["cats_prefix"])
        words = doc_words(doc) if settings.word_splitter == "spacy" else None
        return Request(doc.text, schema, settings, words)

    def _parse(self, data: Any) -> FrozenSchema:
        """Validate a Doc's own schema, once for all Docs that have an equal one."""
        if not isinstance(data, dict | str):
            return freeze(data)
        key = repr(data)
        schema = self._schemas.get(key)
        return self._schemas.keep(key, freeze(data)) if schema is None else schema

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Write the component, its weights included.

        exclude (Iterable): Names of parts to leave out: "cfg", "vocab", "model".
        RETURNS (bytes): The component.
        """
        self._settle()
        parts: dict[str, Callable[..., Any]] = {
            "cfg": lambda: self._saved().to_json(),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": self._shim.to_bytes,
        }
        content: bytes = util.to_bytes(parts, exclude)
        return content

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "GLiNER2Pipe":
        """Read a component; what its config sets otherwise than it was saved stays so.

        bytes_data (bytes): What `to_bytes` returned.
        exclude (Iterable): Names of parts to leave out.
        RETURNS (GLiNER2Pipe): Itself.
        """
        found: list[Saved] = []
        parts: dict[str, Callable[..., Any]] = {
            "cfg": lambda content: found.append(Saved.from_json(content)),
            "vocab": lambda content: self.vocab.from_bytes(content, exclude=exclude),
            "model": lambda content: self._load_model(
                found, lambda: self._shim.from_bytes(content)
            ),
        }
        util.from_bytes(bytes_data, parts, exclude)
        self._restore(found)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component to a directory, its weights included.

        path (str | Path): The directory.
        exclude (Iterable): Names of parts to leave out: "cfg", "vocab", "model".
        """
        self._settle()
        parts: dict[str, Callable[..., Any]] = {
            "cfg": lambda p: write_text(p, self._saved().to_json()),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": self._shim.to_disk,
        }
        util.to_disk(path, parts, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "GLiNER2Pipe":
        """Read a component; what its config sets otherwise than it was saved stays so.

        path (str | Path): The directory.
        exclude (Iterable): Names of parts to leave out.
        RETURNS (GLiNER2Pipe): Itself.
        """
        found: list[Saved] = []
        parts: dict[str, Callable[..., Any]] = {
            "cfg": lambda p: found.append(Saved.from_json(p.read_text(encoding="utf8"))),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: self._load_model(found, lambda: self._shim.from_disk(p)),
        }
        util.from_disk(path, parts, exclude)
        self._restore(found)
        return self

    def _saved(self) -> Saved:
        current = {"cfg": self.cfg, "schema": self.schema.to_dict()}
        return Saved(configured=self._configured, current=current)

    def _load_model(self, found: list[Saved], load: Callable[[], object]) -> None:
        """Load saved weights, unless the config asks for another checkpoint by now."""
        if not found or found[0].configured["model"] == self._configured["model"]:
            load()
            self._tell_width(again=True)

    def _restore(self, found: list[Saved]) -> None:
        for saved in found:
            chosen = choose_saved(saved, self._configured)
            self.cfg.update(chosen["cfg"])
            self.schema = FrozenSchema.from_dict(chosen["schema"])
            self._check()
