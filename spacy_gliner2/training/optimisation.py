"""How the weights move: `spacy-gliner2.optimisation.v1`."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from ..checks import check_count, is_number

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Optimisation:
    """How the weights move, beyond what `[training.optimizer]` says.

    encoder_rate (float): Learning rate of the encoder, as a multiple of the optimizer's, which
        is that of the heads.
    frozen (tuple): Parts that do not move: beginnings of parameter names, such as "encoder" or
        "encoder.embeddings".
    precision (str): Type of the numbers in products of matrices: "bfloat16", "float32", or "auto"
        for "bfloat16" where the device is made for it. Everything else is in "float32" always.
    max_batch_items (int): Most tokens that go through the network at once; their gradients add
        up until the batch is done.
    """

    encoder_rate: float = 0.05
    frozen: tuple[str, ...] = ()
    precision: Precision = "auto"
    max_batch_items: int = 1024

    def __post_init__(self) -> None:
        if not is_number(self.encoder_rate) or self.encoder_rate < 0:
            raise ValueError(
                f"optimisation.encoder_rate: {self.encoder_rate!r} is no number from 0 on; give one"
            )
        if not all(isinstance(part, str) and part for part in self.frozen):
            raise ValueError(
                f"optimisation.frozen: {list(self.frozen)!r} is no list of names; give one, such "
                'as ["encoder.embeddings"]'
            )
        known = get_args(Precision)
        if self.precision not in known:
            raise ValueError(
                f"optimisation.precision: {self.precision!r} is none of {', '.join(known)}; choose "
                "one of them"
            )
        check_count("optimisation.max_batch_items", self.max_batch_items, 1)


def make_optimisation(
    encoder_rate: float = 0.05,
    frozen: list[str] = [],  # noqa: B006  (a default that config.cfg can show; never changed)
    precision: str = "auto",
    max_batch_items: int = 1024,
) -> Optimisation:
    """Choose how the weights move.

    ```ini
    [components.gliner2.optimisation]
    @misc = "spacy-gliner2.optimisation.v1"
    encoder_rate = 0.05
    frozen = []
    precision = "auto"
    max_batch_items = 1024
    ```

    The arguments are those of `Optimisation`.

    RETURNS (Optimisation): The choice.
    RAISES (ValueError): If a value is not one that is known.
    """
    return Optimisation(encoder_rate, tuple(frozen), cast(Precision, precision), max_batch_items)
