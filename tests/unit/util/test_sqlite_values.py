"""Values that any program may have written."""

import pytest

from watcher.util.rfc3339 import LATEST
from watcher.util.sqlite_values import count_in, text_in, time_in


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (b"\xc3\xa9", "é"), (b"a\xff", "a\ufffd"), (None, ""), (5, "5"), (1.5, "1.5")]
)
def test_a_text_is_what_can_be_read_of_it(value: object, text: str) -> None:
    assert text_in(value) == text


@pytest.mark.parametrize("value", [0, 1_750_000_000, 1.5, LATEST])
def test_a_time_is_kept(value: float) -> None:
    assert time_in(value) == value


@pytest.mark.parametrize("value", [-1, LATEST + 1, float("inf"), float("nan"), "5", b"5", None])
def test_no_time_is_none(value: object) -> None:
    assert time_in(value) is None


@pytest.mark.parametrize(("value", "count"), [(0, 0), (7, 7), (-1, 0), (2.0, 0), ("7", 0), (None, 0)])
def test_a_count_is_a_whole_number_from_0(value: object, count: int) -> None:
    assert count_in(value) == count
