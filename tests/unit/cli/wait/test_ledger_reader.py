"""Reading a ledger that may not exist yet, or fail for a while."""

from collections.abc import Callable

import pytest

from tests.support import decision, session_id
from tests.unit.support.fakes import Calls, FakeLedger
from watcher.cli.wait.ledger_reader import LedgerReader
from watcher.domain.errors import LedgerError
from watcher.domain.model import DEFAULT_POLICY, LedgerEntry

LIVE, PAYOUT = LedgerEntry(decision(1), 1.0), LedgerEntry(decision(1, policy="payout"), 1.0)
KEY = LIVE.event.key


@pytest.fixture
def ledger() -> FakeLedger:
    ledger = FakeLedger(Calls())
    ledger.entries = {entry.event.key: entry for entry in (LIVE, PAYOUT)}
    return ledger


def opening(ledger: FakeLedger, *errors: LedgerError) -> Callable[[], FakeLedger]:
    """Opens the ledger after these errors, one for each try."""
    left = list(errors)

    def open_it() -> FakeLedger:
        ledger.calls.called("open")
        if left:
            raise left.pop(0)
        return ledger

    return open_it


def not_created() -> LedgerError:
    error = LedgerError("it is created when the watcher first runs")
    error.is_not_created = True
    return error


def test_it_is_opened_by_the_first_read_and_only_once(ledger: FakeLedger) -> None:
    reader = LedgerReader(opening(ledger))
    assert ledger.calls.names == []
    assert reader.find([KEY]) == {KEY: LIVE}
    assert reader.policies(session_id(1)) == [DEFAULT_POLICY, "payout"]
    assert (ledger.calls.count("open"), reader.problem) == (1, "")


def test_one_that_nobody_has_created_yet_is_empty_and_no_problem(ledger: FakeLedger) -> None:
    reader = LedgerReader(opening(ledger, not_created(), not_created()))
    assert (reader.find([KEY]), reader.problem) == ({}, "")
    assert (reader.policies(session_id(1)), reader.problem) == ([], "")
    assert reader.find([KEY]) == {KEY: LIVE}


def test_one_that_can_not_be_opened_is_an_error_each_time(ledger: FakeLedger) -> None:
    reader = LedgerReader(opening(ledger, LedgerError("permission denied"), LedgerError("permission denied")))
    with pytest.raises(LedgerError, match="permission denied"):
        reader.find([KEY])
    with pytest.raises(LedgerError, match="permission denied"):
        reader.policies(session_id(1))


def test_a_read_that_fails_finds_nothing_and_says_why_until_one_works(ledger: FakeLedger) -> None:
    reader = LedgerReader(opening(ledger))
    ledger.calls.fail("find", LedgerError("it is busy"))
    assert (reader.find([KEY]), reader.problem) == ({}, "it is busy")
    assert (reader.find([KEY]), reader.problem) == ({KEY: LIVE}, "")
    assert ledger.calls.count("open") == 1


def test_a_first_read_that_fails_for_good_is_an_error(ledger: FakeLedger) -> None:
    denied = LedgerError("permission denied")
    denied.is_lasting = True
    reader = LedgerReader(opening(ledger))
    ledger.calls.fail("find", denied)
    with pytest.raises(LedgerError, match="permission denied"):
        reader.find([KEY])
    assert reader.find([KEY]) == {KEY: LIVE}
    ledger.calls.fail("find", denied)
    assert (reader.find([KEY]), reader.problem) == ({}, "permission denied")


def test_a_bug_is_not_taken_for_a_ledger_that_fails(ledger: FakeLedger) -> None:
    ledger.calls.fail("find", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        LedgerReader(opening(ledger)).find([KEY])


def test_it_is_closed_if_it_was_opened(ledger: FakeLedger) -> None:
    reader = LedgerReader(opening(ledger, not_created()))
    reader.close()
    reader.find([KEY])
    reader.close()
    assert ledger.calls.count("close ledger") == 0
    reader.find([KEY])
    reader.close()
    assert ledger.calls.count("close ledger") == 1
