"""When a rate that has collapsed tries to return, and where to."""

from watcher.rate_limit.constants import CONSTANTS
from watcher.rate_limit.recovery import CALLS, FIRST_WAIT, LONGEST_WAIT, Recovery

USUAL = 24.0


def collapsed(share: float = 0.0) -> Recovery:
    """After a while at the usual rate, and two throttles at once; `share` of the calls since was throttled."""
    one = Recovery()
    one.used(USUAL, CONSTANTS.throttle_interval)
    one.throttled(USUAL)
    one.throttled(1.0)
    for number in range(10 * CALLS):
        one.count(throttled=number % 10 < share * 10)
    return one


def test_it_tries_the_usual_rate_after_some_quiet_and_not_before() -> None:
    one = collapsed()
    assert not one.is_due(1.0)
    one.used(1.0, FIRST_WAIT)
    assert one.is_due(1.0)
    assert one.begin() == USUAL


def test_a_quarter_of_the_usual_rate_is_no_collapse() -> None:
    one = collapsed()
    one.used(USUAL / 4, FIRST_WAIT)
    assert not one.is_due(USUAL / 4)


def test_a_rate_that_was_never_used_for_a_while_is_not_tried() -> None:
    one = Recovery()
    one.used(USUAL, CONSTANTS.throttle_interval / 4)
    one.throttled(USUAL)
    one.used(1.0, LONGEST_WAIT)
    assert not one.is_due(1.0)


def tried_in_vain(one: Recovery) -> float:
    """Seconds of quiet until the next try, which meets a throttle."""
    seconds = 0.0
    while not one.is_due(0.01):
        one.used(0.01, 1.0)
        seconds += 1.0
    one.begin()
    one.throttled(0.5)
    return seconds


def test_each_try_in_vain_makes_the_next_wait_longer_up_to_a_limit() -> None:
    one = collapsed(0.9)
    assert [tried_in_vain(one) for _ in range(6)] == [
        FIRST_WAIT,
        2 * FIRST_WAIT,
        4 * FIRST_WAIT,
        8 * FIRST_WAIT,
        LONGEST_WAIT,
        LONGEST_WAIT,
    ]
    one.used(0.5, LONGEST_WAIT)
    assert one.begin() == USUAL


def test_tries_in_vain_bring_the_usual_rate_down_where_few_calls_are_throttled() -> None:
    one = collapsed(0.1)
    for _ in range(3):
        tried_in_vain(one)
    assert one.begin() == USUAL / 8


def test_a_throttle_by_itself_says_what_is_usual() -> None:
    one = collapsed()
    one.used(10.0, CONSTANTS.throttle_interval)
    one.throttled(10.0)
    one.used(2.0, FIRST_WAIT)
    assert one.is_due(2.0)
    assert one.begin() == 10.0


def test_a_try_that_succeeded_starts_over() -> None:
    one = collapsed(0.9)
    tried_in_vain(one)
    one.used(1.0, LONGEST_WAIT)
    one.begin()
    one.succeeded()
    one.throttled(1.0)
    assert tried_in_vain(one) == FIRST_WAIT
