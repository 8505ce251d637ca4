"""Few kernels serve all batches: numbers of rows are rounded up, and nobody sees it."""

import torch

from spacy_gliner2.model.rounding import fill_up, repeat_last, round_up


def test_few_numbers_of_rows_remain_and_few_rows_are_added():
    counts = range(1, 4097)
    assert len({round_up(count) for count in counts}) < 100
    assert all(count <= round_up(count) < count + 8 + count / 15 for count in counts)


def test_what_is_added_is_no_longer_than_a_sequence_may_be():
    for count in (1, 40, 700, 4000):
        ids, lengths = fill_up(torch.arange(count), [count], 20)
        assert len(ids) == sum(lengths) == round_up(count)
        assert lengths[0] == count
        assert all(0 < length <= 20 for length in lengths[1:])


def test_rows_stay_where_they_are():
    rows = torch.rand(37, 3)
    filled = repeat_last(rows)
    assert len(filled) == round_up(37)
    assert torch.equal(filled[:37], rows)
    assert torch.equal(filled[37:], rows[-1].expand(len(filled) - 37, 3))
    assert repeat_last(rows[:0]).shape == (0, 3)
