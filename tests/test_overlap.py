"""Which of several overlapping candidates stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner2.inference.overlap import Candidate, best_per_span, rank, resolve_overlaps


def spans(candidates):
    return [(c.start, c.end) for c in candidates]


NESTED = [
    Candidate(-0.9, 4, 7),  # the best, inside the longest
    Candidate(-0.8, 0, 12),
    Candidate(-0.7, 10, 20),  # crosses the longest
    Candidate(-0.6, 30, 35),
]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("flat", [(4, 7), (10, 20), (30, 35)]),
        ("nested", [(4, 7), (0, 12), (30, 35)]),
        ("longest", [(0, 12), (10, 20), (30, 35)]),
        ("allow", [(4, 7), (0, 12), (10, 20), (30, 35)]),
    ],
)
def test_each_policy_keeps_its_own(policy, expected):
    assert spans(resolve_overlaps(NESTED, policy)) == expected


@pytest.mark.parametrize("policy", ["flat", "nested", "longest", "allow"])
def test_a_single_value_is_the_best_of_those_that_the_policy_keeps(policy):
    kept = resolve_overlaps(NESTED, policy)
    assert rank(NESTED, policy)[0] == kept[0]
    assert spans(kept[:1]) == ([(0, 12)] if policy == "longest" else [(4, 7)])


def test_touching_spans_do_not_overlap():
    assert len(resolve_overlaps([Candidate(-0.9, 0, 5), Candidate(-0.8, 5, 9)], "flat")) == 2


def test_equal_scores_prefer_the_earlier_then_the_shorter():
    tied = [Candidate(-0.7, 3, 9), Candidate(-0.7, 0, 8), Candidate(-0.7, 0, 3)]
    assert spans(resolve_overlaps(tied, "flat")) == [(0, 3), (3, 9)]


def test_a_span_found_twice_comes_out_once_with_its_best_score():
    (only,) = best_per_span([Candidate(-0.4, 2, 5), Candidate(-0.6, 2, 5)])
    assert only.score == 0.6


CANDIDATES = st.lists(
    st.builds(
        lambda rank, start, length: Candidate(-rank / 10, start, start + length),
        st.integers(1, 10),
        st.integers(0, 700),
        st.integers(1, 400),
    ),
    max_size=25,
)


@given(CANDIDATES)
def test_flat_is_the_greedy_choice_by_score(candidates):
    kept: list[Candidate] = []
    for candidate in best_per_span(candidates):
        if all(candidate.end <= k.start or k.end <= candidate.start for k in kept):
            kept.append(candidate)
    assert resolve_overlaps(candidates, "flat") == kept


@given(CANDIDATES)
def test_longest_drops_exactly_what_lies_within_another(candidates):
    ranked = best_per_span(candidates)
    expected = [
        c
        for c in ranked
        if not any(o != c and o.start <= c.start and c.end <= o.end for o in ranked)
    ]
    assert resolve_overlaps(candidates, "longest") == expected


@given(CANDIDATES)
def test_nested_never_crosses(candidates):
    kept = resolve_overlaps(candidates, "nested")
    assert not any(a.start < b.start < a.end < b.end for a in kept for b in kept)


@pytest.mark.parametrize("policy", ["flat", "nested", "longest", "allow"])
def test_neighbours_do_not_overlap(policy):
    found = [Candidate(-0.9, 0, 3), Candidate(-0.8, 3, 5)]
    assert resolve_overlaps(found, policy) == found
    assert resolve_overlaps(found[::-1], policy) == found


@pytest.mark.parametrize("inner", [(0, 3), (2, 5)])
def test_what_begins_or_ends_with_another_is_nested_in_it(inner):
    found = [Candidate(-0.9, *inner), Candidate(-0.8, 0, 5)]
    assert resolve_overlaps(found, "nested") == found
    assert resolve_overlaps(found, "longest") == found[1:]
    assert resolve_overlaps(found, "flat") == found[:1]
