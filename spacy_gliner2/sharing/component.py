"""The part of the component that shares its encoder."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Dict, Optional  # noqa: UP035  (spaCy evaluates them)

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, Optimizer

from ..extraction import Extraction
from ..inference.extractor import Request, TextExtractor
from ..inference.settings import Settings
from ..model.architecture import get_shim, is_local
from ..schema import FrozenSchema
from ..training.component import LearningPipe
from ..training.texts import TrainingText

if TYPE_CHECKING:
    from spacy_transformers.layers import TransformerListener


class SharingPipe(LearningPipe):
    """What of the component is needed only to share its encoder.

    listener_map (dict): By component, its listeners to this one.
    """

    _extractor: TextExtractor
    listener_map: dict[str, list["TransformerListener"]]

    def _set_sharing(self) -> None:
        """Check `publish_trf_data`, and get ready for it."""
        # Docs whose listeners have not sent back their gradients, and what moves the weights then.
        self._sent: frozenset[int] = frozenset()
        self._waiting: Optimizer | None = None
        publish = self.cfg["publish_trf_data"]
        if not isinstance(publish, bool):
            raise ValueError(
                f"publish_trf_data: {publish!r} is not true or false; give one of them"
            )
        if publish and not is_local(self.model):
            raise ValueError(
                "publish_trf_data: is true, and the model is served elsewhere, which tells no "
                "states; make it false"
            )
        if publish:
            from .tok2vec import replace_listener, replace_listener_config

            self._install()
            self.model.attrs["replace_listener"] = replace_listener
            self.model.attrs["replace_listener_cfg"] = partial(
                replace_listener_config, trainee=self.trainee
            )

    def _install(self) -> None:
        if self.cfg["publish_trf_data"]:
            from spacy_transformers import install_extensions

            install_extensions()

    @abstractmethod
    def _request(self, doc: Doc, schema: FrozenSchema, settings: Settings) -> Request:
        """RETURNS (Request): What to extract from a Doc, by its own schema if it has one."""

    @property
    def listeners(self) -> list["TransformerListener"]:
        """RETURNS (list): The listeners to this component."""
        return [listener for own in self.listener_map.values() for listener in own]

    @property
    def listening_components(self) -> list[str]:
        """RETURNS (list): The components that listen to this one."""
        return list(self.listener_map)

    def add_listener(self, listener: "TransformerListener", component_name: str) -> None:
        """Add a listener.

        listener (TransformerListener): The listener.
        component_name (str): The component that it belongs to.
        """
        own = self.listener_map.setdefault(component_name, [])
        if listener not in own:
            own.append(listener)
        self._tell_width()

    def remove_listener(self, listener: "TransformerListener", component_name: str) -> bool:
        """Remove a listener.

        listener (TransformerListener): The listener.
        component_name (str): The component that it belongs to.
        RETURNS (bool): Whether it was there.
        """
        own = self.listener_map.get(component_name, [])
        if listener not in own:
            return False
        own.remove(listener)
        if not own:
            del self.listener_map[component_name]
        return True

    def find_listeners(self, component: Any) -> None:
        """Add the listeners of a component that listen to this one.

        component (Pipe): The component.
        RAISES (ValueError): If it names this component as the one that it listens to, and this one
            does not publish.
        """
        if not isinstance(getattr(component, "model", None), Model):
            return
        from spacy_transformers.layers import TransformerListener

        publishes = self.cfg["publish_trf_data"]
        for node in component.model.walk():
            if not isinstance(node, TransformerListener):
                continue
            if node.upstream_name == self.name and not publishes:
                raise ValueError(
                    f"publish_trf_data: is false in {self.name!r}, and {component.name!r} listens "
                    "to it; make it true (of a component with a source, in the pipeline that it "
                    "is from)"
                )
            if node.upstream_name in ("*", self.name) and publishes:
                self.add_listener(node, component.name)

    def _tell_width(self, *, again: bool = False) -> None:
        """Tell listeners how wide the states are, if that is known.

        again (bool): Whether also those that were told before another checkpoint was loaded.
        """
        for listener in self.listeners:
            if again or listener.has_dim("nO") is None:
                width = get_shim(self.model).hidden_size
                if width is not None:
                    listener.set_dim("nO", width, force=True)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,  # noqa: UP045
        labels: Optional[dict] = None,  # type: ignore[type-arg]  # noqa: UP045
    ) -> None:
        """Set the schema, as `LearningPipe.initialize` does, and connect the listeners.

        get_examples (Callable): Returns the examples.
        nlp (Language): The pipeline.
        labels (dict): The schema, as `label_data` returns it.
        RAISES (ValueError): If a label is not usable.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels)
        if self.listeners:
            _ = get_shim(self.model).checkpoint  # which knows how wide the states are
            self._tell_width()

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,  # noqa: UP045
        losses: Optional[Dict[str, float]] = None,  # noqa: UP006, UP045
    ) -> Dict[str, float]:  # noqa: UP006
        """Learn from a batch of examples, and send the states of their texts to the listeners.

        examples (Iterable): The examples; with listeners, they need no annotation of their own.
        drop (float): Dropout.
        sgd (Optimizer): Moves the weights; without it `finish_update` has to be called. With
            listeners they move when the last of them has sent its gradients back.
        losses (dict): Losses so far, to which those of this batch are added.
        RETURNS (dict): The losses.
        """
        if not self.listeners:
            return super().update(examples, drop=drop, sgd=sgd, losses=losses)
        self._settle()
        examples = list(examples)
        losses = super().update(examples, drop=drop, losses=losses)
        self._send([example.predicted for example in examples], drop)
        if sgd:
            self.finish_update(sgd)
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Move the weights, as `LearningPipe.finish_update` does; but as long as listeners have
        not sent back their gradients, which need the weights as they were, only once they have, or
        once the component is used for anything else, since some may not learn.

        sgd (Optimizer): Says how.
        """
        if self._sent and self.listeners:
            self._waiting = sgd
        else:
            super().finish_update(sgd)

    def _settle(self, docs: Iterable[Doc] = ()) -> None:
        """Do a step that waits, unless listeners are about to read some of the Docs."""
        if not any(id(doc) in self._sent for doc in docs):
            self._sent, rule, self._waiting = frozenset(), self._waiting, None
            if rule is not None:
                self.finish_update(rule)

    def get_loss(
        self, examples: Iterable[Example], scores: Any = None
    ) -> tuple[float, Dict[str, float]]:  # noqa: UP006
        """Compute the loss of examples, as `LearningPipe.get_loss` does.

        examples (Iterable): The examples.
        scores (Any): Not used.
        RETURNS (tuple): The loss, and its parts.
        """
        self._settle()
        return super().get_loss(examples, scores)

    def _training_texts(self, examples: Iterable[Example], caller: str) -> list[TrainingText]:
        texts = super()._training_texts(examples, caller)
        return [text for text in texts if text.gold] if self.listeners else texts

    def _send(self, docs: list[Doc], drop: float) -> None:
        from .extractor import SharingExtractor
        from .trf_data import Gradients, make_trf_data

        assert isinstance(self._extractor, SharingExtractor)
        self._tell_width()
        weight = self._learner.expect_gradients(len(docs), drop)
        settings = self._settings()
        requests = [self._request(doc, self.schema, settings) for doc in docs]
        encodings = self._extractor.encode(requests)
        datas = [make_trf_data(*pair) for pair in zip(docs, encodings, strict=True)]
        gradients = Gradients([own for doc, own in zip(docs, encodings, strict=True) if len(doc)])

        def backprop(d_datas: Any) -> list[Any]:
            gradients.add(d_datas)
            gradients.backpropagate(weight)
            self._settle()
            return []

        self._sent = frozenset(map(id, docs))
        listeners = self.listeners
        batch = listeners[0].get_batch_id(docs)
        for listener in listeners[:-1]:
            listener.receive(batch, datas, gradients.add)
        listeners[-1].receive(batch, datas, backprop)

    def _publish(self, doc: Doc, extraction: Extraction) -> None:
        if self.cfg["publish_trf_data"] and extraction.encoding is not None:
            from .trf_data import make_trf_data

            self._tell_width()
            doc._.trf_data = make_trf_data(doc, extraction.encoding)
