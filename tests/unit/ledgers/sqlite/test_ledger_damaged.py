"""Rows of the SQLite files that somebody has damaged: they stop nobody, and are lost to nobody."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import ManualClock, decision, session_id
from watcher.domain.errors import LedgerError
from watcher.domain.model import DeadReason, DecisionEvent
from watcher.ledgers.reading import MOST_TEXT
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue

NEVER = Event()
REFUSED = (sqlite3.Error, OverflowError, UnicodeError)
"""What SQLite says to a value that it doesn't take."""
ODD_TIMES = [float("-inf"), float("inf"), -1.0, 1e300, "soon", "", b"\xff\x00", 10**30]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watcher.db"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(path: Path, clock: ManualClock) -> Iterator[SqliteQueue]:
    with closing(SqliteQueue(path, 60, clock)) as opened:
        yield opened


@pytest.fixture
def ledger(path: Path, clock: ManualClock) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, clock)) as opened:
        yield opened


def damage(path: Path, table: str, column: str, value: object, where: str = "true") -> None:
    if isinstance(value, int) and value.bit_length() > 63:
        value = float(value)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))  # noqa: S608 - ours


@pytest.mark.parametrize("sent_at", ODD_TIMES, ids=repr)
def test_a_message_without_a_sent_time_is_a_dead_letter_and_stops_no_other(
    queue: SqliteQueue, path: Path, clock: ManualClock, sent_at: object
) -> None:
    queue.send([session_id(1), session_id(2)])
    damage(path, "queue_messages", "sent_at", sent_at, "id = 1")
    assert queue.depth().visible == 2
    odd, sound = queue.receive(10, 0, NEVER)
    assert (odd.sent_at, "sent time" in odd.fault, sound.fault) == (clock.time(), True, "")
    queue.dead_letter(odd, DeadReason.INVALID_MESSAGE, odd.fault)
    assert [letter.body for letter in queue.dead_letters.list(10)] == [session_id(1)]
    assert queue.dead_letters.replay(None) == 1
    (again,) = queue.receive(10, 0, NEVER)
    assert (again.body, again.fault) == (session_id(1), "")


values = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=5) | st.binary(max_size=5)


@given(column=st.sampled_from(["sent_at", "receive_count", "body", "token"]), value=values)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_row_has_in_it_the_queue_goes_on(
    queue: SqliteQueue, path: Path, column: str, value: object
) -> None:
    queue.send([session_id(1), session_id(2)])
    with suppress(*REFUSED):
        damage(path, "queue_messages", column, value)
    queue.depth()
    received = queue.receive(10, 0, NEVER)
    assert len(received) == 2
    for one in received:
        assert isinstance(one.body, str)
        assert 0 <= one.sent_at < 3e11
        queue.dead_letter(one, DeadReason.INVALID_MESSAGE, "odd")
    assert len(queue.dead_letters.list(10)) == 2
    assert queue.dead_letters.drop(None) == 2


@given(column=st.sampled_from(["body", "reason", "detail", "sent_at", "dead_at", "receive_count"]), value=values)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_dead_letter_has_in_it_it_is_listed(
    queue: SqliteQueue, path: Path, column: str, value: object
) -> None:
    queue.send([session_id(1)])
    (one,) = queue.receive(1, 0, NEVER)
    queue.dead_letter(one, DeadReason.INVALID_MESSAGE, "odd")
    with suppress(*REFUSED):
        damage(path, "dead_letters", column, value)
    (letter,) = queue.dead_letters.list(10)
    assert [type(part) for part in (letter.body, letter.reason, letter.detail)] == [str] * 3
    assert 0 <= letter.dead_at < 3e11
    queue.dead_letters.drop(None)


ODD_BODIES = ["", "no JSON", "[]", "{}", '{"data": {}}', '{"data": {"outcome": 7}}', b"\xff\x00", 7, "[" * 10_000]


@pytest.mark.parametrize("body", ODD_BODIES, ids=lambda body: repr(body)[:20])
def test_a_damaged_decision_is_neither_handed_on_nor_made_anew(
    ledger: SqliteLedger, path: Path, body: object
) -> None:
    ledger.record([(decision(1), "[]"), (decision(2), "[]")])
    damage(path, "ledger_entries", "body", body, "sequence = 1")
    found = ledger.find([decision(1).key, decision(2).key])
    assert "damaged" in found[decision(1).key].fault
    assert found[decision(2).key].fault == ""
    other, standing = ledger.record([(decision(2, "not_live"), "[]"), (decision(1, "not_live"), "[]")])
    assert (other.event, "damaged" in standing.fault) == (decision(2), True)
    assert len(ledger.recent(10)) == len(ledger.after(0, 10)) == 2


@given(column=st.sampled_from(["recorded_at", "settled_at", "body", "trail"]), value=values)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_an_entry_has_in_it_it_is_found(
    ledger: SqliteLedger, path: Path, column: str, value: object
) -> None:
    ledger.record([(decision(3), "[]")])
    with suppress(*REFUSED):
        damage(path, "ledger_entries", column, value)
    entry = ledger.find([decision(3).key])[decision(3).key]
    assert isinstance(entry.event.body, str)
    assert isinstance(entry.trail, str)
    assert 0 <= entry.recorded_at < 3e11
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM ledger_entries")


def test_a_text_that_can_not_be_stored_is_the_ledgers_error(ledger: SqliteLedger) -> None:
    with pytest.raises(LedgerError, match="can't be stored: UnicodeEncodeError"):
        ledger.record([(DecisionEvent(decision(1).key, "a\ud800"), "[]")])


@pytest.mark.parametrize("column", ["body", "trail"])
def test_a_row_larger_than_any_event_is_not_read(ledger: SqliteLedger, path: Path, column: str) -> None:
    events = [decision(1), decision(2)]
    ledger.record([(event, "[]") for event in events])
    damage(path, "ledger_entries", column, "[" + "1," * MOST_TEXT + "1]", "sequence = 1")
    found = ledger.find([event.key for event in events])
    large, other = found[events[0].key], found[events[1].key]
    assert len(large.event.body) + len(large.trail) < 1000
    assert (bool(large.fault), other.fault) == (column == "body", "")
