"""Training; the names here are those of the `gliner2` package and load when they are first used."""

from typing import TYPE_CHECKING

from ..lazy import lazy_names

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
    "ChoiceField": "familiar.examples",
    "Classification": "familiar.examples",
    "GLiNER2Trainer": "familiar.trainer",
    "InputExample": "familiar.examples",
    "Relation": "familiar.examples",
    "Structure": "familiar.examples",
    "TrainingConfig": "familiar.config",
    "train_gliner2": "familiar.trainer",
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


__getattr__ = lazy_names(__name__, _MODULES)
