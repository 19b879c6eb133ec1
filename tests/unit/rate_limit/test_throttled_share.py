import pytest

from watcher.rate_limit import ThrottledShare


def counted(throttled: int, served: int, at: float = 100.0) -> ThrottledShare:
    share = ThrottledShare()
    for number in range(throttled + served):
        share.add(at, throttled=number < throttled)
    return share


def test_more_than_half_of_the_calls_throttled_is_told_with_the_rate() -> None:
    words = "61 of 100 calls in the last 10 s were throttled; calling at 4.2/s"
    assert counted(61, 39).problem(100.0, 4.2) == words


@pytest.mark.parametrize(("throttled", "served"), [(0, 0), (50, 50), (2, 0), (1, 100)])
def test_half_of_the_calls_or_too_few_say_nothing(throttled: int, served: int) -> None:
    assert counted(throttled, served).problem(100.0, 4.2) == ""


def test_it_clears_by_itself_when_nothing_is_polled() -> None:
    share = counted(10, 0)
    assert share.problem(109.9, 4.2)
    assert not share.problem(110.1, 4.2)


def test_it_clears_once_calls_pass() -> None:
    share = counted(10, 0)
    for _ in range(10):
        share.add(101.0, throttled=False)
    assert not share.problem(101.0, 4.2)
