"""Throttling that is partial, comes as a 500, or meets a rate that is set."""

import random

import pytest
from botocore.exceptions import ClientError

from tests.support import ManualClock
from tests.unit.rate_limit.caller import Caller
from tests.unit.support.heaps import scheduler
from watcher.domain.errors import Throttled
from watcher.rate_limit import TokenBucket, limiter_for
from watcher.rekognition.errors import translate


def reported(throttled: int, served: int, max_rate: float = 0.0) -> str:
    """What readiness says after these calls, evenly mixed, with the limiter of a fixed rate or an adaptive one."""
    clock = ManualClock()
    heap = scheduler(clock, limiter_for(max_rate, "us-east-1"))
    calls = [True] * throttled + [False] * served
    random.Random(1).shuffle(calls)
    for is_throttled in calls:
        heap.record_result(throttled=is_throttled)
        clock.advance(0.45)
    return heap.throttling()


def test_a_throttle_with_http_500_lowers_the_rate_as_any_other() -> None:
    response = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
    fault = translate(ClientError(response, "GetFaceLivenessSessionResults"))
    caller = Caller()
    caller.call(throttled=isinstance(fault, Throttled))
    assert caller.rate < 25.0


@pytest.mark.parametrize(("throttled", "served"), [(12, 8), (20, 0)])
def test_most_calls_throttled_is_reported(throttled: int, served: int) -> None:
    assert f"{throttled} of 20 calls in the last 10 s" in reported(throttled, served)


def test_a_third_of_the_calls_throttled_is_not_reported() -> None:
    assert reported(6, 14) == ""


@pytest.mark.parametrize("seconds", [10.0, 60.0])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("start", [5.0, 25.0])
def test_throttles_that_no_rate_avoids_slow_calls_and_are_soon_forgotten(
    share: float, seconds: float, start: float
) -> None:
    caller, chance = Caller(start), random.Random(1)
    caller.call_for(60.0)
    until = caller.now + seconds
    while caller.now < until:
        caller.call(throttled=chance.random() < share)
    assert 0.1 <= caller.rate < start
    caller.call_for(30.0)
    assert caller.rate >= 0.8 * start


def test_a_rate_that_is_set_stays_as_it_is_and_is_reported() -> None:
    assert reported(20, 0, max_rate=8.0).endswith("calling at 8/s")
    bucket = TokenBucket(8.0)
    for number in range(100):
        bucket.on_response(1000.0 + number, throttled=True)
    assert bucket.rate == 8.0
