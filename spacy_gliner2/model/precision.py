"""The type of the numbers that a model computes with."""

import functools
import platform
from typing import Literal, get_args

import torch

Precision = Literal["float32", "bfloat16", "int8"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def check_support(precision: Precision, device: torch.device) -> None:
    """Check that this machine and this build of torch compute with a precision.

    precision (str): The precision.
    device (device): Where the model runs.
    RAISES (ValueError): If they do not; names what is missing and what to choose instead.
    """
    missing = None
    if precision == "int8":
        missing = _missing_for_int8(device.type)
    elif precision == "bfloat16" and device.type == "cpu":
        missing = _missing_for_bfloat16()
    if missing is not None:
        raise ValueError(
            f"model.precision: {precision!r} needs {missing}; choose 'float32', which runs "
            "everywhere"
        )


@functools.cache
def _missing_for_bfloat16() -> str | None:
    if not torch.backends.mkldnn.is_available():
        return "a build of torch with oneDNN, which this one is not"
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return "a processor with AVX-512 or its like for bfloat16, which this one is not"
    return None


@functools.cache
def _missing_for_int8(device: str) -> str | None:
    if device != "cpu":
        return f"the device 'cpu', and the model runs on {device!r}"
    has_vnni = getattr(torch.cpu, "_is_vnni_supported", None)
    if platform.machine() in ("x86_64", "AMD64") and has_vnni is not None and not has_vnni():
        return "a processor with instructions for 8-bit numbers (VNNI), which this one is not"
    if not _multiplies_exactly():
        return f"a build of torch that multiplies 8-bit numbers, which {torch.__version__} is not"
    return None


def _multiplies_exactly() -> bool:
    """Tell whether 8-bit products are there, and add up without a limit at 16 bits."""
    if not hasattr(torch, "_int_mm"):
        return False
    largest = torch.full((32, 32), 127, dtype=torch.int8)
    try:
        products = torch._int_mm(largest, largest)
    except (RuntimeError, NotImplementedError):
        return False
    return bool((products == 32 * 127 * 127).all())
