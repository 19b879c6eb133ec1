import pytest

from tests.support import ManualClock, decision
from tests.unit.builders import a_watch
from watcher.parcels import FIRST_REST, LONGEST_REST, Parcel, Suspects

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


def test_one_whose_leases_are_lost_is_dropped() -> None:
    suspects, parcel = Suspects(), a_parcel()
    suspects.add(parcel, 0.0)
    parcel.watch.abandoned = True
    assert suspects.take_due(100.0, 5) == []
    assert suspects.until_due(0.0) is None
