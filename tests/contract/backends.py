"""The backends that the contract suites run over. A new one joins with an entry in QUEUES, LEDGERS or MEMORIES."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

from tests.moto import CREDENTIALS, MotoServer
from tests.stack import aws_client, create_stack
from tests.support import ManualClock
from watcher.config import AwsSettings
from watcher.config.urls import dynamodb_table
from watcher.domain.model import SessionKey
from watcher.domain.ports import DeadLetters, Ledger, Queue, StateStore
from watcher.ledgers.dynamodb.items import key_of
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger
from watcher.ledgers.dynamodb.state_store import DynamoDbStateStore
from watcher.ledgers.memory import MemoryLedger
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.ledgers.sqlite.state_store import SqliteStateStore
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller, open_caller
from watcher.queues.sqs.dead_letters import SqsDeadLetters
from watcher.queues.sqs.queue import SqsQueue

VISIBILITY = 60.0
BOOT = 1


@dataclass(frozen=True)
class QueueBackend:
    """One queue: `open` gives one more watcher's view of it, leases last VISIBILITY seconds of `now`'s time."""

    open: Callable[[], Queue]
    dead_letters: Callable[[Queue], DeadLetters]
    let_pass: Callable[[float], None]
    now: Callable[[], float]
    tells_age: bool = True
    delivers_once: bool = True


@dataclass(frozen=True)
class LedgerBackend:
    """One ledger: `open` gives one more watcher's view of it, `damage` spoils an entry where something is stored."""

    open: Callable[[], Ledger]
    let_pass: Callable[[float], None]
    now: Callable[[], float]
    damage: Callable[[SessionKey], None] | None = None


def _sqlite_queue(
    folder: Path, stack: ExitStack, _moto: Callable[[], MotoServer], dead_letter_path: Path | None = None
) -> QueueBackend:
    clock = ManualClock()

    def dead_letters(queue: Queue) -> DeadLetters:
        assert isinstance(queue, SqliteQueue)
        return queue.dead_letters

    return QueueBackend(
        lambda: stack.enter_context(closing(SqliteQueue(folder / "q.db", VISIBILITY, clock, dead_letter_path, BOOT))),
        dead_letters,
        clock.advance,
        clock.time,
    )


def _sqlite_queue_and_dead_letter_file(
    folder: Path, stack: ExitStack, moto: Callable[[], MotoServer]
) -> QueueBackend:
    return _sqlite_queue(folder, stack, moto, folder / "dead.db")


class MotoClock(ManualClock):
    """Moto's server and the queue's client live by this one clock."""

    def __init__(self, moto: MotoServer) -> None:
        super().__init__()
        self._moto = moto
        moto.stop_clock(self.time())

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._moto.stop_clock(self.time())


@cache
def _any_caller(server_url: str) -> SqsCaller:
    """Clients are slow to make, and one that was closed opens its connections anew."""
    return open_caller("http://127.0.0.1/1/any", server_url, AwsSettings())


def _sqs(_folder: Path, stack: ExitStack, moto: Callable[[], MotoServer], suffix: str = "") -> QueueBackend:
    server = moto()
    clock = MotoClock(server)
    stack.enter_context(patch.dict(os.environ, CREDENTIALS))
    attributes = {"FifoQueue": "true"} if suffix else {}
    with closing(aws_client("sqs", server.url)) as client:
        urls = [client.create_queue(QueueName=n + suffix, Attributes=attributes)["QueueUrl"] for n in ("q", "dead")]

    def callers() -> list[SqsCaller]:
        return [replace(_any_caller(server.url), url=url) for url in urls]

    def open_queue() -> SqsQueue:
        source, dead = callers()
        return stack.enter_context(closing(SqsQueue(source, VISIBILITY, clock, dead)))

    def dead_letters(_queue: Queue) -> SqsDeadLetters:
        source, dead = (stack.enter_context(closing(caller)) for caller in callers())
        # An empty queue is empty: what would come to it comes from the test.
        return SqsDeadLetters(source, dead, stack.enter_context(closing(BatchCaller(clock))), poll=0)

    return QueueBackend(open_queue, dead_letters, clock.advance, clock.time, tells_age=False, delivers_once=False)


def _sqs_fifo(folder: Path, stack: ExitStack, moto: Callable[[], MotoServer]) -> QueueBackend:
    return _sqs(folder, stack, moto, ".fifo")


def _sqlite_ledger(folder: Path, stack: ExitStack, _moto: Callable[[], MotoServer]) -> LedgerBackend:
    clock, path = ManualClock(), folder / "l.db"

    def damage(key: SessionKey) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE ledger_entries SET body = '{' WHERE (session_id, policy) = (?, ?)", key)

    return LedgerBackend(
        lambda: stack.enter_context(closing(SqliteLedger(path, clock))), clock.advance, clock.time, damage
    )


def _no_ledger(_folder: Path, stack: ExitStack, _moto: Callable[[], MotoServer]) -> LedgerBackend:
    clock = ManualClock()
    memory = stack.enter_context(closing(MemoryLedger(clock)))
    return LedgerBackend(lambda: memory, clock.advance, clock.time)


def _dynamodb_ledger(_folder: Path, stack: ExitStack, moto: Callable[[], MotoServer]) -> LedgerBackend:
    clock, url = ManualClock(), moto().url
    table = dynamodb_table(create_stack(url)["LedgerUrl"])

    def damage(key: SessionKey) -> None:
        with closing(aws_client("dynamodb", url)) as client:
            client.update_item(
                TableName=table,
                Key=key_of(key),
                UpdateExpression="SET body = :body",
                ExpressionAttributeValues={":body": {"S": "{"}},
            )

    # Negative: time stands still here, and nothing would ever be old enough.
    return LedgerBackend(
        lambda: stack.enter_context(closing(DynamoDbLedger(aws_client("dynamodb", url), table, clock, settling=-60))),
        clock.advance,
        clock.time,
        damage,
    )


@dataclass(frozen=True)
class MemoryBackend:
    """One memory and the ledger beside it: `open` gives one more watcher's view of it."""

    open: Callable[[], StateStore]
    ledger: Callable[[], Ledger]


def _sqlite_memory(folder: Path, stack: ExitStack, moto: Callable[[], MotoServer]) -> MemoryBackend:
    clock, path = ManualClock(), folder / "l.db"
    return MemoryBackend(
        lambda: stack.enter_context(closing(SqliteStateStore(path, clock))), _sqlite_ledger(folder, stack, moto).open
    )


def _dynamodb_memory(_folder: Path, stack: ExitStack, moto: Callable[[], MotoServer]) -> MemoryBackend:
    clock, url = ManualClock(), moto().url
    table = dynamodb_table(create_stack(url)["LedgerUrl"])
    return MemoryBackend(
        lambda: stack.enter_context(closing(DynamoDbStateStore(aws_client("dynamodb", url), table, clock))),
        lambda: stack.enter_context(closing(DynamoDbLedger(aws_client("dynamodb", url), table, clock, settling=-60))),
    )


QueueMaker = Callable[[Path, ExitStack, Callable[[], MotoServer]], QueueBackend]

QUEUES: dict[str, QueueMaker] = {
    "sqlite": _sqlite_queue,
    "sqlite with a dead-letter file": _sqlite_queue_and_dead_letter_file,
    "sqs": _sqs,
    "sqs fifo": _sqs_fifo,
}
LEDGERS = {"sqlite": _sqlite_ledger, "none": _no_ledger, "dynamodb": _dynamodb_ledger}
MEMORIES = {"sqlite": _sqlite_memory, "dynamodb": _dynamodb_memory}
