"""The hint log in the ledger's DynamoDB table: one partition that every replica queries, with a TTL of minutes.

The items have none of the index's attributes, so they are never listed among the decisions. Their sort key begins
with the writer's time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

from watcher.config.settings import Settings
from watcher.domain.ports import Clock
from watcher.ledgers.dynamodb.items import Item, number
from watcher.ledgers.dynamodb.table import DynamoDbTable, open_client

PARTITION = {"S": "watcher.hints"}
"""Not a valid session id, which has 36 characters."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often it is read and written. Seconds."""

    life: int = 180
    """Until DynamoDB may delete an item, and the maximum age of one that is used: as long as a session lives."""

    interval: float = 0.5
    """Between two reads, while there are other replicas."""

    alone: float = 30.0
    """Between two reads of a replica without others, which should cost next to nothing: with its presence, two reads
    and two writes a minute are 7 cents a month."""

    presence: float = 30.0
    """Between two items by which a replica shows that it is there."""

    others_last: float = 120.0
    """From the last item of the others until they count as gone."""

    newcomer: float = 20.0
    """For which a new replica assumes that there are others: they may be starting too."""

    tolerance: float = 5.0
    """By which the clocks of two replicas may differ. So much before the last read is read again."""


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
        self._numbers = count()
        self._others_at = clock.monotonic() + TIMING.newcomer - TIMING.others_last
        self._read_at = clock.monotonic() - TIMING.presence
        self._written_at = -math.inf
        self._seen: set[str] = set()

    @property
    def interval(self) -> float:
        """Seconds until the next read is worthwhile."""
        return TIMING.interval if self._has_others() else TIMING.alone

    def write(self, session_ids: Sequence[str]) -> None:
        """Write one item with all of them, if there is another replica to read it."""
        if self._has_others():
            self._put(session_ids)

    def read(self) -> Sequence[str]:
        """The sessions in the items of others since the last read; the first time, in those of the last 30 s."""
        now = self._clock.monotonic()
        if now - self._written_at >= TIMING.presence:
            self._put(())
        items = self._of_others(min(now - self._read_at + TIMING.tolerance, TIMING.life))
        new = [item for place, item in items.items() if place not in self._seen]
        self._read_at, self._seen = now, set(items)
        if items:
            self._others_at = now
        return [session_id for item in new for session_id in _sessions(item)]

    def close(self) -> None:
        """Close the connections."""
        self._table.close()

    def _has_others(self) -> bool:
        return self._clock.monotonic() - self._others_at < TIMING.others_last

    def _put(self, session_ids: Sequence[str]) -> None:
        self._table.put(
            {
                "sessionId": PARTITION,
                # Numbered: a clock that stands still or is set back must not replace an item that no one has read.
                "policy": {"S": f"{self._place(0)}-{next(self._numbers)}-{self._writer}"},
                "expiresAt": number(int(self._clock.time()) + TIMING.life),
                "sessions": {"S": " ".join(session_ids)},
            }
        )
        self._written_at = self._clock.monotonic()

    def _of_others(self, ago: float) -> dict[str, Item]:
        """The items that others have written since `ago` seconds ago, by their sort keys.

        Not what is in the future: it would be found again and again.
        """
        items = self._table.query(
            KeyConditionExpression="#id = :id AND #place BETWEEN :first AND :last",
            ExpressionAttributeNames={"#id": "sessionId", "#place": "policy"},
            ExpressionAttributeValues={
                ":id": PARTITION,
                ":first": {"S": self._place(ago)},
                ":last": {"S": self._place(-TIMING.tolerance)},
            },
            ConsistentRead=True,
        )
        found = {str(item.get("policy", {}).get("S", "")): item for item in items}
        return {place: item for place, item in found.items() if not place.endswith(self._writer)}

    def _place(self, ago: float) -> str:
        """What sort keys from `ago` seconds ago begin with: microseconds, as a text that sorts like the number."""
        return f"{max(0, int((self._clock.time() - ago) * 1e6)):017d}"


def open_hint_log(settings: Settings, clock: Clock) -> DynamoDbHintLog:
    """The hint log beside the ledger that the settings name.

    Raises:
        ConfigError: a setting of `[aws]`, or an endpoint in the environment, that can't be used.
    """
    return DynamoDbHintLog(open_client(settings, connections=1), settings.ledger_table, clock)


def _sessions(item: Item) -> list[str]:
    return str(item.get("sessions", {}).get("S", "")).split()
