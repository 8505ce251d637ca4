"""What the model learns from the annotation: `spacy-gliner2.loss.v1`."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..checks import check_share

Reduction = Literal["mean", "sum"]
Negatives = Literal["spans", "count", "none"]
EntityCount = Literal["one", "any", "none"]
Order = Literal["text", "given"]


@dataclass(frozen=True, slots=True)
class LossOptions:
    """What the model learns from the annotation.

    reduction (str): "mean" over the texts of a step, or "sum" as the reference has it.
    negatives (str): What is learned of relations and structures that a text has none of: "count"
        for their number, 0; "spans" for that and that no span is a part of any; "none" for
        nothing, as the reference has it: then the prompt does not even name them.
    entity_count (str): What is learned as the number that lets entities through: "one" for 1
        always; "any" for 1 where the text has any, else 0; "none" for nothing, as the reference
        has it.
    drop_negatives (float): Share of the wrong spans that is left out at each step.
    offsets (bool): Whether a piece of the text with offsets is gold there alone. Otherwise every
        occurrence of its words is, as the reference has it.
    order (str): How relations and records of a text are numbered: in the order of the "text", or
        as "given", as the reference has it.
    """

    reduction: Reduction = "mean"
    negatives: Negatives = "spans"
    entity_count: EntityCount = "one"
    drop_negatives: float = 0.5
    offsets: bool = True
    order: Order = "text"

    def __post_init__(self) -> None:
        kinds = {
            "reduction": Reduction,
            "negatives": Negatives,
            "entity_count": EntityCount,
            "order": Order,
        }
        for key, kind in kinds.items():
            value, known = getattr(self, key), get_args(kind)
            if value not in known:
                raise ValueError(
                    f"loss.{key}: {value!r} is none of {', '.join(known)}; choose one of them"
                )
        check_share("loss.drop_negatives", self.drop_negatives, below_one=True)
        if not isinstance(self.offsets, bool):
            raise ValueError(f"loss.offsets: {self.offsets!r} is not true or false; give one")


def make_loss(
    reduction: str = "mean",
    negatives: str = "spans",
    entity_count: str = "one",
    drop_negatives: float = 0.5,
    offsets: bool = True,
    order: str = "text",
) -> LossOptions:
    """Choose what the model learns from the annotation.

    ```ini
    [components.gliner2.loss]
    @misc = "spacy-gliner2.loss.v1"
    reduction = "mean"
    negatives = "spans"
    entity_count = "one"
    drop_negatives = 0.5
    offsets = true
    order = "text"
    ```

    The arguments are those of `LossOptions`. With `reduction` "sum", `negatives` and
    `entity_count` "none", `offsets` false and `order` "given" the loss is the reference's.

    RETURNS (LossOptions): The choice.
    RAISES (ValueError): If a value is not one that is known.
    """
    values: dict[str, Any] = {
        "reduction": reduction,
        "negatives": negatives,
        "entity_count": entity_count,
        "drop_negatives": drop_negatives,
        "offsets": offsets,
        "order": order,
    }
    return LossOptions(**values)
