"""What the model says of one sequence, before any decision."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GroupScores:
    """The model's scores for one group of labels.

    count (int): Number of instances that the model expects; 0 for a classification.
    values (ndarray): For a classification the logit of each label.
        *Shape:* (labels,)
        Otherwise the probability of each span for each label of each instance; of the entities
        the first instance only. None where the count is 0.
        *Shape:* (instances, labels, rows, max_width); the span of row `r` and width index `w`
        covers the rows `r` to `r + w`.
    """

    count: int
    values: FloatArray | None


SequenceScores = tuple[GroupScores, ...]
"""The scores for each group of a sequence's prompt, in its order."""
