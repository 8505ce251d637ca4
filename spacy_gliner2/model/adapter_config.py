"""What an adapter is: `AdapterConfig`."""

from dataclasses import dataclass

from ..checks import check_count, check_share, is_number

TARGETS = ("encoder", "span_rep", "classifier", "count_embed", "count_pred")
"""The parts that have layers to adapt: all of the network."""


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """A low-rank adapter (LoRA): `weight + alpha / rank * B @ A` in place of a layer's weight.

    With DoRA each row of that sum gets a length of its own, which is learned, too.

    rank (int): Rows of A and columns of B.
    alpha (float): What the product is scaled with, times the rank.
    dropout (float): Share of a layer's inputs that the adapter does not see at a step of training.
    targets (tuple): Which linear layers have one: parts of `TARGETS`, "all_task_heads" for all
        but the encoder, "encoder.query", "encoder.key", "encoder.value" or "encoder.dense" for
        some of the encoder's, or the full names of layers.
    dora (bool): Whether it is a DoRA.
    RAISES (ValueError): If a value is not usable.
    """

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = TARGETS
    dora: bool = False

    def __post_init__(self) -> None:
        check_count("lora.rank", self.rank, 1)
        if not is_number(self.alpha) or self.alpha <= 0:
            raise ValueError(f"lora.alpha: {self.alpha!r} is no number above 0; give one")
        check_share("lora.dropout", self.dropout, below_one=True)
        if not isinstance(self.dora, bool):
            raise ValueError(f"lora.dora: {self.dora!r} is not true or false; give one of them")
        if not self.targets or not all(isinstance(t, str) and t for t in self.targets):
            raise ValueError(
                f"lora.targets: {list(self.targets)!r} is no list of names; give one, such as "
                '["encoder"]'
            )

    @property
    def scale(self) -> float:
        """RETURNS (float): What the product is multiplied with."""
        return self.alpha / self.rank
