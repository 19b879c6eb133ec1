"""An outage that is over costs nobody: scheduler, learned policy and rate together, in virtual time."""

import random

import pytest

from tests.benchmarks.schedule_ideal import KEPT, Durations
from tests.benchmarks.schedule_strategies import LEARNED
from tests.benchmarks.schedule_world import TIMEOUT, Outage, Run, ScriptedSession, Traffic, run
from watcher.rate_limit import AdaptiveRate

BEGIN = 120.0
"""Seconds of traffic before the outage: nearly as many sessions wait as ever will, and the schedule has learned."""

LEFT = 30.0
"""Seconds that a session has left when the outage ends, at least."""

DURATIONS = Durations(60.0, 0.5, 0.1)
"""A median of a minute: more sessions wait at once than with the usual 20 s."""


def run_with(outage: Outage, quota: float, per_second: float) -> Run:
    plan = Traffic(outage.end, per_second, DURATIONS)
    return run(plan, LEARNED.policy, AdaptiveRate(quota, random.Random(7).random), quota, outage=outage)


def has_time_left(session: ScriptedSession, outage: Outage) -> bool:
    return session.born + TIMEOUT >= outage.end + LEFT and session.ends < session.born + KEPT


@pytest.mark.parametrize("seconds", [10.0, 60.0])
@pytest.mark.parametrize(("quota", "per_second"), [(25.0, 4.0), (25.0, 10.0), (5.0, 0.8)])
def test_no_session_with_30_s_left_times_out_because_of_an_outage_that_is_over(
    quota: float, per_second: float, seconds: float
) -> None:
    outage = Outage(BEGIN, BEGIN + seconds)
    result = run_with(outage, quota, per_second)
    concerned = [session for session in result.sessions if has_time_left(session, outage)]
    assert len(concerned) > 30
    assert result.throttled > seconds * quota / 20  # the outage was felt
    assert [session for session in concerned if session.timed_out] == []


def test_an_outage_that_takes_all_of_a_sessions_time_does_time_it_out() -> None:
    outage = Outage(BEGIN, BEGIN + TIMEOUT + 30.0)
    result = run_with(outage, 5.0, 0.8)
    gone = [one for one in result.sessions if outage.begin <= one.born < one.born + TIMEOUT < outage.end]
    assert gone
    assert all(session.timed_out for session in gone)
