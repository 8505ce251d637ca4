"""Encoders that read packed tokens: ours where we have one, `transformers` for the others."""

from transformers import AutoModel, PretrainedConfig

from .base import PackedEncoder
from .bert import PackedBert
from .deberta import PackedDeberta
from .empty import EmptyWeights
from .fallback import PaddedEncoder

__all__ = ["EmptyWeights", "PackedEncoder", "build_encoder"]


def build_encoder(config: PretrainedConfig) -> PackedEncoder:
    """Build the encoder that a configuration describes, with random weights.

    Within `EmptyWeights` it has none, for a checkpoint to bring them.

    config (PretrainedConfig): The configuration.
    RETURNS (PackedEncoder): The encoder, in evaluation mode. The names in its state dict are those
        of the `transformers` model.
    RAISES (ValueError): If the model also has a decoder.
    """
    if config.is_encoder_decoder:
        raise ValueError(
            f"model_type is {config.model_type!r}, which has a decoder; choose an encoder such as "
            "'deberta-v2' or 'bert'"
        )
    model = AutoModel.from_config(config, trust_remote_code=False).eval()
    for kind in (PackedBert, PackedDeberta):
        if kind.supports(config):
            return kind(model)
    return PaddedEncoder(model)
