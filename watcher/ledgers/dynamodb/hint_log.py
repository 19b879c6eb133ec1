"""The hint log in the ledger's DynamoDB table: one partition that every replica queries, with a TTL of minutes.

The items have none of the index's attributes, so they are never listed among the decisions. Their sort key begins
with a number that rises with the writer's clock.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from watcher.config.settings import Settings
from watcher.domain.ports import Clock
from watcher.ledgers.dynamodb.items import Item, number
from watcher.ledgers.dynamodb.sequence import Numbering
from watcher.ledgers.dynamodb.table import DynamoDbTable, open_client

PARTITION = {"S": "watcher.hints"}
"""Not a valid session id, which has 36 characters."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often it is read and written. Seconds."""

    life: int = 300
    """Until DynamoDB may delete an item."""

    interval: float = 0.5
    """Between two reads, while there are other replicas."""

    alone: float = 15.0
    """Between two reads of a replica that has seen no other: a single one should cost next to nothing."""

    announce: float = 30.0
    """Between two items by which a replica shows that it is there."""

    others_last: float = 120.0
    """For how long the others count after their last item."""

    overlap: float = 5.0
    """Before the last read, what is read again: clocks differ a little, and a write may take a moment."""


TIMING = Timing()


class DynamoDbHintLog:
    """The hint log in the table that `client` (boto3's, owned from here on) reaches.

    Raises:
        LedgerError: in every method, when DynamoDB did not do what it was asked; the text names table and fix.
    """

    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        self._table = DynamoDbTable(client, table)
        self._clock = clock
        self._writer = uuid4().hex
        self._numbering = Numbering(clock)
        self._read_at = clock.monotonic() - TIMING.announce
        self._announced_at = self._others_at = -math.inf
        self._seen: set[str] = set()

    @property
    def interval(self) -> float:
        """Seconds until the next read is worthwhile."""
        return TIMING.interval if self._clock.monotonic() - self._others_at < TIMING.others_last else TIMING.alone

    def write(self, session_ids: Sequence[str]) -> None:
        """Write one item with all of them."""
        self._table.put(
            {
                "sessionId": PARTITION,
                "policy": {"S": f"{_padded(self._numbering.next())}-{self._writer}"},
                "expiresAt": number(int(self._clock.time()) + TIMING.life),
                "sessions": {"S": " ".join(session_ids)},
            }
        )
        self._announced_at = self._clock.monotonic()

    def read(self) -> Sequence[str]:
        """The sessions in the items of others since the last read."""
        now = self._clock.monotonic()
        if now - self._announced_at >= TIMING.announce:
            self.write(())
        items = [item for item in self._since(now - self._read_at + TIMING.overlap) if not self._is_own(item)]
        self._read_at = now
        new = [item for item in items if _place(item) not in self._seen]
        self._seen = set(map(_place, items))
        if items:
            self._others_at = now
        return [session_id for item in new for session_id in _sessions(item)]

    def close(self) -> None:
        """Close the connections."""
        self._table.close()

    def _since(self, ago: float) -> Iterator[Item]:
        return self._table.query(
            KeyConditionExpression="#id = :id AND #place > :since",
            ExpressionAttributeNames={"#id": "sessionId", "#place": "policy"},
            ExpressionAttributeValues={
                ":id": PARTITION,
                ":since": {"S": _padded(self._numbering.at(ago))},
            },
            ConsistentRead=True,
        )

    def _is_own(self, item: Item) -> bool:
        return _place(item).endswith(self._writer)


def open_hint_log(settings: Settings, clock: Clock) -> DynamoDbHintLog:
    """The hint log beside the ledger that the settings name.

    Raises:
        ConfigError: a setting of `[aws]`, or an endpoint in the environment, that can't be used.
    """
    return DynamoDbHintLog(open_client(settings, connections=1), settings.ledger_table, clock)


def _place(item: Item) -> str:
    return str(item.get("policy", {}).get("S", ""))


def _sessions(item: Item) -> list[str]:
    return str(item.get("sessions", {}).get("S", "")).split()


def _padded(sequence: int) -> str:
    """A number that sorts as text."""
    return f"{sequence:025d}"
