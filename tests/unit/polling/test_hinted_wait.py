"""How long it pays to go on with a session after a hint, learned from what that finds."""

from math import inf

from tests.support import ManualClock
from tests.unit.support.builders import a_session
from watcher.domain.hints import HintSource
from watcher.polling.hinted_wait import GOING_ON, HintedWait
from watcher.sessions.hint import Hint
from watcher.sessions.session import Session


def hinted(number: int, clock: ManualClock, source: HintSource = HintSource.MESSAGE) -> Session:
    session = a_session(number, clock)
    session.hint, session.dispatched_at = Hint(clock.monotonic(), source), clock.monotonic()
    session.on_the_way_at = clock.monotonic() - 5.0
    return session


def play(wait: HintedWait, session: Session, answers: int, *, is_found: bool) -> None:
    """So many answers that it is on its way; then, perhaps, its end."""
    for _ in range(answers):
        wait.learn(session, is_over=False)
        wait.after_answer(session)
        session.on_the_way_at = session.dispatched_at + 0.001
    if is_found:
        wait.learn(session, is_over=True)


def goes_on(wait: HintedWait, clock: ManualClock, source: HintSource = HintSource.MESSAGE) -> int:
    """How many of many sessions are polled on, after one answer since their hint."""
    sessions = [hinted(number, clock, source) for number in range(200)]
    for session in sessions:
        wait.after_answer(session)
    return sum(wait.after_answer(session) < inf for session in sessions)


def test_at_first_every_session_is_polled_on() -> None:
    assert goes_on(HintedWait(1.0, 10.0), ManualClock()) == 200


def test_waits_double_up_to_the_longest_interval() -> None:
    wait, session = HintedWait(1.0, 10.0), hinted(1, ManualClock())
    assert [wait.after_answer(session) for _ in range(7)] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, inf]


def test_after_many_false_hints_only_a_few_are_polled_on() -> None:
    """Those tell when hints are true again."""
    clock, wait = ManualClock(), HintedWait(1.0, 10.0)
    for number in range(100):
        play(wait, hinted(number, clock), 6, is_found=False)
    assert 0 < goes_on(wait, clock) <= 3 * 200 / GOING_ON.tried_anyway


def test_true_hints_are_believed_again() -> None:
    clock, wait = ManualClock(), HintedWait(1.0, 10.0)
    for number in range(100):
        play(wait, hinted(number, clock), 6, is_found=False)
    for number in range(2000):
        session = hinted(number, clock)
        wait.after_answer(session)
        if wait.after_answer(session) < inf:
            play(wait, hinted(number, clock), 2, is_found=True)
    assert goes_on(wait, clock) == 200


def test_hints_that_always_come_a_little_early_are_worth_going_on() -> None:
    clock, wait = ManualClock(), HintedWait(1.0, 10.0)
    for number in range(500):
        play(wait, hinted(number, clock), 3, is_found=True)
    assert goes_on(wait, clock) == 200


def test_the_first_hint_of_a_session_always_moves_a_poll() -> None:
    clock, wait = ManualClock(), HintedWait(1.0, 10.0)
    for number in range(100):
        play(wait, hinted(number, clock), 6, is_found=False)
    now = clock.monotonic()
    assert all(wait.accepts(a_session(number, clock), now, HintSource.MESSAGE) for number in range(50))


def test_false_hints_from_one_source_spoil_no_others() -> None:
    clock, wait = ManualClock(), HintedWait(1.0, 10.0)
    for number in range(100):
        play(wait, hinted(number, clock), 6, is_found=False)
    assert goes_on(wait, clock, HintSource.S3) == 200
    session = next(one for one in (hinted(number, clock) for number in range(50)) if not goes_on_with(wait, one))
    soon, later = clock.monotonic() + 0.5, clock.monotonic() + 1.0
    assert not wait.accepts(session, later, HintSource.MESSAGE)
    assert not wait.accepts(session, soon, HintSource.S3)
    assert wait.accepts(session, later, HintSource.S3)


def goes_on_with(wait: HintedWait, session: Session) -> bool:
    wait.after_answer(session)
    return wait.after_answer(session) < inf


def test_an_end_long_after_a_hint_proved_false_is_not_announced() -> None:
    clock, wait = ManualClock(), HintedWait(1.0, 10.0)
    session = hinted(1, clock)
    assert wait.is_announced(session)
    play(wait, session, 6, is_found=False)
    assert not wait.is_announced(session)
    assert session.hint is not None
    session.hint.repeat(session.on_the_way_at + 1.0, HintSource.MESSAGE)
    assert wait.is_announced(session)
