"""Long texts in windows: every span of a text fits into one of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner2.inference.windows import (
    LARGEST_CAPACITY,
    Window,
    make_windows,
    text_capacity,
)


def test_a_short_text_is_one_window():
    assert make_windows([1] * 384, window=384, stride=320, capacity=10_000, max_width=8) == [
        Window(0, 384)
    ]


def test_windows_advance_by_the_stride():
    windows = make_windows([1] * 1000, window=384, stride=320, capacity=10_000, max_width=8)
    assert windows == [Window(0, 384), Window(320, 704), Window(640, 1000)]


def test_no_words_need_no_window():
    assert make_windows([], window=8, stride=8, capacity=10_000, max_width=8) == []


@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=300),
    window=st.integers(12, 60),
    share=st.floats(0.2, 1.0),
    capacity=st.integers(96, 150),
)
def test_windows_cover_every_span_and_fit(lengths, window, share, capacity):
    max_width = 8
    stride = max(1, int(window * share))
    windows = make_windows(
        lengths, window=window, stride=stride, capacity=capacity, max_width=max_width
    )
    assert windows[0].start == 0
    assert windows[-1].end == len(lengths)
    for one in windows:
        assert 0 < one.end - one.start <= window
        assert sum(lengths[one.start : one.end]) <= capacity
    for start in range(len(lengths)):
        end = min(start + max_width, len(lengths))
        assert any(one.start <= start and end <= one.end for one in windows)


def test_an_encoder_without_a_limit_has_one_for_the_memory():
    assert text_capacity(None, 100) == LARGEST_CAPACITY


def test_a_prompt_that_leaves_no_room_is_refused_with_the_numbers():
    with pytest.raises(ValueError, match=r"500 of the 512 tokens.*fewer or shorter labels"):
        text_capacity(512, 500)


def test_a_window_may_be_filled_to_its_last_token_and_no_further():
    sizes = {"window": 9, "stride": 9, "max_width": 1}
    assert make_windows([5, 5], capacity=10, **sizes) == [Window(0, 2)]
    assert make_windows([6, 5], capacity=10, **sizes) == [Window(0, 1), Window(1, 2)]
    assert text_capacity(512, 496) == 16


def test_neighbours_share_one_word_less_than_a_span_may_have():
    windows = make_windows([1] * 20, window=12, stride=12, capacity=100, max_width=8)
    assert windows == [Window(0, 12), Window(5, 17), Window(10, 20)]
