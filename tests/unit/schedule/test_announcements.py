"""Which share of ends is announced, and how late."""

import math
import random

import pytest

from tests.unit.schedule.sessions import lasts
from watcher.schedule.announcements import Announcements
from watcher.schedule.constants import HINTS


def see(
    known: Announcements, number: int, share: float, *, delay: float = 0.35, interval: float = 8.0, begin: float = 0.0
) -> float:
    """So many sessions end, one each second, polled at this interval; a share of them is announced, later or sooner.

    Returns when the last one was over.
    """
    chance = random.Random(number)
    now = begin
    for _ in range(number):
        now += 1.0
        end = lasts(chance, never=0.0)
        first_poll = end + chance.uniform(0.0, interval)
        hint = end + chance.expovariate(1 / delay) if chance.random() < share else math.inf
        low = max(0.0, first_poll - interval)
        if hint < first_poll:
            known.announced(low, hint)
            known.count_overdue(now)
            continue
        known.unannounced(now)
        if hint < math.inf:
            known.late(low, first_poll, hint)
    return now


def test_without_any_hint_the_share_stays_exactly_0() -> None:
    known = Announcements()
    see(known, 500, 0.0)
    assert known.share == 0.0


@pytest.mark.parametrize("share", [0.3, 0.7, 0.9, 0.95])
def test_the_share_is_learned(share: float) -> None:
    known = Announcements()
    see(known, 1000, share)
    assert known.share == pytest.approx(share, abs=0.07)


def test_it_is_never_taken_for_certain_that_a_hint_will_come() -> None:
    known = Announcements()
    see(known, 5000, 1.0)
    assert 0.98 < known.share <= HINTS.most_share < 1.0


def test_that_hints_have_stopped_is_noticed_within_30_ends() -> None:
    known = Announcements()
    see(known, 30, 0.0, begin=see(known, 1000, 0.95))
    assert known.share < 0.15


def test_that_hints_have_begun_is_noticed_within_30_ends() -> None:
    known = Announcements()
    see(known, 30, 1.0, begin=see(known, 1000, 0.0))
    assert known.share > 0.8


def test_a_change_is_reported_when_it_is_noticed() -> None:
    known = Announcements()
    now = see(known, 1000, 0.95)
    assert any(known.unannounced(now + second) for second in range(20))


def test_a_hint_after_the_poll_that_found_the_end_still_counts() -> None:
    """Polls as often as hints are late: half of the ends are found first."""
    known = Announcements()
    see(known, 2000, 0.9, interval=0.5)
    assert known.share == pytest.approx(0.9, abs=0.08)


@pytest.mark.parametrize("delay", [0.2, 0.5, 1.5])
def test_the_delay_is_learned(delay: float) -> None:
    known = Announcements()
    see(known, 3000, 0.95, delay=delay, interval=3.0)
    assert known.lateness == pytest.approx(delay, rel=0.4)


def test_hints_that_come_very_late_do_not_count_for_more_than_the_limit() -> None:
    known = Announcements()
    for _ in range(1000):
        known.late(10.0, 11.0, 170.0)
    assert known.lateness <= HINTS.most_lateness
    assert known.share <= 1.0


def test_what_is_known_survives_a_restart() -> None:
    known, later = Announcements(), Announcements()
    see(known, 1000, 0.9)
    later.load(known.dump())
    assert later.dump() == known.dump()


@pytest.mark.parametrize(
    "damaged",
    [
        {"share": 1.1},
        {"share": -0.1},
        {"share": "x"},
        {"share": float("nan")},
        {"ends": 0.0},
        {"ends": 1e9},
        {"lateness": 0.0},
        {"lateness": None},
    ],
)
def test_a_damaged_state_is_refused(damaged: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Announcements().load(Announcements().dump() | damaged)


def test_an_end_counts_as_unannounced_only_once_its_hint_can_hardly_come_any_more() -> None:
    known = Announcements()
    see(known, 1000, 0.95)
    before = known.share
    known.unannounced(5000.0)
    assert known.share == before
    known.count_overdue(5000.0 + HINTS.overdue * known.lateness)
    assert known.share < before


def test_a_hint_that_comes_after_that_still_counts() -> None:
    known = Announcements()
    see(known, 1000, 0.9)
    known.unannounced(math.inf)
    before = known.share
    known.late(10.0, 18.0, 30.0)
    assert known.share > before
