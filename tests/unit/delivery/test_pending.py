import pytest

from tests.support import ManualClock, decision
from tests.unit.builders import a_watch
from watcher.delivery.pending import FIRST_REST, LAST_TRY, LONGEST_REST, SHARE, TRIES, Parcel, Suspects, Waiting
from watcher.errors import Refusal

CLOCK = ManualClock()


def a_parcel(number: int = 1) -> Parcel:
    return Parcel(a_watch(number, CLOCK), decision(number))


def test_the_first_refusal_says_nothing_of_the_event() -> None:
    assert not a_parcel().is_suspect(3, 4)


@pytest.mark.parametrize(("successes", "suspect"), [(3, False), (4, True)])
def test_a_second_one_does_if_the_sink_has_taken_others(successes: int, suspect: bool) -> None:
    parcel = a_parcel()
    parcel.is_suspect(3, 3)
    assert parcel.is_suspect(successes, successes) is suspect


def test_what_was_taken_together_with_the_first_refusal_counts() -> None:
    parcel = a_parcel()
    parcel.is_suspect(3, 4)
    assert parcel.is_suspect(4, 4)


def test_each_failure_needs_others_that_were_taken_since_the_one_before_it() -> None:
    parcel = a_parcel()
    told = [parcel.is_suspect(before, after) for before, after in [(3, 4), (4, 4), (4, 4), (5, 5), (5, 5), (5, 6)]]
    assert told == [False, True, False, True, False, True]


def tries_of(refusal: Refusal | None, *, successes: int) -> int:
    """Refusals until it is hopeless, of a parcel whose sink had taken something of 3 batches before the first."""
    parcel, tries = a_parcel(), 1
    parcel.is_suspect(3, successes)
    while not parcel.is_hopeless(refusal, successes):
        tries += 1
    return tries


def test_a_certain_refusal_is_the_last_whatever_the_sink_takes() -> None:
    assert tries_of(Refusal("too large", is_certain=True), successes=3) == 1


def test_another_refusal_counts_sooner_if_the_sink_takes_others() -> None:
    refusal = Refusal("422", is_certain=False)
    assert tries_of(refusal, successes=4) == TRIES
    assert tries_of(refusal, successes=3) == LAST_TRY


def test_an_event_that_fails_without_a_word_against_it_is_given_up_last() -> None:
    assert tries_of(None, successes=4) == LAST_TRY


def test_a_trial_is_with_the_first_that_was_never_refused_and_the_others_keep_their_order() -> None:
    waiting, parcels = Waiting(), [a_parcel(number) for number in range(5)]
    for parcel in (*parcels[:2], parcels[4]):
        parcel.is_suspect(0, 0)
    waiting.add(parcels)
    assert waiting.take_trial() == parcels[2:3]
    assert waiting.take_trial() == parcels[3:4]
    assert waiting.take_trial() == parcels[:1]
    assert waiting.take(5) == [parcels[1], parcels[4]]
    assert (waiting.take_trial(), len(waiting)) == ([], 0)


def test_a_trial_is_rather_with_one_that_was_in_no_batch_that_failed() -> None:
    waiting, parcels = Waiting(), [a_parcel(number) for number in range(4)]
    parcels[0].is_suspect(0, 0)
    waiting.add(parcels)
    waiting.put_back(waiting.take(3))
    assert waiting.take_trial() == parcels[3:]
    assert waiting.take_trial() == parcels[1:2]


def test_what_was_not_tried_is_next_again_in_its_order() -> None:
    waiting, parcels = Waiting(), [a_parcel(number) for number in range(4)]
    waiting.add(parcels)
    waiting.put_back(waiting.take(3)[1:])
    assert waiting.take(5) == parcels[1:]


def test_rests_double_up_to_the_longest() -> None:
    suspects, parcel, rests = Suspects(), a_parcel(), list[float | None]()
    for _ in range(9):
        suspects.add(parcel, 100.0)
        rests.append(suspects.until_due(100.0))
        suspects.take_due(1000.0, 10)
    assert rests == [FIRST_REST * 2**n for n in range(6)] + [LONGEST_REST] * 3


def test_those_that_are_due_are_taken_and_no_more_than_asked_for() -> None:
    suspects, parcels = Suspects(), [a_parcel(number) for number in range(4)]
    assert suspects.until_due(0.0) is None
    for number, parcel in enumerate(parcels):
        suspects.add(parcel, float(number))
    assert suspects.take_due(FIRST_REST + 1.5, 1) == parcels[:1]
    assert suspects.take_due(FIRST_REST + 1.5, 5) == parcels[1:2]
    assert suspects.take_due(FIRST_REST + 1.5, 5) == []
    assert suspects.until_due(FIRST_REST + 1.5) == 0.5


def test_of_those_that_are_due_what_was_not_tried_is_first_again() -> None:
    suspects, parcels = Suspects(), [a_parcel(number) for number in range(4)]
    for parcel in parcels:
        suspects.add(parcel, 0.0)
    suspects.put_back(suspects.take_due(100.0, 3)[1:])
    assert suspects.take_due(100.0, 2) == parcels[1:3]


def test_they_may_interrupt_others_for_a_share_of_the_time() -> None:
    suspects = Suspects()
    assert suspects.may_interrupt(0.0)
    suspects.tried(10.0, 14.0)
    assert not suspects.may_interrupt(25.9)
    assert suspects.may_interrupt(14.0 + 4.0 * (1 - SHARE) / SHARE)


def test_one_whose_leases_are_lost_is_dropped() -> None:
    suspects, parcel = Suspects(), a_parcel()
    suspects.add(parcel, 0.0)
    parcel.watch.abandoned = True
    assert suspects.take_due(100.0, 5) == []
    assert suspects.until_due(0.0) is None
