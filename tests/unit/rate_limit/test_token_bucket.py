from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.rate_limit import AdaptiveRate, TokenBucket, limiter_for


def most_in_a_second(calls: list[float]) -> int:
    """The most calls in any half-open window of one second."""
    return max(bisect_left(calls, begin + 1.0) - position for position, begin in enumerate(calls))


def served(bucket: TokenBucket, arrivals: list[float], late: float = 0.0) -> list[float]:
    """When callers that come at these times, and wait as they are told, may begin."""
    now, begun = 1000.0, []
    for gap in arrivals:
        now += gap
        while (delay := bucket.acquire(now)) > 0:
            now += delay + late
        begun.append(now)
    return begun


@given(
    st.integers(1, 200),
    st.lists(st.one_of(st.just(0.0), st.floats(0.0, 0.2), st.floats(0.0, 3.0)), min_size=1, max_size=400),
    st.floats(0.0, 0.05),
)
def test_no_second_has_more_calls_than_the_rate_however_they_arrive(
    rate: int, gaps: list[float], late: float
) -> None:
    assert most_in_a_second(served(TokenBucket(rate), gaps, late)) <= rate


@pytest.mark.parametrize("rate", [1, 2, 5, 25, 100])
def test_a_rate_under_saturation_is_used_nearly_whole(rate: int) -> None:
    begun = served(TokenBucket(rate), [0.0] * (rate * 60))
    assert rate * 0.97 <= (len(begun) - 1) / (begun[-1] - begun[0]) <= rate


@pytest.mark.parametrize("rate", [5, 25])
def test_workers_that_wake_a_little_late_lose_little(rate: int) -> None:
    begun = served(TokenBucket(rate), [0.0] * (rate * 60), late=0.0005)
    assert (len(begun) - 1) / (begun[-1] - begun[0]) >= rate * 0.95


def test_a_rate_below_one_spaces_its_calls() -> None:
    begun = served(TokenBucket(0.1), [0.0] * 4)
    assert begun == pytest.approx([1000.0, 1010.0, 1020.0, 1030.0])


def test_an_idle_hour_saves_up_no_burst() -> None:
    bucket = TokenBucket(5)
    served(bucket, [0.0])
    assert bucket.acquire(9000.0) == 0.0
    assert bucket.acquire(9000.0) > 0.0


def test_asking_in_vain_costs_nothing() -> None:
    bucket = TokenBucket(1)
    assert bucket.acquire(10.0) == 0.0
    first = bucket.acquire(10.0)
    assert [bucket.acquire(10.0) for _ in range(5)] == [first] * 5
    assert bucket.acquire(10.0 + first) == 0.0


def test_time_that_seems_to_run_backwards_gives_no_leave() -> None:
    bucket = TokenBucket(1)
    assert bucket.acquire(10.0) == 0.0
    assert bucket.acquire(5.0) > 0.0
    assert bucket.acquire(10.5) > 0.0


def test_the_setting_chooses_the_limiter() -> None:
    assert isinstance(limiter_for(0.0, "eu-west-1"), AdaptiveRate)
    limiter = limiter_for(12.5, "eu-west-1")
    assert isinstance(limiter, TokenBucket)
    assert limiter.rate == 12.5
