"""Training; the names here are those of the `gliner2` package and load when they are first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .familiar.config import TrainingConfig
    from .familiar.examples import (
        ChoiceField,
        Classification,
        InputExample,
        Relation,
        Structure,
    )
    from .familiar.trainer import GLiNER2Trainer, train_gliner2

_MODULES = {
    "ChoiceField": "examples",
    "Classification": "examples",
    "GLiNER2Trainer": "trainer",
    "InputExample": "examples",
    "Relation": "examples",
    "Structure": "examples",
    "TrainingConfig": "config",
    "train_gliner2": "trainer",
}

__all__ = [
    "ChoiceField",
    "Classification",
    "GLiNER2Trainer",
    "InputExample",
    "Relation",
    "Structure",
    "TrainingConfig",
    "train_gliner2",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.familiar.{_MODULES[name]}"), name)
