"""Many machines, through Ray Data: the extra `ray`."""

from .stage import annotate_dataset

__all__ = ["annotate_dataset"]
