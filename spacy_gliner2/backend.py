"""Which extractor a model needs."""

from typing import Any

from thinc.api import Model

from .inference.extractor import Extractor, TextExtractor
from .model.architecture import is_local


def make_extractor(model: "Model[Any, Any]", share: bool = False) -> TextExtractor:
    """Make what extracts with a model.

    model (Model): What a registered architecture returned.
    share (bool): Whether extractions come with the encoding of their texts.
    RETURNS (TextExtractor): What extracts with it, here or where it is served.
    """
    if share:
        from .sharing.extractor import SharingExtractor

        return SharingExtractor(model)
    if is_local(model):
        return Extractor(model)
    from .hosted.extractor import HostedExtractor

    return HostedExtractor(model)
