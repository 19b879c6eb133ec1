import pytest

from tests.support import ManualClock, decision
from tests.unit.support.builders import a_session
from watcher.delivery.pending import FIRST_PAUSE, PendingDelivery
from watcher.delivery.quarantine import ATTEMPTS, LONGEST_PAUSE, REJECTIONS, SHARE, Quarantine, Ruling
from watcher.domain.event_result import EventResult, failed, rejected

CLOCK = ManualClock()
FAILED, REJECTED, TOO_LARGE = failed("500"), rejected("422"), rejected("413", is_final=True)
RETRY, QUARANTINED, GIVEN_UP = Ruling


def a_pending(number: int = 1) -> PendingDelivery:
    return PendingDelivery(a_session(number, CLOCK), decision(number))


def rulings(*steps: EventResult | None, quarantine: Quarantine | None = None) -> list[Ruling]:
    """What each failure of one event leads to; None: the sink delivers another event."""
    quarantine, pending, found = quarantine or Quarantine(), a_pending(), list[Ruling]()
    for step in steps:
        if step is None:
            quarantine.record_delivery()
        else:
            found.append(quarantine.record_failure(pending, step, 0.0))
            quarantine.take_due(1e9, 9)
    return found


def test_a_failure_says_nothing_about_the_event_however_often_while_nothing_else_is_delivered() -> None:
    assert set(rulings(None, *[FAILED] * 100)) == {RETRY}


def test_a_second_failure_does_if_the_sink_has_delivered_another_event_in_between() -> None:
    assert rulings(FAILED, None, FAILED) == [RETRY, QUARANTINED]


def test_each_failure_needs_a_delivery_of_its_own() -> None:
    told = rulings(FAILED, None, FAILED, FAILED, None, FAILED, FAILED, None, FAILED)
    assert told == [RETRY, QUARANTINED, RETRY, QUARANTINED, RETRY, QUARANTINED]


def test_a_rejection_quarantines_at_once() -> None:
    assert rulings(REJECTED) == [QUARANTINED]


def test_a_final_rejection_is_the_last() -> None:
    assert rulings(TOO_LARGE) == [GIVEN_UP]
    assert rulings(FAILED, None, FAILED, TOO_LARGE) == [RETRY, QUARANTINED, GIVEN_UP]


def attempts_until_given_up(result: EventResult, *, with_others: bool) -> int:
    others = [None] if with_others else []
    told = rulings(*[step for _ in range(100) for step in (result, *others)])
    return [ruling for ruling in told if ruling is not RETRY].index(GIVEN_UP) + 1


def test_a_rejection_counts_sooner_if_the_sink_delivers_others() -> None:
    assert attempts_until_given_up(REJECTED, with_others=True) == REJECTIONS
    assert attempts_until_given_up(REJECTED, with_others=False) == ATTEMPTS


def test_an_event_that_only_fails_is_given_up_last() -> None:
    assert attempts_until_given_up(FAILED, with_others=True) == ATTEMPTS


def test_pauses_double_up_to_the_longest() -> None:
    quarantine, pending, pauses = Quarantine(), a_pending(), list[float | None]()
    for _ in range(9):
        quarantine.record_failure(pending, REJECTED, 100.0)
        pauses.append(quarantine.seconds_until_due(100.0))
        quarantine.take_due(1000.0, 10)
    assert pauses == [FIRST_PAUSE * 2**n for n in range(6)] + [LONGEST_PAUSE] * 3


def quarantined(quarantine: Quarantine, *at: float) -> list[PendingDelivery]:
    pending = [a_pending(number) for number in range(len(at))]
    for each, now in zip(pending, at, strict=True):
        quarantine.record_failure(each, REJECTED, now)
    return pending


def test_those_that_are_due_are_taken_and_no_more_than_asked_for() -> None:
    quarantine = Quarantine()
    assert quarantine.seconds_until_due(0.0) is None
    pending = quarantined(quarantine, 0.0, 1.0, 2.0, 3.0)
    now = FIRST_PAUSE + 1.5
    assert quarantine.take_due(now, 1) == pending[:1]
    assert quarantine.take_due(now, 5) == pending[1:2]
    assert quarantine.take_due(now, 5) == []
    assert (quarantine.seconds_until_due(now), len(quarantine)) == (0.5, 2)


def test_of_those_that_are_due_what_was_not_tried_is_first_again() -> None:
    quarantine = Quarantine()
    pending = quarantined(quarantine, 0.0, 0.0, 0.0, 0.0)
    quarantine.put_back(quarantine.take_due(100.0, 3)[1:])
    assert quarantine.take_due(100.0, 2) == pending[1:3]


def test_they_may_interrupt_others_for_a_share_of_the_time() -> None:
    quarantine = Quarantine()
    assert quarantine.may_interrupt(0.0)
    quarantine.record_time(10.0, 14.0)
    assert not quarantine.may_interrupt(25.9)
    assert quarantine.may_interrupt(14.0 + 4.0 * (1 - SHARE) / SHARE)


def test_one_whose_leases_are_lost_is_dropped() -> None:
    quarantine = Quarantine()
    (pending,) = quarantined(quarantine, 0.0)
    pending.session.is_abandoned = True
    assert quarantine.take_due(100.0, 5) == []
    assert quarantine.seconds_until_due(0.0) is None


@pytest.mark.parametrize("asks", [1, 3])
def test_asking_changes_nothing(asks: int) -> None:
    quarantine = Quarantine()
    quarantined(quarantine, 0.0)
    told = [(len(quarantine), quarantine.may_interrupt(5.0), quarantine.seconds_until_due(0.5)) for _ in range(asks)]
    assert told == [(1, True, 0.5)] * asks
