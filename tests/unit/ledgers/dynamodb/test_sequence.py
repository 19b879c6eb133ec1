from tests.support import START, ManualClock
from watcher.ledgers.dynamodb.sequence import Numbering


def test_numbers_rise_with_the_clock_and_when_it_stands_still_or_goes_back() -> None:
    clock = ManualClock()
    numbering = Numbering(clock)
    numbers = [numbering.next(), numbering.next()]
    clock.advance(1)
    begun = numbering.at(0)
    numbers.append(numbering.next())
    clock.set_wall(START - 3600)
    numbers.append(numbering.next())
    assert numbers == sorted(set(numbers))
    assert numbering.at(-3601) == begun <= numbers[2] < begun + 1000


def test_two_watchers_rarely_give_the_same_number() -> None:
    clock = ManualClock()
    assert len({Numbering(clock).next() for _ in range(50)}) > 25
