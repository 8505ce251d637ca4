"""What the arguments for a cluster may be; no cluster is needed to refuse the others."""

import pytest
import spacy

from spacy_gliner2.distributed import annotate_dataset
from spacy_gliner2.distributed.cluster import Cluster


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers: 0 is no whole number from 1 on"),
        ({"workers": True}, "workers: True is no whole number"),
        ({"workers": (0, 2)}, "workers: 0 is no whole number"),
        ({"workers": (4, 2)}, r"workers: \(4, 2\) has the most first"),
        ({"workers": (1, 2, 3)}, r"workers: \(1, 2, 3\) is neither a number nor the fewest"),
        ({"workers": "two"}, "workers: 'two' is neither a number nor the fewest"),
        ({"num_cpus": -1}, "num_cpus: -1 is no number from 0 on"),
        ({"num_gpus": float("nan")}, "num_gpus: nan is no number from 0 on"),
        ({"batch_size": 0}, "batch_size: 0 is no whole number from 1 on"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_starts(arguments, message):
    with pytest.raises(ValueError, match=message):
        annotate_dataset(None, spacy.blank("en"), **arguments)


def test_workers_are_a_number_or_two_bounds():
    assert Cluster(workers=3).bounds == (3, 3)
    assert Cluster(workers=(1, 4)).bounds == (1, 4)
