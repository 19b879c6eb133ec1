"""The hint logs that the contract suite runs over. A new one joins with an entry in HINT_LOGS."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tests.moto import MotoServer
from tests.stack import aws_client, create_stack
from tests.support import ManualClock
from watcher.config.urls import dynamodb_table
from watcher.domain.ports import HintLog, Ledger
from watcher.ledgers.dynamodb.hint_log import PARTITION, DynamoDbHintLog
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger
from watcher.ledgers.sqlite.hint_log import SqliteHintLog
from watcher.ledgers.sqlite.ledger import SqliteLedger


@dataclass(frozen=True)
class HintLogBackend:
    """One hint log and the ledger beside it: `open` gives one more watcher's view of it.

    `set_clock` sets the wall clock of all of them by some seconds; `damage` puts something there that is not a hint.
    """

    open: Callable[[], HintLog]
    ledger: Callable[[], Ledger]
    let_pass: Callable[[float], None]
    set_clock: Callable[[float], None]
    damage: Callable[[], None]


def _sqlite_hint_log(folder: Path, stack: ExitStack, _moto: Callable[[], MotoServer]) -> HintLogBackend:
    clock, path = ManualClock(), folder / "l.db"

    def damage() -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            rows = [(b"\xff", "never", b"\xff"), ("", -1.0, ""), ("x", 9e99, "x" * 100_000), ("x", clock.time(), 7)]
            connection.executemany("INSERT INTO hints (writer, written_at, session_id) VALUES (?, ?, ?)", rows)

    return HintLogBackend(
        lambda: stack.enter_context(closing(SqliteHintLog(path, clock))),
        lambda: stack.enter_context(closing(SqliteLedger(path, clock))),
        clock.advance,
        lambda step: clock.set_wall(clock.time() + step),
        damage,
    )


def _dynamodb_hint_log(_folder: Path, stack: ExitStack, moto: Callable[[], MotoServer]) -> HintLogBackend:
    clock, url = ManualClock(), moto().url
    table = dynamodb_table(create_stack(url)["LedgerUrl"])

    def damage() -> None:
        now = str(int(clock.time() * 1e6)).zfill(17)
        odd = [{"N": "1"}, {"NULL": True}, {"L": [{"S": "x"}]}, {"B": b"\xff"}, {"S": "x " * 100_000}, None]
        with closing(aws_client("dynamodb", url)) as client:
            for place in (f"{now}-", "9", "0", "x", "default"):
                for number, value in enumerate(odd):
                    item = {"sessionId": PARTITION, "policy": {"S": f"{place}{number}"}}
                    client.put_item(TableName=table, Item=item | ({"sessions": value} if value else {}))

    return HintLogBackend(
        lambda: stack.enter_context(closing(DynamoDbHintLog(aws_client("dynamodb", url), table, clock))),
        lambda: stack.enter_context(closing(DynamoDbLedger(aws_client("dynamodb", url), table, clock, settling=-60))),
        clock.advance,
        lambda step: clock.set_wall(clock.time() + step),
        damage,
    )


HINT_LOGS = {"sqlite": _sqlite_hint_log, "dynamodb": _dynamodb_hint_log}
