"""Generated input: a few of the cases that `python -m benchmarks.fuzz` runs in bulk."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import Cases
from spacy_gliner2.schema import Schema, SchemaError

COUNTS = {
    "schema": 60,
    "fault": 60,
    "builder": 40,
    "config": 10,
    "document": 25,
    "corpus": 30,
    "checkpoint": 20,
}
SEEDS = st.integers(0, 2**32)

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # What is said of generated texts and checkpoints is not what is tested here.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return Cases(tmp_path_factory.mktemp("generated"))


@pytest.mark.parametrize("kind", COUNTS)
def test_every_outcome_is_a_result_or_a_documented_error(cases, kind):
    @settings(max_examples=COUNTS[kind], deadline=None, suppress_health_check=list(HealthCheck))
    @given(SEEDS)
    def run(seed):
        getattr(cases, kind)(random.Random(seed))

    run()


@pytest.mark.parametrize("value", [5, 1.5, True, "text", {"a": 1}])
def test_the_builder_names_what_should_be_a_list(value):
    with pytest.raises(SchemaError, match=r"choices: .* is not a list"):
        Schema().structure("s").field("f", dtype="str", choices=value)
    with pytest.raises(SchemaError, match=r"validators: .* is not a list"):
        Schema().entities(["a"], validators=value)
    with pytest.raises(SchemaError, match=r"validators: .* is not a list"):
        Schema().structure("s").field("f", validators=value)
