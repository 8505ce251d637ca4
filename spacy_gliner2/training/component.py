"""The part of the component that learns."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Dict, Optional  # noqa: UP035  (spaCy evaluates the annotations)

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.training import Example, validate_examples, validate_get_examples
from thinc.api import Optimizer

from ..annotate import check_cats
from ..inference.settings import Settings
from ..inference.words import doc_words
from ..model.adapter_config import AdapterConfig
from ..model.architecture import GLiNER2Model
from ..schema import FrozenSchema
from .augmentation import Augmentation
from .collect import SchemaCollector, own_schema
from .gold import GoldKeys, GoldReader
from .learner import Learner, Losses
from .loss_options import LossOptions
from .optimisation import Optimisation
from .problems import Problems
from .texts import TrainingText
from .trainee import Trainee


class LearningPipe(TrainablePipe, ABC):  # type: ignore[misc]
    """What of the component is needed only for training.

    problems (Problems): What of the annotation could not be learned from so far.
    """

    model: GLiNER2Model
    name: str
    cfg: dict[str, Any]
    schema: FrozenSchema

    def _set_learner(
        self,
        loss: LossOptions | None,
        optimisation: Optimisation | None,
        augmentation: Augmentation | None,
        lora: AdapterConfig | None,
    ) -> None:
        self.problems = Problems()
        self._learner = Learner(
            self.model,
            loss or LossOptions(),
            optimisation or Optimisation(),
            augmentation,
            self.problems,
            lora,
        )

    @property
    def trainee(self) -> Trainee:
        """RETURNS (Trainee): What of the network learns, and how."""
        return self._learner.trainee

    @abstractmethod
    def _parse(self, data: Any) -> FrozenSchema:
        """RETURNS (FrozenSchema): A Doc's own schema, validated."""

    @abstractmethod
    def _settings(self, **changes: Any) -> Settings:
        """RETURNS (Settings): How to extract, with changes for one call."""

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (tuple): Entities, relations, structures and class labels, in this order."""
        schema = self.schema
        return (
            *(part.label for part in schema.entities),
            *(part.label for part in schema.relations),
            *(part.name for part in schema.structures),
            *(part.label for task in schema.classifications for part in task.labels),
        )

    @property
    def label_data(self) -> dict[str, Any]:
        """RETURNS (dict): The schema, as `initialize` takes it."""
        return self.schema.to_dict()

    def add_label(self, label: str) -> int:
        """Add an entity type to the schema.

        label (str): The label.
        RETURNS (int): 1 if it is new, 0 if it was there.
        RAISES (ValueError): If it is no usable text.
        """
        if not isinstance(label, str):
            raise ValueError(f"label: {label!r} is not a text; give one")
        if label in (part.label for part in self.schema.entities):
            return 0
        data = self.schema.to_dict()
        data.setdefault("entities", []).append({"label": label})
        self.schema = FrozenSchema.from_dict(data)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,  # noqa: UP045
        labels: Optional[dict] = None,  # type: ignore[type-arg]  # noqa: UP045
    ) -> None:
        """Set the schema: to `labels`, or if it is empty to what the examples are annotated with.

        The weights need no initialisation. Labels of the examples that the schema does not have
        are reported.

        get_examples (Callable): Returns the examples.
        nlp (Language): Not used.
        labels (dict): The schema, as `label_data` returns it.
        RAISES (ValueError): If a label is not usable.
        """
        if labels is not None:
            self._set_schema(FrozenSchema.from_dict(labels))
        elif not self.schema:
            validate_get_examples(get_examples, "GLiNER2Pipe.initialize")
            self._set_schema(
                SchemaCollector(self._gold_keys(), self.problems).collect(get_examples())
            )
        reader = GoldReader(self._gold_keys(), self.problems)
        own = False
        for example in get_examples():
            own = self._training_text(example, reader).own or own
        self.problems.report(self.name)
        if own and not self.schema:
            warnings.warn(
                f"component {self.name!r}: its schema is empty, and each text is learned with one "
                "of its own; set schema before the component is used, or it will extract nothing",
                stacklevel=2,
            )

    def _set_schema(self, schema: FrozenSchema) -> None:
        check_cats(schema, self.cfg["cats_prefix"])
        self.schema = schema

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,  # noqa: UP045
        losses: Optional[Dict[str, float]] = None,  # noqa: UP006, UP045
    ) -> Dict[str, float]:  # noqa: UP006
        """Learn from a batch of examples.

        examples (Iterable): The examples. Each is learned with its Doc's own schema, if that has
            one, and of each task of the schema that it is annotated with.
        drop (float): Dropout.
        sgd (Optimizer): Moves the weights; without it `finish_update` has to be called.
        losses (dict): Losses so far; those of this batch are added under the component's name,
            and under "name.part" for each part.
        RETURNS (dict): The losses.
        """
        losses = {} if losses is None else losses
        self._add_losses(losses, {})
        texts = self._training_texts(examples, "GLiNER2Pipe.update")
        if texts:
            self._add_losses(losses, self._learner.learn(texts, self._settings(), drop))
            self.problems.report(self.name)
        if sgd:
            self.finish_update(sgd)
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Move the weights against the gradients that `update` added since the last time.

        sgd (Optimizer): Its learning rate is that of the heads; `optimisation` in the component's
            config says how that of the encoder differs.
        """
        self._learner.step(sgd)

    def get_loss(
        self, examples: Iterable[Example], scores: Any = None
    ) -> tuple[float, Dict[str, float]]:  # noqa: UP006
        """Compute the loss of examples, without learning from them.

        examples (Iterable): The examples.
        scores (Any): Not used, since what `predict` returns has lost what the loss is made of.
        RETURNS (tuple): The loss, and its parts.
        """
        texts = self._training_texts(examples, "GLiNER2Pipe.get_loss")
        losses = self._learner.losses(texts, self._settings()) if texts else {}
        self.problems.report(self.name)
        return sum(losses.values()), losses

    def _add_losses(self, losses: Dict[str, float], found: Losses) -> None:  # noqa: UP006
        losses[self.name] = losses.get(self.name, 0.0) + sum(found.values())
        for part, value in found.items():
            key = f"{self.name}.{part}"
            losses[key] = losses.get(key, 0.0) + value

    def _gold_keys(self) -> GoldKeys:
        names = ("spans_key", "relations_attr", "structures_attr", "cats_prefix")
        return GoldKeys(**{name: self.cfg[name] for name in names})

    def _training_texts(self, examples: Iterable[Example], caller: str) -> list[TrainingText]:
        examples = list(examples)
        validate_examples(examples, caller)
        reader = GoldReader(self._gold_keys(), self.problems)
        return [self._training_text(example, reader) for example in examples]

    def _training_text(self, example: Example, reader: GoldReader) -> TrainingText:
        own, doc = own_schema(example), example.reference
        schema = self.schema if own is None else self._parse(own)
        tokens = example.predicted if example.predicted.text == doc.text else doc
        spacy_words = self.cfg["word_splitter"] == "spacy"
        words = doc_words(tokens) if spacy_words else None
        gold = reader.read(doc, schema)
        return TrainingText(doc.text, schema, gold, words, own=own is not None)
