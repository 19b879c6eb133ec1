from collections import defaultdict

import pytest

from tests.unit.schedule.sessions import PlannedSession
from watcher.schedule.age_bins import BINS
from watcher.schedule.constants import DELAY_COST
from watcher.schedule.delay_threshold import DelayThreshold
from watcher.schedule.survival import SurvivalCurve

CONSTANT = SurvivalCurve([0.05] * BINS)


def settle(sessions: int, rate: float, seconds: int = 200) -> tuple[DelayThreshold, float]:
    """Sessions that are polled when due for ever; the threshold, and the calls a second of the last half."""
    threshold, now, calls = DelayThreshold(), 0.0, 0
    due, waiting = dict.fromkeys(range(sessions), 0.0), defaultdict[int, PlannedSession](PlannedSession)
    for _ in range(seconds * 10):
        now += 0.1
        for session, at in due.items():
            if at <= now:
                threshold.polled(waiting[session], now)
                interval = max(0.2, CONSTANT.next_poll_age(0.0, threshold.fit(rate)))
                threshold.planned(waiting[session], now, interval)
                due[session] = now + interval
                calls += now > seconds / 2
    return threshold, calls / (seconds / 2)


def test_the_sessions_in_flight_ask_for_the_calls_that_there_are() -> None:
    _, calls = settle(100, 25.0)
    assert calls == pytest.approx(25.0 * DELAY_COST.used, rel=0.04)


def test_more_sessions_make_a_call_dearer() -> None:
    assert settle(200, 25.0)[0].value > settle(50, 25.0)[0].value


def test_where_calls_abound_the_threshold_is_the_least() -> None:
    threshold, _ = settle(5, 1000.0)
    assert threshold.value == DELAY_COST.least


def test_without_a_known_rate_a_call_has_a_fixed_price() -> None:
    threshold = DelayThreshold()
    threshold.planned(PlannedSession(), 0.0, 1.0)
    assert threshold.fit(0.0) == DELAY_COST.unlimited
    assert threshold.fair_interval(0.0) == 0.0


def test_a_thousand_that_come_together_are_felt_at_once() -> None:
    threshold = DelayThreshold()
    for _ in range(1000):
        threshold.planned(PlannedSession(), 0.0, max(1.0, CONSTANT.next_poll_age(0.0, threshold.fit(25.0))))
    assert threshold.value > 0.5


def test_a_crowd_that_cannot_be_served_never_prices_calls_beyond_the_upper_bound() -> None:
    threshold = DelayThreshold()
    for _ in range(10_000):
        threshold.planned(PlannedSession(), 0.0, 1.0)
        threshold.fit(1.0)
    assert threshold.value == DELAY_COST.most


def test_lag_counts_as_rate_that_is_missing_but_not_without_bound() -> None:
    threshold, late = DelayThreshold(), PlannedSession()
    assert threshold.spare(10.0) == pytest.approx(10.0 * DELAY_COST.used)
    for number in range(200):
        threshold.planned(late, number * 100.0, 1.0)
        threshold.polled(late, number * 100.0 + 51.0)
    assert threshold.spare(10.0) == pytest.approx(10.0 * DELAY_COST.used * (1 - DELAY_COST.lag_share))


def test_a_forgotten_session_asks_for_nothing() -> None:
    threshold, a, b = DelayThreshold(), PlannedSession(), PlannedSession()
    threshold.planned(a, 0.0, 2.0)
    threshold.planned(b, 0.0, 2.0)
    threshold.forget(a)
    threshold.forget(a)
    assert threshold.in_flight == 1
    threshold.forget(b)
    assert threshold.fit(1.0) == DELAY_COST.least


def test_a_session_of_many_that_is_forgotten_takes_its_share_of_the_calls_along() -> None:
    threshold, sessions = DelayThreshold(), [PlannedSession() for _ in range(50)]
    for session in sessions:
        threshold.planned(session, 0.0, 2.25)
    before = threshold.fit(1.0)
    for session in sessions[:25]:
        threshold.forget(session)
    assert threshold.fit(1.0) == pytest.approx(before / 4)


def test_a_session_that_was_dropped_and_is_polled_at_last_is_neither_late_nor_counted_twice() -> None:
    threshold, lost = DelayThreshold(), PlannedSession()
    threshold.planned(lost, 0.0, 2.0)
    threshold.planned(PlannedSession(), 200.0, 2.0)
    threshold.polled(lost, 200.0)
    threshold.planned(lost, 200.0, 2.0)
    assert threshold.spare(10.0) == 10.0 * DELAY_COST.used
    assert threshold.in_flight == 2


def test_sessions_that_nobody_polls_any_more_are_dropped_in_time() -> None:
    threshold, kept = DelayThreshold(), PlannedSession()
    threshold.planned(PlannedSession(), 0.0, 2.0)
    threshold.planned(kept, 100.0, 2.0)
    threshold.planned(kept, 200.0, 2.0)
    assert threshold.in_flight == 1


def test_what_is_overdue_does_not_make_the_others_wait_longer() -> None:
    threshold = DelayThreshold()
    for _ in range(100):
        threshold.planned(PlannedSession(), 0.0, 2.0)
    threshold.planned(PlannedSession(), 10.0, 2.0)
    assert threshold.fit(1.0) == pytest.approx(threshold.value)
    alone = DelayThreshold()
    alone.planned(PlannedSession(), 10.0, 2.0)
    assert threshold.fit(1.0) == pytest.approx(alone.fit(1.0))


def test_the_first_threshold_is_the_one_that_lasts() -> None:
    threshold = DelayThreshold()
    for _ in range(100):
        threshold.planned(PlannedSession(), 0.0, 1.0)
    threshold.start(CONSTANT, 25.0)
    wanted = threshold.spare(25.0) / 100 * CONSTANT.lived
    assert CONSTANT.calls(threshold.value, 1e9) == pytest.approx(wanted, rel=0.05)
    assert threshold.fit(25.0) == pytest.approx(threshold.value, rel=1e-6)


def test_even_shares_divide_the_rate_by_the_sessions() -> None:
    threshold = DelayThreshold()
    for _ in range(50):
        threshold.planned(PlannedSession(), 0.0, 5.0)
    assert threshold.fair_interval(25.0) == pytest.approx(2.0 / DELAY_COST.used)
