"""Hints move polls, and nothing else."""

import json
from collections import Counter
from itertools import pairwise

from tests.support import session_id
from tests.unit.support.builders import a_lease, a_session, live_answer, put_in
from tests.unit.support.polling import WAITING
from tests.unit.support.world import World
from watcher.domain.errors import Throttled
from watcher.domain.hints import HINTS, HintResult, HintSource
from watcher.domain.model import DecisionRules, SessionResult
from watcher.polling.hints import REMEMBERED
from watcher.polling.scheduler import Due
from watcher.rate_limit import TokenBucket
from watcher.sessions.session import Session

S3, REPLICA = HintSource.S3, HintSource.REPLICA
USED, REPEATED, UNKNOWN, LATE = HintResult.USED, HintResult.REPEATED, HintResult.UNKNOWN, HintResult.LATE


def waiting(world: World, number: int = 1, ahead: float = 100.0, policy: str = "default") -> Session:
    """A session that is polled next so many seconds ahead."""
    session = world.session(number, policy=policy)
    world.scheduler.add(session, world.clock.monotonic() + ahead)
    return session


def polled(world: World, seconds: float) -> list[tuple[float, str]]:
    """Every poll within these seconds: when, and of which session."""
    found, begun = [], world.clock.monotonic()
    while (left := begun + seconds - (now := world.clock.monotonic())) > 1e-6:
        due = world.scheduler.poll_next(now)
        if isinstance(due, Due):
            found.append((round(now - begun, 3), due.session.session_id))
            world.poller.poll_once(due)
        else:
            world.clock.advance(min(due, left))
    return found


def times(world: World, seconds: float) -> list[float]:
    return [at for at, _ in polled(world, seconds)]


def test_a_hint_polls_its_session_at_once_and_the_answer_decides() -> None:
    world = World(live_answer())
    session = waiting(world)
    world.clock.advance(20.0)
    assert world.hints.announce(session.session_id, S3) is USED
    assert times(world, 10.0) == [0.0]
    assert session.is_ended
    assert world.labelled("watcher_hints_total", source="s3", result="used") == 1


def test_after_a_hint_polls_follow_more_and_more_rarely_up_to_the_longest_interval() -> None:
    """Then the schedule without hints takes over: here, backoff at its longest."""
    world = World(WAITING)
    session = waiting(world)
    world.hints.announce(session.session_id, S3)
    gaps = [round(b - a, 3) for a, b in pairwise(times(world, 30.0))]
    assert gaps[:3] == [0.25, 0.5, 1.0]
    assert max(gaps) <= 10.0


def test_a_false_hint_decides_nothing_and_the_session_goes_on() -> None:
    world = World(WAITING, WAITING, WAITING, live_answer())
    session = waiting(world)
    world.hints.announce(session.session_id, S3)
    polled(world, 1.0)
    assert not session.is_ended
    polled(world, 10.0)
    assert session.is_ended


def test_a_hint_is_for_every_policy_of_its_session() -> None:
    world = World(live_answer(), live_answer(), policies={"payout": DecisionRules()})
    one, other = waiting(world), waiting(world, policy="payout")
    assert world.hints.announce(session_id(1), S3) is USED
    polled(world, 1.0)
    assert (one.is_ended, other.is_ended) == (True, True)


def test_a_hint_during_a_call_leads_to_another_one_at_once() -> None:
    world = World(WAITING, live_answer())
    session = waiting(world, ahead=0.0)
    due = world.scheduler.poll_next(world.clock.monotonic())
    assert isinstance(due, Due)
    world.clock.advance(0.1)
    assert world.hints.announce(session.session_id, S3) is USED
    world.poller.poll_once(due)
    assert times(world, 5.0) == [0.0]
    assert session.is_ended


def test_a_throttled_hinted_poll_keeps_its_place() -> None:
    world = World(Throttled("Rate exceeded"), live_answer())
    session = waiting(world)
    world.hints.announce(session.session_id, S3)
    assert len(times(world, 10.0)) == 2
    assert session.is_ended


def test_repeated_hints_move_a_poll_after_min_interval_and_then_after_twice_as_long_each_time() -> None:
    world = World(WAITING)
    session = waiting(world)
    used = []
    for tenth in range(1700):
        if world.hints.announce(session.session_id, S3) is USED:
            used.append(tenth / 10)
        polled(world, 0.1)
    assert [round(b - a) for a, b in pairwise(used)] == [1, 2, 4, 8, 16, 32, 64]
    assert world.labelled("watcher_hints_total", source="s3", result="repeated") == 1700 - len(used)


def test_a_flood_of_hints_for_a_session_costs_few_calls() -> None:
    calm, flooded = World(WAITING), World(WAITING)
    counts = []
    for world, is_flooded in ((calm, False), (flooded, True)):
        session = waiting(world, ahead=0.0)
        number = 0
        for _ in range(1700):
            if is_flooded:
                world.hints.announce(session.session_id, S3)
            number += len(polled(world, 0.1))
        counts.append(number)
    assert counts[0] < counts[1] <= counts[0] + 12


def test_hints_of_unknown_sessions_are_counted_and_remembered_for_their_message() -> None:
    world = World(live_answer())
    assert world.hints.announce(session_id(1), S3) is UNKNOWN
    session = put_in(world.in_flight, a_session(1, world.clock), a_lease(1))
    world.hints.admit(session, None)
    world.poller.admit(session)
    assert times(world, 1.0) == [0.0]
    assert [note["event"] for note in json.loads(session.history)] == ["hint", "poll"]
    assert world.labelled("watcher_hints_total", source="s3", result="unknown") == 1


def test_only_so_many_unknown_sessions_are_remembered() -> None:
    world = World()
    for number in range(REMEMBERED + 1000):
        world.hints.announce(session_id(number), S3)
    sessions = [a_session(number, world.clock) for number in (999, 1000)]
    for session in sessions:
        world.hints.admit(session, None)
    assert [session.hint is not None for session in sessions] == [False, True]


def test_hints_of_decided_sessions_are_late() -> None:
    world = World(live_answer())
    session = waiting(world, ahead=0.0)
    polled(world, 0.1)
    assert world.hints.announce(session.session_id, S3) is LATE
    world.in_flight.finish(session)
    assert world.hints.announce(session.session_id, S3) is LATE
    assert world.labelled("watcher_hints_total", source="s3", result="late") == 2


def test_another_replica_s_hint_counts_only_where_it_is_used() -> None:
    world = World(WAITING)
    waiting(world)
    results = [world.hints.announce(session_id(number), REPLICA) for number in (1, 1, 2)]
    assert results == [USED, REPEATED, UNKNOWN]
    counted = {
        result: world.labelled("watcher_hints_total", source="replica", result=result.value)
        for result in HINTS[REPLICA]
    }
    assert counted == {USED: 1, REPEATED: 1}


def test_every_result_of_each_source_counts_from_0() -> None:
    world = World()
    for source, results in HINTS.items():
        for result in results:
            assert world.labelled("watcher_hints_total", source=source.value, result=result.value) == 0


def test_hinted_polls_go_before_those_of_sessions_that_merely_may_have_ended() -> None:
    world = World(WAITING)
    world.scheduler.set_limiter(TokenBucket(1.0))
    for number in range(2, 40):
        waiting(world, number, ahead=0.0)
    world.clock.advance(5.0)
    hinted = waiting(world, 1)
    world.hints.announce(hinted.session_id, S3)
    assert hinted.session_id in [one for _, one in polled(world, 2.0)]


def test_hinted_polls_take_at_most_half_of_a_contended_rate() -> None:
    world = World(WAITING)
    world.scheduler.set_limiter(TokenBucket(10.0))
    others = {waiting(world, number, ahead=0.0).session_id for number in range(100, 400)}
    hinted = [waiting(world, number) for number in range(1, 100)]
    found: Counter[bool] = Counter()
    for _ in range(50):
        for session in hinted:
            world.hints.announce(session.session_id, S3)
        found.update(one in others for _, one in polled(world, 0.2))
    assert found[True] >= found[False] - 1
    assert found[False] > 30


def test_hinted_polls_never_go_before_the_final_poll_of_another_session() -> None:
    world = World(live_answer())
    world.scheduler.set_limiter(TokenBucket(1.0))
    last = waiting(world, 99, ahead=170.0)
    world.clock.advance(176.0)
    for number in range(1, 20):
        waiting(world, number)
        world.hints.announce(session_id(number), S3)
    polled(world, 4.0)
    assert last.is_ended
    assert isinstance(last.ending, SessionResult)


def test_an_abandoned_session_is_not_polled_for_a_hint() -> None:
    world = World(WAITING)
    session = waiting(world)
    world.in_flight.mark_lost(session.leases[0])
    assert world.hints.announce(session.session_id, S3) is UNKNOWN
    assert times(world, 5.0) == []


def test_made_up_ids_that_claim_to_be_complete_get_no_priority_while_aws_knows_few_of_the_ids() -> None:
    world = World(WAITING)
    for _ in range(20):
        world.scheduler.record_first_result(is_unknown=True)
    world.scheduler.set_limiter(TokenBucket(4.0))
    known = [world.session(number) for number in range(100, 140)]
    for session in known:
        session.record(WAITING)
        world.scheduler.add(session, world.clock.monotonic())
    for number in range(1, 60):
        waiting(world, number)
        world.hints.announce(session_id(number), S3)
    found = list[bool]()
    while len(found) < 32:
        due = world.scheduler.poll_next(world.clock.monotonic())
        if isinstance(due, Due):
            found.append(due.session in known)
        else:
            world.clock.advance(due)
    assert found.count(True) >= 16
