"""Build modules whose weights take neither memory nor time, for a checkpoint to fill."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class EmptyWeights(TorchFunctionMode):
    """Put new parameters on the meta device, and leave buffers where they are.

    Layers make their parameters with `torch.empty`, which is what is caught, and their buffers
    with functions that have values. Then `load_state_dict(tensors, strict=True, assign=True)`
    gives each parameter its tensor, without a copy.

    EXAMPLE:
        >>> with EmptyWeights():
        >>>     encoder = build_encoder(config)
        >>> encoder.load_state_dict(tensors, strict=True, assign=True)
    """

    def __torch_function__(
        self,
        func: Callable[..., Tensor],
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> Tensor:
        kwargs = dict(kwargs or {})
        if func is torch.empty:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)
