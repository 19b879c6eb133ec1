import pytest

from tests.support import ManualClock
from tests.unit.schedule.sessions import taught
from tests.unit.support.builders import a_session
from watcher.polling.learned_wait import LearnedWait
from watcher.schedule import Schedule


def after(seconds: float, jitter: float, chosen: float) -> tuple[float, list[tuple[float, float]]]:
    """The wait after an answer at this age, and between which factors chance was asked to choose."""
    clock, asked = ManualClock(), []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return chosen

    learned = LearnedWait(schedule=taught(), clock=clock, minimum=0.1, maximum=99, jitter=jitter, uniform=uniform)
    session = a_session(1, clock)
    clock.advance(seconds)
    return learned.after_answer(session, fallback=lambda: 3.0), asked


def test_jitter_is_around_what_is_best() -> None:
    best, _ = after(100.0, 0.0, 1.0)
    early, asked = after(100.0, 0.2, 0.9)
    assert asked == [(0.9, 1.1)]
    assert early == pytest.approx(0.9 * best)


def test_until_enough_is_known_the_fallback_waits() -> None:
    clock = ManualClock()
    learned = LearnedWait(schedule=Schedule(), clock=clock, minimum=1, maximum=10, jitter=0.0)
    session = a_session(1, clock)
    assert learned.first(session) == 0.0
    clock.advance(18.0)
    assert learned.after_answer(session, fallback=lambda: 3.0) == 3.0
