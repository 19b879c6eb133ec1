from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.schedule.age_bins import BINS, EDGES, LONGEST, WIDTHS, bin_of, overlaps


def test_the_bins_cover_a_sessions_life_and_grow_with_age() -> None:
    assert (EDGES[0], EDGES[-1]) == (0.0, LONGEST)
    assert all(low < high for low, high in pairwise(EDGES))
    assert all(width <= max(0.25, edge * 0.05) + 1e-9 for edge, width in zip(EDGES, WIDTHS, strict=False))


@pytest.mark.parametrize(("age", "expected"), [(-3.0, 0), (0.0, 0), (0.25, 1), (LONGEST, BINS - 1), (1e9, BINS - 1)])
def test_every_age_has_a_bin(age: float, expected: int) -> None:
    assert bin_of(age) == expected


@given(st.floats(-5.0, 200.0), st.floats(0.0, 200.0))
def test_the_parts_of_a_span_are_the_span(low: float, length: float) -> None:
    parts = overlaps(low, low + length)
    begin, end = max(low, 0.0), min(low + length, LONGEST)
    assert sum(high - low for _, low, high in parts) == pytest.approx(max(0.0, end - begin))
    assert all(EDGES[j] <= low < high <= EDGES[j + 1] for j, low, high in parts)
    assert all(first[2] == second[1] for first, second in pairwise(parts))
