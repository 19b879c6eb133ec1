"""The backends that the contract suites run over. A new one joins with an entry in QUEUES or LEDGERS."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tests.support import ManualClock
from watcher.ledgers.none import NoLedger
from watcher.ledgers.sqlite import SqliteLedger
from watcher.ports import DeadLetters, Ledger, Queue
from watcher.queues.sqlite import SqliteQueue

VISIBILITY = 60.0


@dataclass(frozen=True)
class QueueBackend:
    """One queue: `open` gives one more watcher's view of it, leases last VISIBILITY seconds of `now`'s time."""

    open: Callable[[], Queue]
    dead_letters: Callable[[Queue], DeadLetters]
    let_pass: Callable[[float], None]
    now: Callable[[], float]


@dataclass(frozen=True)
class LedgerBackend:
    """One ledger: `open` gives one more watcher's view of it."""

    open: Callable[[], Ledger]
    let_pass: Callable[[float], None]
    now: Callable[[], float]


def _sqlite_queue(folder: Path, stack: ExitStack, dead_letter_path: Path | None = None) -> QueueBackend:
    clock = ManualClock()

    def dead_letters(queue: Queue) -> DeadLetters:
        assert isinstance(queue, SqliteQueue)
        return queue.dead_letters

    return QueueBackend(
        lambda: stack.enter_context(closing(SqliteQueue(folder / "q.db", VISIBILITY, clock, dead_letter_path))),
        dead_letters,
        clock.advance,
        clock.time,
    )


def _sqlite_queue_and_dead_letter_file(folder: Path, stack: ExitStack) -> QueueBackend:
    return _sqlite_queue(folder, stack, folder / "dead.db")


def _sqlite_ledger(folder: Path, stack: ExitStack) -> LedgerBackend:
    clock = ManualClock()
    return LedgerBackend(
        lambda: stack.enter_context(closing(SqliteLedger(folder / "l.db", clock))), clock.advance, clock.time
    )


def _no_ledger(folder: Path, stack: ExitStack) -> LedgerBackend:
    clock = ManualClock()
    memory = stack.enter_context(closing(NoLedger(clock)))
    return LedgerBackend(lambda: memory, clock.advance, clock.time)


QUEUES = {"sqlite": _sqlite_queue, "sqlite with a dead-letter file": _sqlite_queue_and_dead_letter_file}
LEDGERS = {"sqlite": _sqlite_ledger, "none": _no_ledger}
