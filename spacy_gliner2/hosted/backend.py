"""Which extractor a model needs."""

from typing import Any

from thinc.api import Model

from ..inference.extractor import Extractor, TextExtractor
from ..model.architecture import is_local


def make_extractor(model: "Model[Any, Any]") -> TextExtractor:
    """Make what extracts with a model.

    model (Model): What a registered architecture returned.
    RETURNS (TextExtractor): What extracts with it, here or where it is served.
    """
    if is_local(model):
        return Extractor(model)
    from .extractor import HostedExtractor

    return HostedExtractor(model)
