"""The ledger in memory, beyond the contract of all ledgers: how much it keeps, and for how long."""

from tests.support import ManualClock, decision
from watcher.domain.model import SessionKey
from watcher.ledgers.memory import MemoryLedger

KEYS = [decision(number).key for number in range(6)]


def recorded(ledger: MemoryLedger, *numbers: int) -> list[int]:
    """Record these; the sequences of the entries that stand."""
    return [entry.sequence for entry in ledger.record([(decision(number), "[]") for number in numbers])]


def known(ledger: MemoryLedger) -> list[SessionKey]:
    return [entry.event.key for entry in ledger.recent(100)]


def test_the_oldest_decisions_are_forgotten_beyond_its_capacity() -> None:
    ledger = MemoryLedger(ManualClock(), capacity=3)
    recorded(ledger, 0, 1, 2)
    assert known(ledger) == KEYS[:3]
    recorded(ledger, 3)
    assert known(ledger) == KEYS[1:4]
    assert set(ledger.find(KEYS)) == set(KEYS[1:4])


def test_a_batch_beyond_its_capacity_stands_as_a_whole() -> None:
    ledger = MemoryLedger(ManualClock(), capacity=2)
    sequences = recorded(ledger, 0, 1, 2, 3)
    assert sequences == sorted(set(sequences))
    assert known(ledger) == KEYS[2:4]


def test_a_decision_that_was_forgotten_is_a_new_one() -> None:
    ledger = MemoryLedger(ManualClock(), capacity=1)
    (first,), _ = recorded(ledger, 0), recorded(ledger, 1)
    (again,) = recorded(ledger, 0)
    assert again > first


def test_a_duplicate_does_not_make_a_decision_younger() -> None:
    ledger = MemoryLedger(ManualClock(), capacity=2)
    recorded(ledger, 0, 1)
    recorded(ledger, 0)
    recorded(ledger, 2)
    assert known(ledger) == KEYS[1:3]


def test_who_followed_an_earlier_process_goes_on_with_this_one() -> None:
    clock = ManualClock()
    *_, last = recorded(MemoryLedger(clock), *range(5))
    clock.advance(1.0)
    later = MemoryLedger(clock)
    recorded(later, 5)
    assert [entry.event.key for entry in later.after(last, 10)] == KEYS[5:]


def test_marks_of_a_decision_that_was_forgotten_are_harmless() -> None:
    ledger = MemoryLedger(ManualClock(), capacity=1)
    recorded(ledger, 0, 1)
    ledger.mark_delivered(KEYS[:2], "s")
    ledger.mark_acked(KEYS[:2])
    assert known(ledger) == KEYS[1:2]
    assert [list(entry.delivered) for entry in ledger.recent(9)] == [["s"]]
