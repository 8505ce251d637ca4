"""A pipeline on its way to another machine."""

from dataclasses import dataclass

from spacy import util
from spacy.language import Language
from thinc.api import Config


@dataclass(frozen=True, slots=True)
class PackedPipeline:
    """A pipeline as plain data, its weights included; registered functions are found by name.

    config (str): Its config.
    content (bytes): What `Language.to_bytes` returned.
    max_length (int): Most characters of a text.
    """

    config: str
    content: bytes
    max_length: int

    @classmethod
    def pack(cls, nlp: Language) -> "PackedPipeline":
        """RETURNS (PackedPipeline): A pipeline as plain data."""
        return cls(nlp.config.to_str(), nlp.to_bytes(), nlp.max_length)

    def unpack(self) -> Language:
        """RETURNS (Language): The pipeline."""
        config = Config().from_str(self.config, interpolate=False)
        nlp = util.load_model_from_config(config, auto_fill=False)
        nlp.from_bytes(self.content)
        nlp.max_length = self.max_length
        return nlp
