import pytest

from watcher.simulator.quota import Quota, QuotaBucket, QuotaTable
from watcher.simulator.wire import CREATE, GET, THROTTLING, THROUGHPUT_EXCEEDED


def passed(bucket: QuotaBucket, now: float, calls: int) -> int:
    return sum(bucket.take(now) for _ in range(calls))


def test_a_bucket_lets_its_burst_through_and_then_its_rate() -> None:
    bucket = QuotaBucket(rate=5, burst=None, now=0.0)
    assert passed(bucket, 0.0, 20) == 5
    assert passed(bucket, 0.2, 20) == 1
    assert passed(bucket, 1.2, 20) == 5
    assert passed(bucket, 100.0, 20) == 5


def test_a_rate_below_one_still_lets_a_call_through_at_times() -> None:
    bucket = QuotaBucket(rate=0.5, burst=None, now=0.0)
    assert [bucket.take(now) for now in (0.0, 1.9, 2.0)] == [True, False, True]


def test_rate_zero_is_no_limit() -> None:
    assert passed(QuotaBucket(rate=0, burst=1, now=0.0), 0.0, 1000) == 1000


def test_a_clock_read_out_of_order_by_two_threads_makes_no_tokens() -> None:
    bucket = QuotaBucket(rate=1, burst=1, now=10.0)
    assert [bucket.take(now) for now in (10.0, 9.0, 10.5, 11.0)] == [True, False, False, True]


def test_each_operation_has_its_own_quota() -> None:
    table = QuotaTable([Quota(GET, rate=1), Quota(CREATE, rate=2, error=THROTTLING)], started_at=0.0)
    assert [table.refuse(GET, 0.0) for _ in range(2)] == [None, THROUGHPUT_EXCEEDED]
    assert [table.refuse(CREATE, 0.0) for _ in range(3)] == [None, None, THROTTLING]


def test_an_operation_without_a_quota_is_not_limited() -> None:
    table = QuotaTable([Quota(CREATE, rate=1)], started_at=0.0)
    assert {table.refuse(GET, 0.0) for _ in range(100)} == {None}


@pytest.mark.parametrize(("time_scale", "change_at"), [(1.0, 60.0), (10.0, 6.0)])
def test_a_later_quota_replaces_an_earlier_one_in_its_time(time_scale: float, change_at: float) -> None:
    quotas = [Quota(GET, rate=1, after=60), Quota(GET, rate=0)]
    table = QuotaTable(quotas, started_at=100.0, time_scale=time_scale)
    before, then = 100.0 + change_at - 0.1, 100.0 + change_at
    assert {table.refuse(GET, before) for _ in range(9)} == {None}
    assert [table.refuse(GET, then) for _ in range(2)] == [None, THROUGHPUT_EXCEEDED]


def test_a_quota_set_by_hand_holds_at_once_and_cancels_what_was_planned() -> None:
    table = QuotaTable([Quota(GET, rate=1), Quota(GET, rate=1, after=5)], started_at=0.0)
    table.replace(Quota(GET, rate=0), now=1.0)
    assert {table.refuse(GET, 10.0) for _ in range(9)} == {None}
