"""What every ledger has to do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.contract.backends import LedgerBackend
from tests.support import decision, session_id
from watcher.domain.model import SessionKey
from watcher.domain.ports import Ledger


def test_a_recorded_decision_is_found_by_another_watcher(ledger: Ledger, ledgers: LedgerBackend) -> None:
    event = decision(1)
    (entry,) = ledger.record([(event, '[{"at": 1}]')])
    assert (entry.event, entry.trail, entry.recorded_at) == (event, '[{"at": 1}]', ledgers.now())
    assert (entry.delivered, entry.acked_at) == ({}, None)
    assert ledgers.open().find([event.key]) == {event.key: entry}


def test_the_first_decision_stands(ledger: Ledger, ledgers: LedgerBackend) -> None:
    first, second = decision(1, "live"), decision(1, "inconclusive")
    (standing,) = ledger.record([(first, "[1]")])
    ledgers.let_pass(5)
    assert list(ledgers.open().record([(second, "[2]")])) == [standing]
    assert ledger.find([first.key]) == {first.key: standing}


def test_entries_come_in_the_order_asked_for_even_when_some_stood_before(ledger: Ledger) -> None:
    ledger.record([(decision(2, "not_live"), "[]")])
    asked = [(decision(n), "[]") for n in (3, 2, 1, 3)]
    entries = ledger.record(asked)
    assert [entry.event.key for entry in entries] == [event.key for event, _ in asked]
    assert entries[1].event == decision(2, "not_live")
    assert entries[0] == entries[3]


def test_the_first_of_two_decisions_in_one_batch_stands(ledger: Ledger) -> None:
    entries = ledger.record([(decision(1, "live"), "[1]"), (decision(1, "not_live"), "[2]")])
    assert [(entry.event, entry.trail) for entry in entries] == [(decision(1, "live"), "[1]")] * 2


@pytest.mark.parametrize("place", [0, 1, 150])
def test_a_damaged_entry_has_a_fault_and_stops_no_decision_beside_it(
    ledger: Ledger, ledgers: LedgerBackend, place: int
) -> None:
    if ledgers.damage is None:
        pytest.skip("nothing is stored")
    victim = decision(999, "live")
    ledger.record([(victim, "[]")])
    ledgers.damage(victim.key)
    asked = [decision(number) for number in range(200 if place > 1 else 2)]
    asked[place] = decision(999, "not_live")
    entries = ledger.record([(event, "[]") for event in asked])
    faults = [entry.event.key for entry in entries if entry.fault]
    assert faults == [victim.key]
    assert [entry.event for entry in entries if not entry.fault] == [e for e in asked if e.key != victim.key]
    found = ledgers.open().find([event.key for event in asked])
    assert {key for key, entry in found.items() if entry.fault} == {victim.key}
    assert len(found) == len(asked)


def test_each_policy_has_its_own_decision(ledger: Ledger) -> None:
    events = [decision(1, "live", "default"), decision(1, "not_live", "payout")]
    ledger.record([(event, "[]") for event in events])
    found = ledger.find([event.key for event in events])
    assert [found[event.key].event for event in events] == events


def test_what_was_never_decided_is_not_found(ledger: Ledger) -> None:
    ledger.record([(decision(1), "[]")])
    assert ledger.find([]) == {}
    assert ledger.find([SessionKey(session_id(2), "default"), SessionKey(session_id(1), "other")]) == {}


def test_nothing_to_record_is_no_mistake(ledger: Ledger) -> None:
    assert list(ledger.record([])) == []
    ledger.mark_delivered([], "stdout")
    ledger.mark_acked([])
    assert list(ledger.recent(10)) == []


def test_hundreds_of_keys_are_found_at_once(ledger: Ledger) -> None:
    events = [decision(n) for n in range(1000)]
    assert len(ledger.record([(event, "[]") for event in events])) == 1000
    found = ledger.find(iter([*(event.key for event in events), SessionKey(session_id(9999), "default")]))
    assert {key: entry.event for key, entry in found.items()} == {event.key: event for event in events}


def test_deliveries_are_noted_for_each_sink_with_their_first_time(ledger: Ledger, ledgers: LedgerBackend) -> None:
    one, two = decision(1), decision(2)
    ledger.record([(one, "[]"), (two, "[]")])
    began = ledgers.now()
    ledger.mark_delivered([one.key, two.key], "stdout")
    ledgers.let_pass(5)
    ledger.mark_delivered([one.key, SessionKey("unknown", "default")], 'odd "sink"')
    ledger.mark_delivered([one.key], "stdout")
    found = ledgers.open().find([one.key, two.key])
    assert found[one.key].delivered == {"stdout": began, 'odd "sink"': began + 5}
    assert found[two.key].delivered == {"stdout": began}


def test_settling_is_noted_with_its_first_time(ledger: Ledger, ledgers: LedgerBackend) -> None:
    one, two = decision(1), decision(2)
    ledger.record([(one, "[]"), (two, "[]")])
    began = ledgers.now()
    ledger.mark_acked([one.key, SessionKey("unknown", "default")])
    ledgers.let_pass(5)
    ledger.mark_acked([one.key])
    found = ledgers.open().find([one.key, two.key])
    assert (found[one.key].acked_at, found[two.key].acked_at) == (began, None)


def test_recent_gives_the_newest_with_the_oldest_of_them_first(ledger: Ledger) -> None:
    for number in (5, 3, 8, 1):
        ledger.record([(decision(number), "[]")])
    ledger.mark_delivered([decision(8).key], "a")
    ledger.mark_delivered([decision(8).key], "b")
    assert [entry.event for entry in ledger.recent(3)] == [decision(3), decision(8), decision(1)]
    assert list(ledger.recent(0)) == []


def test_recent_can_keep_to_one_session(ledger: Ledger) -> None:
    events = [decision(1), decision(2), decision(1, policy="payout"), decision(3)]
    ledger.record([(event, "[]") for event in events])
    assert [entry.event for entry in ledger.recent(10, session_id(1))] == [events[0], events[2]]
    assert [entry.event for entry in ledger.recent(1, session_id(1))] == [events[2]]
    assert list(ledger.recent(10, "unknown")) == []
    assert list(ledger.recent(0, session_id(1))) == []


def test_after_shows_every_entry_once_in_order(ledger: Ledger) -> None:
    numbers = [4, 2, 9, 7, 1]
    for number in numbers:
        ledger.record([(decision(number), "[]"), (decision(4), "[]")])
    seen, last = [], 0
    while entries := ledger.after(last, 2):
        assert len(entries) <= 2
        seen += [entry.event for entry in entries]
        last = entries[-1].sequence
    assert seen == [decision(number) for number in numbers]


def test_watchers_that_decide_at_once_all_get_the_one_that_stands(ledgers: LedgerBackend) -> None:
    watchers = 4
    start = Barrier(watchers, timeout=30)

    def decide(number: int) -> list[str]:
        ledger = ledgers.open()
        start.wait()
        bodies = []
        for session in range(50):
            (entry,) = ledger.record([(decision(session, f"outcome-{number}"), "[]")])
            bodies.append(entry.event.body)
        return bodies

    with ThreadPoolExecutor(watchers) as pool:
        seen = list(pool.map(decide, range(watchers)))
    assert all(bodies == seen[0] for bodies in seen)
    assert [entry.event.body for entry in ledgers.open().after(0, 1000)] == sorted(seen[0])
