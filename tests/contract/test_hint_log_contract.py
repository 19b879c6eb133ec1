"""What every hint log has to do."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.hint_log_backends import HintLogBackend
from tests.support import decision, session_id
from watcher.domain.model import SessionKey


def ids(*numbers: int) -> list[str]:
    return [session_id(number) for number in numbers]


def test_the_others_read_what_one_has_written_once_and_in_order(hint_logs: HintLogBackend) -> None:
    one, two, three = (hint_logs.open() for _ in range(3))
    one.write(ids(2, 1))
    assert list(two.read()) == ids(2, 1)
    one.write(ids(3))
    hint_logs.let_pass(two.interval)
    assert (list(two.read()), list(three.read())) == (ids(3), ids(2, 1, 3))
    for _ in range(30):
        hint_logs.let_pass(two.interval)
        assert (list(two.read()), list(three.read())) == ([], [])


def test_nobody_reads_its_own(hint_logs: HintLogBackend) -> None:
    one, two = hint_logs.open(), hint_logs.open()
    one.write(ids(1))
    two.write(ids(2))
    assert (list(one.read()), list(two.read())) == (ids(2), ids(1))


def test_a_new_log_has_nothing_and_nothing_can_be_written(hint_logs: HintLogBackend) -> None:
    one, two = hint_logs.open(), hint_logs.open()
    assert list(one.read()) == []
    one.write([])
    assert list(two.read()) == []


def test_a_thousand_hints_fit_into_one_write(hint_logs: HintLogBackend) -> None:
    one, two = hint_logs.open(), hint_logs.open()
    one.write(ids(*range(1000)))
    assert list(two.read()) == ids(*range(1000))


def test_who_comes_later_reads_what_was_written_a_moment_ago_and_nothing_old(hint_logs: HintLogBackend) -> None:
    one, two = hint_logs.open(), hint_logs.open()
    one.write(ids(1))
    for _ in range(2):  # so that they know of each other
        hint_logs.let_pass(100)
        two.read()
        one.read()
    one.write(ids(2))
    hint_logs.let_pass(20)
    assert list(hint_logs.open().read()) == ids(2)


def test_who_could_not_read_for_an_hour_reads_nothing_old(hint_logs: HintLogBackend) -> None:
    one, two = hint_logs.open(), hint_logs.open()
    two.read()
    one.read()
    one.write(ids(1))
    hint_logs.let_pass(3600)
    one.read()
    hint_logs.let_pass(one.interval)
    one.read()
    assert list(two.read()) == []


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_costs_no_later_hint(hint_logs: HintLogBackend, step: float) -> None:
    """All replicas follow the same time, which is set for all of them."""
    one, two = hint_logs.open(), hint_logs.open()
    one.write(ids(1))
    assert list(two.read()) == ids(1)
    hint_logs.set_clock(step)
    hint_logs.let_pass(one.interval)
    one.read()
    one.write(ids(2))
    hint_logs.let_pass(two.interval)
    assert session_id(2) in two.read()


def test_a_clock_that_was_wrong_for_a_while_costs_no_later_hint(hint_logs: HintLogBackend) -> None:
    one, two = hint_logs.open(), hint_logs.open()
    hint_logs.set_clock(+86_400.0)
    one.write(ids(1))
    hint_logs.set_clock(-86_400.0)
    hint_logs.let_pass(one.interval)
    two.read()
    one.write(ids(2))
    hint_logs.let_pass(two.interval)
    assert session_id(2) in two.read()
    hint_logs.let_pass(two.interval)
    assert list(two.read()) == []


def test_what_others_put_there_breaks_nothing(hint_logs: HintLogBackend) -> None:
    one, two = hint_logs.open(), hint_logs.open()
    hint_logs.damage()
    one.write(ids(1))
    assert session_id(1) in two.read()
    hint_logs.let_pass(two.interval)
    one.write(ids(2))
    assert session_id(2) in two.read()


def test_several_write_at_once(hint_logs: HintLogBackend) -> None:
    reader, writers = hint_logs.open(), [hint_logs.open() for _ in range(4)]

    def write(writer: int) -> None:
        for number in range(10):
            writers[writer].write(ids(10 * writer + number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert sorted(reader.read()) == ids(*range(40))


def test_hints_are_no_entries_of_the_ledger_that_they_lie_beside(hint_logs: HintLogBackend) -> None:
    ledger, one = hint_logs.ledger(), hint_logs.open()
    one.write(ids(1, 2))
    ledger.record([(decision(1), "[]")])
    one.write(ids(2))
    assert [entry.event for entry in ledger.recent(10)] == [decision(1)]
    assert [entry.event for entry in ledger.after(0, 10)] == [decision(1)]
    assert [entry.event for entry in ledger.recent(10, session_id(1))] == [decision(1)]
    assert list(ledger.recent(10, session_id(2))) == []
    assert list(ledger.recent(10, "watcher.hints")) == []
    assert ledger.find([SessionKey(session_id(2), "default")]) == {}
