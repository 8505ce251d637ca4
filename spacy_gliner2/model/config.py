"""What a checkpoint's `config.json` says of its heads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .errors import CheckpointError

CountingLayer = Literal["count_lstm", "count_lstm_v2", "count_lstm_moe"]
TokenPooling = Literal["first", "mean", "max"]


@dataclass(frozen=True, slots=True)
class SpanConfig:
    """What a checkpoint of the span architecture says of its heads.

    max_width (int): Most words of a span.
    counting_layer (str): Which counting layer it has.
    token_pooling (str): How the tokens of a word become one state.
    dropout (float): Dropout of the span head, in training.
    """

    max_width: int = 8
    counting_layer: CountingLayer = "count_lstm"
    token_pooling: TokenPooling = "first"
    dropout: float = 0.1

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], file: str = "config.json") -> "SpanConfig":
        """Read the content of a `config.json`.

        data (Mapping): The content.
        file (str): What to call the file in errors.
        RETURNS (SpanConfig): What it says.
        RAISES (CheckpointError): If it is for another architecture or says what is not known here.
        """
        kind = data.get("model_type", "extractor")
        if kind != "extractor":
            raise CheckpointError(
                f"{file}: model_type is {kind!r}, expected 'extractor'; take a GLiNER2 checkpoint"
            )
        architecture = data.get("architecture") or "span"
        if architecture != "span":
            raise CheckpointError(
                f"{file}: architecture is {architecture!r}, and this package runs 'span' "
                "checkpoints (fastino/gliner2-base-v1 is one); choose such a checkpoint"
            )
        head = data.get("span_head") or {}
        if not isinstance(head, Mapping):
            raise CheckpointError(f"{file}: span_head is {head!r}, expected a JSON object")
        config = cls(
            max_width=head.get("max_width", data.get("max_width", 8)),
            counting_layer=data.get("counting_layer", "count_lstm"),
            token_pooling=data.get("token_pooling", "first"),
            dropout=head.get("dropout", 0.1),
        )
        config._check(file, head)
        return config

    def _check(self, file: str, head: Mapping[str, Any]) -> None:
        for key, kinds in (("counting_layer", CountingLayer), ("token_pooling", TokenPooling)):
            value, known = getattr(self, key), get_args(kinds)
            if value not in known:
                raise CheckpointError(f"{file}: {key} is {value!r}, expected one of {known}")
        if type(self.max_width) is not int or not 1 <= self.max_width <= 1024:
            raise CheckpointError(f"{file}: max_width is {self.max_width!r}, expected 1 to 1024")
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise CheckpointError(f"{file}: dropout is {self.dropout!r}, expected 0 to below 1")
        mode = head.get("span_mode", "markerV0")
        if mode != "markerV0":
            raise CheckpointError(f"{file}: span_mode is {mode!r}, expected 'markerV0'")
