"""The type of the numbers that a model computes with."""

import functools
import platform
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, get_args

import torch

from .int8 import multiplies_exactly

Precision = Literal["float32", "bfloat16", "int8"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def numbers(precision: Precision, own: torch.dtype) -> torch.dtype:
    """Tell what type the states have that are computed with a precision.

    precision (str): The precision.
    own (dtype): The type of the weights, which "float32" leaves as it is.
    RETURNS (dtype): The type: with "int8" only products are made of 8-bit numbers.
    """
    return own if precision == "float32" else torch.bfloat16


def exact(device: torch.device) -> AbstractContextManager[object]:
    """Turn mixed precision off for a while.

    device (device): Where is computed.
    RETURNS (AbstractContextManager): A context; one that does nothing where torch may not know of
        mixed precision.
    """
    if device.type in ("cpu", "cuda"):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def check_support(precision: Precision, device: torch.device) -> None:
    """Check that this machine and this build of torch compute with a precision.

    precision (str): The precision.
    device (device): Where the model runs.
    RAISES (ValueError): If they do not; names what is missing and what to choose instead.
    """
    missing = None
    if precision == "int8":
        missing = missing_for_int8(device.type)
    if precision != "float32" and device.type == "cpu":
        missing = missing or missing_for_bfloat16()
    if missing is not None:
        raise ValueError(
            f"model.precision: {precision!r} needs {missing}; choose 'float32', which runs "
            "everywhere"
        )


@functools.cache
def missing_for_bfloat16() -> str | None:
    if not torch.backends.mkldnn.is_available():
        return "a build of torch with oneDNN, which this one is not"
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return "a processor with AVX-512 or its like for bfloat16, which this one is not"
    return None


@functools.cache
def missing_for_int8(device: str) -> str | None:
    """RETURNS (str): What is missing besides bfloat16, which is computed with around products."""
    if device != "cpu":
        return f"the device 'cpu', and the model runs on {device!r}"
    has_vnni = getattr(torch.cpu, "_is_vnni_supported", None)
    if platform.machine() in ("x86_64", "AMD64") and has_vnni is not None and not has_vnni():
        return "a processor with instructions for 8-bit numbers (VNNI), which this one is not"
    if not multiplies_exactly():
        return f"a build of torch that multiplies 8-bit numbers, which {torch.__version__} is not"
    return None
