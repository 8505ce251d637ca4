"""An encoder of its own for one component: `spacy-gliner2.Tok2VecGLiNER2.v1`.

`nlp.replace_listeners` puts it in the place of a listener.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import srsly
import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.layers import trfs2arrays
from thinc.api import Model, Optimizer, Shim, chain

from ..inference.extractor import Request
from ..inference.settings import Settings
from ..inference.words import doc_words
from ..model.adapter_config import AdapterConfig
from ..model.architecture import GLiNER2Model, get_shim
from ..schema import FrozenSchema
from ..training.optimisation import Optimisation
from ..training.trainee import Trainee
from .encoding import TextEncoding
from .extractor import SharingExtractor
from .trf_data import Gradients, make_trf_data


class EncoderShim(Shim):
    """Encodes Docs, and learns.

    model (Model): What `build_gliner2_model` returned.
    schema (FrozenSchema): The schema with which texts are read.
    settings (Settings): How they are read.
    trainee (Trainee): How it learns.
    """

    def __init__(
        self, model: GLiNER2Model, schema: FrozenSchema, settings: Settings, trainee: Trainee
    ) -> None:
        super().__init__(None)
        self.model = model
        self.schema = schema
        self.settings = settings
        self._trainee = trainee
        self._extractor = SharingExtractor(model)

    def encode(self, docs: list[Doc], *, learn: bool, drop: float) -> list[TextEncoding]:
        """Encode Docs.

        docs (list): The Docs.
        learn (bool): Whether to record gradients.
        drop (float): Dropout, where gradients are recorded.
        RETURNS (list): The encoding of each.
        """
        checkpoint = get_shim(self.model).checkpoint
        if learn:
            self._trainee.ready(checkpoint, drop)
        else:
            checkpoint.network.eval()
        spacy_words = self.settings.word_splitter == "spacy"
        requests = [
            Request(doc.text, self.schema, self.settings, doc_words(doc) if spacy_words else None)
            for doc in docs
        ]
        with torch.set_grad_enabled(learn):
            return self._extractor.encode(requests)

    def finish_update(self, optimizer: Optimizer) -> None:
        """Move the weights against the gradients so far.

        optimizer (Optimizer): Says how.
        """
        self._trainee.step(optimizer, 1.0)

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The checkpoint, the schema and the settings."""
        content: bytes = srsly.msgpack_dumps(
            {
                "checkpoint": get_shim(self.model).to_bytes(),
                "schema": json.dumps(self.schema.to_dict()),
                "settings": asdict(self.settings),
            }
        )
        return content

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        """Read what `to_bytes` returned.

        bytes_data (bytes): The bytes.
        RETURNS (EncoderShim): Itself.
        """
        found = srsly.msgpack_loads(bytes_data)
        get_shim(self.model).from_bytes(found["checkpoint"])
        self.schema = FrozenSchema.from_json(found["schema"])
        self.settings = Settings(**found["settings"])
        return self


def build_tok2vec(
    model: GLiNER2Model,
    pooling: "Model[Any, Any]",
    grad_factor: float = 1.0,
    encoder_rate: float = 0.05,
    frozen: list[str] = [],  # noqa: B006  (a default that config.cfg can show; never changed)
    lora: AdapterConfig | None = None,
) -> "Model[list[Doc], Any]":
    """Make a layer from Docs to an array for each, with a row for each token.

    ```ini
    [components.tagger.model.tok2vec]
    @architectures = "spacy-gliner2.Tok2VecGLiNER2.v1"
    grad_factor = 1.0
    encoder_rate = 0.05
    frozen = []
    lora = null

    [components.tagger.model.tok2vec.model]
    @architectures = "spacy-gliner2.GLiNER2Model.v1"
    name = "embedded"

    [components.tagger.model.tok2vec.pooling]
    @layers = "reduce_mean.v1"
    ```

    It reads texts without a schema; in the place of a listener, with that of the component that
    was listened to.

    model (Model): The model; see `spacy-gliner2.GLiNER2Model.v1`.
    pooling (Model): Makes a row of those of a token's word pieces.
    grad_factor (float): What the gradients are multiplied with.
    encoder_rate (float): Learning rate of the encoder, as a multiple of the optimizer's.
    frozen (list): Parts that do not move: beginnings of parameter names, such as
        "encoder.embeddings".
    lora (AdapterConfig): The adapter to train in place of the weights; see
        `spacy-gliner2.lora.v1`.
    RETURNS (Model): The layer.
    """
    optimisation = Optimisation(encoder_rate=encoder_rate, frozen=tuple(frozen))
    node = _make_node(model, FrozenSchema(), Settings(), Trainee(optimisation, lora))
    layer: Model[list[Doc], Any] = chain(node, trfs2arrays(pooling, grad_factor))
    layer.set_ref("listener", node)
    return layer


def replace_listener(
    model: GLiNER2Model, listener: "Model[Any, Any]", component: Any
) -> "Model[Any, Any]":
    """Make what takes the place of a listener.

    model (Model): A copy of the component's model.
    listener (TransformerListener): The listener.
    component (GLiNER2Pipe): The component that it listens to.
    RETURNS (Model): From Docs to their data, with an encoder of its own.
    """
    settings = Settings(**{key: component.cfg[key] for key in Settings.keys()})  # noqa: SIM118
    own = component.trainee
    return _make_node(model, component.schema, settings, Trainee(own.optimisation, own.lora))


def replace_listener_config(
    model_config: dict[str, Any], listener_config: dict[str, Any], trainee: Trainee
) -> dict[str, Any]:
    """Make the config of what takes the place of a listener.

    model_config (dict): The config of the component's model.
    listener_config (dict): The config of the listener.
    trainee (Trainee): How the component that it listens to learns.
    RETURNS (dict): The config.
    """
    config = {
        "@architectures": "spacy-gliner2.Tok2VecGLiNER2.v1",
        "model": dict(model_config),
        "pooling": listener_config["pooling"],
        "grad_factor": listener_config["grad_factor"],
        "encoder_rate": trainee.optimisation.encoder_rate,
        "frozen": list(trainee.optimisation.frozen),
    }
    if trainee.lora is not None:
        lora = {**asdict(trainee.lora), "targets": list(trainee.lora.targets)}
        config["lora"] = {"@misc": "spacy-gliner2.lora.v1", **lora}
    return config


def _make_node(
    model: GLiNER2Model, schema: FrozenSchema, settings: Settings, trainee: Trainee
) -> "Model[Any, Any]":
    shim = EncoderShim(model, schema, settings, trainee)
    return Model("gliner2_encoder", _forward, shims=[shim], attrs={"dropout_rate": 0.0})


def _forward(
    model: "Model[Any, Any]", docs: list[Doc], is_train: bool
) -> tuple[list[TransformerData], Callable[[Any], list[Any]]]:
    (shim,) = model.shims
    assert isinstance(shim, EncoderShim)
    encodings = shim.encode(docs, learn=is_train, drop=model.attrs["dropout_rate"])
    gradients = Gradients([own for doc, own in zip(docs, encodings, strict=True) if len(doc)])

    def backprop(d_datas: Any) -> list[Any]:
        gradients.add(d_datas)
        gradients.backpropagate(1.0)
        return []

    return [make_trf_data(*pair) for pair in zip(docs, encodings, strict=True)], backprop
