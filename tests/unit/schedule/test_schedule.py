import json
import random
from collections import defaultdict
from collections.abc import Hashable

import pytest

from tests.unit.schedule.sessions import PlannedSession, lasts, taught, teach
from watcher.schedule.constants import MIXTURE
from watcher.schedule.estimator import Mode
from watcher.schedule.schedule import Schedule

LEAST, MOST, FALLBACK = 1.0, 10.0, 2.5
ENOUGH = int(MIXTURE.enough * 1.2)
"""Ended sessions after which their durations are relied on."""


SHIFTED = {**json.loads(Schedule().dump())["all"], "even": True}
"""What is saved of a kind of session just after a shift."""


def fallback() -> float:
    return FALLBACK


SESSIONS: defaultdict[tuple[Schedule, Hashable], PlannedSession] = defaultdict(PlannedSession)
"""By their names here, with each schedule others."""


def wait(
    schedule: Schedule, age: float, *, kind: str = "default", stretch: float = 1.0, session: Hashable = "a"
) -> float:
    known = SESSIONS[schedule, session]
    return schedule.wait(known, kind, age, 1000.0, fallback=fallback, least=LEAST, most=MOST, stretch=stretch)


def first(schedule: Schedule, age: float) -> float:
    return schedule.first(PlannedSession(), "default", age, 1000.0 + age, least=LEAST, most=MOST)


def test_a_fresh_start_backs_off() -> None:
    schedule = Schedule()
    assert wait(schedule, 5.0) == FALLBACK
    assert first(schedule, 0.0) == 0.0
    assert schedule.state().mode is Mode.FRESH


def test_a_fresh_start_leaves_its_share_to_each_session_where_calls_are_scarce() -> None:
    schedule = Schedule(lambda: 2.0)
    waits = [wait(schedule, 1.0, session=number) for number in range(20)]
    assert waits[0] == FALLBACK
    assert waits[-1] > 9.0


def test_polls_are_dense_where_sessions_end_and_rare_where_they_do_not() -> None:
    schedule = taught()
    assert wait(schedule, 1.0) > 2 * wait(schedule, 18.0)
    assert wait(schedule, 120.0) > 2 * wait(schedule, 18.0)


def test_the_first_poll_waits_until_it_is_worth_a_call() -> None:
    schedule = taught()
    assert 3.0 < first(schedule, 0.0) < MOST


def test_a_session_that_is_told_of_late_has_been_worth_its_first_poll_for_so_long() -> None:
    schedule = taught()
    due = first(schedule, 0.0)
    assert first(schedule, 25.0) == pytest.approx(due - 25.0, rel=0.1)


@pytest.mark.parametrize("mode", [Mode.FRESH, Mode.EVEN])
def test_where_nothing_is_known_of_it_it_is_worth_it_from_now_on(mode: Mode) -> None:
    schedule = Schedule(lambda: 1.0)
    if mode is Mode.EVEN:
        schedule.load(json.dumps({**json.loads(schedule.dump()), "all": SHIFTED}))
    assert schedule.state().mode is mode
    assert first(schedule, 25.0) == 0.0


def test_waits_stay_within_their_bounds() -> None:
    schedule = taught()
    waits = [wait(schedule, age / 2, stretch=stretch) for age in range(358) for stretch in (0.5, 1.0, 1.5)]
    assert min(waits) == LEAST
    assert max(waits) == MOST


def test_where_calls_are_scarce_the_longest_wait_is_a_few_even_shares() -> None:
    schedule = taught(rate=5.0)
    waits = [wait(schedule, 100.0, session=number) for number in range(200)]
    assert MOST < waits[-1] <= MIXTURE.most_shares * 200 / 5.0 * 1.5


def test_chance_parts_sessions_that_came_together() -> None:
    schedule = taught()
    assert wait(schedule, 100.0, stretch=0.5) < wait(schedule, 100.0, stretch=0.9) < MOST


def test_without_spare_calls_everybody_waits_longer() -> None:
    plenty, scarce = taught(rate=100.0), taught(rate=1.0)
    for number in range(60):
        waited = [wait(schedule, 10.0, session=number) for schedule in (plenty, scarce)]
    assert waited[0] < waited[1] / 2


def test_after_a_shift_all_sessions_wait_alike() -> None:
    schedule = taught(rate=5.0)
    teach(schedule, 40, "default", median=50.0, never=0.0)
    assert schedule.state().mode is Mode.EVEN
    assert schedule.state().shifts == 1
    for number in range(50):
        wait(schedule, 10.0, session=number)
    assert wait(schedule, 3.0, session=0) == pytest.approx(wait(schedule, 60.0, session=0), rel=0.01)


def test_after_a_shift_without_a_known_rate_it_backs_off() -> None:
    schedule = taught()
    teach(schedule, 40, "default", median=50.0, never=0.0)
    assert schedule.state().mode is Mode.EVEN
    assert wait(schedule, 18.0) == FALLBACK


def test_a_kind_goes_by_its_own_durations_once_there_are_enough() -> None:
    schedule = Schedule()
    teach(schedule, 200, "slow", median=60.0)
    teach(schedule, int(MIXTURE.enough_of_a_kind * 1.5), "quick", median=8.0)
    teach(schedule, int(MIXTURE.enough_of_a_kind * 1.5), "slow", median=60.0)
    assert wait(schedule, 8.0, kind="quick") < wait(schedule, 8.0, kind="slow")
    assert wait(schedule, 60.0, kind="slow") < wait(schedule, 60.0, kind="quick")


def test_a_single_kind_is_learned_only_once() -> None:
    assert json.loads(taught(sessions=20).dump())["kinds"] == {}


def test_no_more_kinds_are_told_apart_than_memory_allows() -> None:
    schedule = Schedule()
    for number in range(3 * MIXTURE.most_kinds):
        schedule.record(f"kind-{number}", 1.0, 2.0, ended=False)
    assert len(json.loads(schedule.dump())["kinds"]) == MIXTURE.most_kinds


def test_what_is_saved_is_known_after_a_restart() -> None:
    before, after = taught(), Schedule()
    teach(before, 200, "quick", median=8.0)
    after.load(before.dump())
    assert after.state().mode is Mode.LEARNED
    assert after.state().median == pytest.approx(before.state().median, rel=0.01)
    assert wait(after, 8.0, kind="quick") == pytest.approx(wait(before, 8.0, kind="quick"), rel=0.01)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"form": 2, "bins": 1}', "nonsense", '{"form": 1, "bins": 94, "all": {}, "kinds": {}}']
)
def test_what_cannot_be_read_is_refused_and_changes_nothing(text: str) -> None:
    schedule = taught(sessions=100)
    before = schedule.dump()
    with pytest.raises(ValueError, match="what was learned can't be read"):
        schedule.load(text)
    assert schedule.dump() == before


def test_the_state_tells_what_was_learned() -> None:
    state = taught(never=0.3).state()
    assert state.mode is Mode.LEARNED
    assert state.unfinished == pytest.approx(0.3, abs=0.08)
    assert state.sessions > 150
    assert state.p90 == float("inf")


def test_a_slow_call_is_not_a_late_one() -> None:
    """Calls that begin late show that there are too few: a share of them is kept for the backlog."""

    def last_wait(took: float) -> float:
        schedule, session, waits = Schedule(lambda: 0.2), PlannedSession(), list[float]()
        for number in range(60):
            now = 1000.0 + number * 30
            waits.append(
                schedule.wait(
                    session, "default", 10.0, now, fallback=fallback, least=LEAST, most=MOST, begun=now - took
                )
            )
        return waits[-1]

    assert last_wait(29.0) == pytest.approx(1 / 0.2)
    assert last_wait(0.0) > 1.25 / 0.2


def test_a_session_that_is_over_no_longer_counts() -> None:
    schedule = taught(rate=5.0)
    for number in range(100):
        wait(schedule, 10.0, session=number)
    crowded = wait(schedule, 10.0, session="last")
    for number in range(100):
        schedule.forget(SESSIONS[schedule, number])
    assert wait(schedule, 10.0, session="last") < crowded / 2


def test_a_kind_that_has_shifted_does_not_go_by_what_is_known_of_all() -> None:
    schedule = Schedule(lambda: 5.0)
    teach(schedule, 300)
    teach(schedule, 300, "other")
    known = json.loads(schedule.dump())
    schedule.load(json.dumps({**known, "kinds": {**known["kinds"], "other": SHIFTED}}))
    for number in range(50):
        wait(schedule, 10.0, session=number)
    waits = [wait(schedule, age, kind="other", session=0) for age in (3.0, 18.0, 60.0)]
    assert waits == pytest.approx([waits[0]] * 3, rel=0.01)


def test_the_crowd_of_a_fresh_start_is_priced_as_soon_as_enough_is_known() -> None:
    schedule = Schedule(lambda: 25.0)
    for number in range(200):
        wait(schedule, 1.0, session=number)
    teach(schedule, 100, "default")
    wait(schedule, 10.0, session=0)
    assert schedule.state().threshold > 0.3


def test_what_many_polls_see_in_a_moment_is_taken_in_together_and_nothing_of_it_is_lost() -> None:
    schedule, alone = Schedule(), Schedule()
    for number in range(ENOUGH):
        schedule.record("default", 5.0, 6.0, ended=True, now=10.0 + number / 10_000)
        alone.record("default", 5.0, 6.0, ended=True)
    assert wait(schedule, 5.0) == FALLBACK  # of all these, only the first is known so far
    assert schedule.state().sessions == pytest.approx(alone.state().sessions)
    assert wait(schedule, 5.0) == wait(alone, 5.0) != FALLBACK


def test_what_a_poll_now_and_then_sees_is_taken_in_at_once() -> None:
    schedule = Schedule()
    for number in range(ENOUGH):
        schedule.record("default", 5.0, 6.0, ended=True, now=10.0 + number * MIXTURE.taken_in_every * 1.01)
    assert wait(schedule, 5.0) != FALLBACK


def test_what_was_learned_before_takes_the_place_of_what_was_just_seen() -> None:
    known, schedule = taught(), Schedule()
    schedule.record("default", 5.0, 6.0, ended=True, now=10.0)
    schedule.record("default", 5.0, 6.0, ended=True, now=10.01)
    schedule.load(known.dump())
    assert schedule.dump() == known.dump()


def announce(schedule: Schedule, number: int, kind: str = "default", share: float = 1.0) -> None:
    """So many sessions, polled at a few ages. A share of the ends is announced, 0.3 s later."""
    chance = random.Random(number)
    for _ in range(number):
        end, is_announced, low = lasts(chance), chance.random() < share, 0.0
        for age in (12.0, 20.0, 30.0, 45.0, 80.0, 179.0):
            if is_announced and end + 0.3 < age:
                schedule.record(kind, low, end + 0.3, ended=True, is_announced=True)
                break
            schedule.record(kind, low, age, ended=end < age)
            if end < age:
                break
            low = age


def test_where_most_ends_are_announced_a_session_without_a_hint_is_polled_less() -> None:
    without, hinted = taught(), taught()
    announce(hinted, 500, share=0.95)
    assert wait(hinted, 20.0) > 2 * wait(without, 20.0)
    assert hinted.state().announced == pytest.approx(0.95, abs=0.06)
    assert without.state().announced == 0.0


def test_the_longest_wait_grows_with_the_announced_share() -> None:
    schedule = taught()
    announce(schedule, 750)
    assert wait(schedule, 60.0) > 30.0


def test_each_kind_has_its_own_share() -> None:
    schedule = Schedule()
    for _ in range(5):
        announce(schedule, 100, "one", share=0.95)
        announce(schedule, 100, "other", share=0.0)
    assert wait(schedule, 20.0, kind="one") > 1.5 * wait(schedule, 20.0, kind="other", session=1)


def test_the_announced_share_survives_a_restart_and_an_older_state_has_none() -> None:
    known, schedule, older = taught(), Schedule(), Schedule()
    announce(known, 500, share=0.95)
    schedule.load(known.dump())
    assert schedule.state().announced == pytest.approx(known.state().announced, abs=1e-3)
    state = json.loads(known.dump())
    del state["all"]["announced"]
    older.load(json.dumps(state))
    assert older.state().announced == 0.0


def test_hints_are_not_taken_for_a_shift() -> None:
    """Announced ends are seen at once, sessions that last only with their next poll."""
    schedule = taught()
    announce(schedule, 1500, share=0.95)
    assert schedule.state().shifts == 0


def test_a_late_hint_counts() -> None:
    schedule = taught()
    announce(schedule, 300, share=0.9)
    before = schedule.state().announced
    schedule.record_late_hint("default", 10.0, 18.0, 18.2)
    assert schedule.state().announced > before
