"""The most memory that a process has had."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> float:
    """RETURNS (float): The most memory that this process has had, in MiB."""
    # On Linux `ru_maxrss` begins with what the process that started this one had then.
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
