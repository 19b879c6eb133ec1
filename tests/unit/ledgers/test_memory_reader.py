import json
from contextlib import closing

import pytest

from tests.support import ManualClock, decision
from watcher.config import Settings
from watcher.domain.errors import LedgerError
from watcher.ledgers import memory_view, open_ledger, open_reader
from watcher.ledgers.memory import MemoryLedger
from watcher.ledgers.memory_reader import LIMITS, answer

NONE = Settings.model_validate({"ledger": {"url": "none"}})


def test_an_answer_is_a_page_of_what_was_recorded_after_a_sequence() -> None:
    ledger = MemoryLedger(ManualClock())
    recorded = ledger.record([(decision(number), "[]") for number in range(LIMITS.page + 2)])
    page = json.loads(answer(ledger, "after=0"))
    assert [entry["sequence"] for entry in page] == [entry.sequence for entry in recorded[: LIMITS.page]]
    page = json.loads(answer(ledger, f"after={recorded[LIMITS.page].sequence}"))
    assert [entry["event"]["body"] for entry in page] == [recorded[-1].event.body]


@pytest.mark.parametrize(
    "query",
    [
        *("", "after", "after=", "after=-1", "after=1.0", "after=x", "after=0&limit=5", "after=%30", "limit=0"),
        *("after=\u0661", "after=1\n", f"after={'9' * 20}", f"after={'9' * 5000}"),
    ],
)
def test_any_other_query_is_refused_with_an_example(query: str) -> None:
    with pytest.raises(ValueError, match=r"\?after=0"):
        answer(MemoryLedger(ManualClock()), query)


def test_who_has_read_the_decisions_of_an_earlier_process_goes_on_after_them() -> None:
    clock = ManualClock()
    with closing(open_ledger(NONE, clock)) as ledger:
        last = ledger.record([(decision(number), "[]") for number in range(3)])[-1].sequence
    clock.advance(1.0)
    with closing(open_ledger(NONE, clock)) as ledger:
        [entry] = ledger.record([(decision(4), "[]")])
        assert ledger.after(last, 10) == [entry]


def test_a_port_that_is_not_known_is_an_error_with_the_fix() -> None:
    settings = Settings.model_validate({"ledger": {"url": "none"}, "http": {"port": 0}})
    with pytest.raises(LedgerError, match=r"http\.port = 0 is any free port: give the port of the log's `started`"):
        open_reader(settings, ManualClock())


def test_decisions_that_a_ledger_keeps_are_not_shown() -> None:
    assert memory_view(Settings(), MemoryLedger(ManualClock())) is None
    assert memory_view(NONE, MemoryLedger(ManualClock())) is not None
