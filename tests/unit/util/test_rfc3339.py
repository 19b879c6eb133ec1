"""Times as RFC 3339 writes them."""

import pytest

from watcher.util.rfc3339 import LATEST, creation_time, timestamp, timestamp_of


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_750_000_000.25, "2025-06-15T15:06:40.250Z"),
        (LATEST, "9999-12-31T23:59:59.000Z"),
    ],
)
def test_a_time_is_utc_with_milliseconds_and_comes_back(epoch: float, text: str) -> None:
    assert timestamp(epoch) == timestamp_of(epoch) == text
    assert creation_time(text) == epoch


@pytest.mark.parametrize("value", ["1", None, [], float("nan"), float("inf"), LATEST + 1, -1e12, 1e300])
def test_what_is_no_time_is_a_dash(value: object) -> None:
    assert timestamp_of(value) == "-"


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-15T15:06:40Z",
        "2025-06-15t15:06:40z",
        " 2025-06-15T15:06:40.000Z ",
        "2025-06-15T17:06:40+02:00",
        "2025-06-15 15:06:40Z",
    ],
)
def test_any_form_and_offset_is_the_same_moment(text: str) -> None:
    assert creation_time(text) == 1_750_000_000.0


def test_a_leap_second_is_the_one_after_it_and_ends_a_day_of_utc() -> None:
    midnight = creation_time("2017-01-01T00:00:00Z")
    assert creation_time("2016-12-31T23:59:60Z") == midnight
    assert creation_time("2017-01-01T00:59:60+01:00") == midnight
    assert creation_time("2016-12-31T12:00:60Z") is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        1_750_000_000,
        None,
        "2025-06-15",
        "2025-06-15T15:06:40",
        "2025-02-30T00:00:00Z",
        "2025-06-15T15:06:61Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_anything_else_is_none(value: object) -> None:
    assert creation_time(value) is None
