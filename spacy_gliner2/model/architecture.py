"""The registered architecture `spacy-gliner2.GLiNER2Model.v1`."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from thinc.api import Model

from ..inference.scores import SequenceScores
from ..inference.sequences import TokenSequence
from .precision import PRECISIONS
from .shim import GLiNER2Shim
from .source import EMBEDDED

GLiNER2Model: TypeAlias = "Model[list[TokenSequence], list[SequenceScores]]"


def build_gliner2_model(
    name: str = EMBEDDED,
    revision: str | None = None,
    precision: str = "float32",
    device: str | None = None,
) -> GLiNER2Model:
    """Make a GLiNER2 model. Its weights load when they are first needed.

    ```ini
    [components.gliner2.model]
    @architectures = "spacy-gliner2.GLiNER2Model.v1"
    name = "embedded"
    revision = null
    precision = "float32"
    device = null
    ```

    name (str): "embedded" for the checkpoint inside the package, the path of a directory, or a
        name on the hub such as "fastino/gliner2-base-v1".
    revision (str): For a name on the hub: the commit, tag or branch.
    precision (str): Type of the numbers that it annotates with: "float32", "bfloat16" or "int8".
        That the machine has it is seen when the weights load. The weights themselves, and what
        is learned and saved, stay as they are.
    device (str): Where it runs, such as "cpu", "cuda:0" or "mps"; None for where spaCy runs. That
        the machine has it is seen when the weights load.
    RETURNS (Model): The model, from token sequences to their scores.
    RAISES (ValueError): If a value is not one that is known.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"model.name: {name!r} names no checkpoint; give a path or a name")
    if precision not in PRECISIONS:
        raise ValueError(
            f"model.precision: {precision!r} is none of {', '.join(PRECISIONS)}; choose one of them"
        )
    _check_device(device)
    shim = GLiNER2Shim(name, revision, device, precision)
    return Model("gliner2", _forward, shims=[shim], attrs={"name": name, "revision": revision})


def _check_device(device: str | None) -> None:
    if device is None:
        return
    try:
        known = torch.device(device).type != "meta"  # which only pretends to compute
    except (RuntimeError, TypeError):
        known = False
    if not known:
        raise ValueError(
            f"model.device: {device!r} is no device; give one such as 'cpu', 'cuda:0' or 'mps', or "
            "null for where spaCy runs"
        )


def get_shim(model: GLiNER2Model) -> GLiNER2Shim:
    """Get the torch model behind a thinc one.

    model (Model): What `build_gliner2_model` returned.
    RETURNS (GLiNER2Shim): The torch model.
    RAISES (ValueError): If the model is served elsewhere.
    """
    if not is_local(model):
        raise ValueError(
            "model: is served elsewhere, so that it has no weights here to train, save or look "
            'into; choose @architectures = "spacy-gliner2.GLiNER2Model.v1"'
        )
    (shim,) = model.shims
    assert isinstance(shim, GLiNER2Shim)
    return shim


def is_local(model: "Model[Any, Any]") -> bool:
    """RETURNS (bool): Whether the weights of a model are here, and not served elsewhere."""
    return any(isinstance(shim, GLiNER2Shim) for shim in model.shims)


def _forward(
    model: GLiNER2Model, sequences: list[TokenSequence], is_train: bool
) -> tuple[list[SequenceScores], Callable[[object], object]]:
    return get_shim(model).predict(sequences), _no_gradient


def _no_gradient(gradient: object) -> object:
    raise ValueError("this model is run only; it has no gradient to pass on")
