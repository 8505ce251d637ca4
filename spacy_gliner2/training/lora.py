"""Training an adapter instead of all weights: `spacy-gliner2.lora.v1`."""

from ..model.adapter_config import AdapterConfig


def make_lora(
    rank: int = 16,
    alpha: float = 32.0,
    dropout: float = 0.0,
    targets: list[str] = [  # noqa: B006  (a default that config.cfg can show; never changed)
        "encoder",
        "span_rep",
        "classifier",
        "count_embed",
        "count_pred",
    ],
    dora: bool = False,
) -> AdapterConfig:
    """Choose the adapter to train.

    ```ini
    [components.gliner2.lora]
    @misc = "spacy-gliner2.lora.v1"
    rank = 16
    alpha = 32.0
    dropout = 0.0
    targets = ["encoder","span_rep","classifier","count_embed","count_pred"]
    dora = false
    ```

    The arguments are those of `AdapterConfig`.

    RETURNS (AdapterConfig): The choice.
    RAISES (ValueError): If a value is not usable.
    """
    return AdapterConfig(rank, alpha, dropout, tuple(targets), dora)
