"""The learned schedule in the ledger's DynamoDB table: one item that each save replaces.

It has neither the index's attributes nor the TTL's, so it is never listed among the decisions, and never expires.
Every watcher on the table saves its own, and the last one wins: they share one queue, and see the same kind of
sessions.
"""

from typing import Any

from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.model import SessionKey
from watcher.domain.ports import Clock
from watcher.ledgers.dynamodb.items import compressed, decompressed, key_of, number, size
from watcher.ledgers.dynamodb.limits import LIMITS
from watcher.ledgers.dynamodb.table import DynamoDbTable, open_client

KEY = SessionKey("watcher.learned", "schedule")
"""Not a valid session id, which has 36 characters."""

CONNECTIONS = 1


class DynamoDbStateStore:
    """The state store in the table that `client` (boto3's, owned from here on) reaches.

    Raises:
        LedgerError: in every method, when DynamoDB did not do what it was asked; the text names table and fix.
    """

    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        self._table = DynamoDbTable(client, table)
        self._name = table
        self._clock = clock

    def load(self) -> str | None:
        """What was saved last, by any watcher."""
        for item in self._table.get([key_of(KEY)]):
            try:
                return decompressed(item["body"])
            except (LookupError, TypeError, ValueError) as error:
                raise LedgerError(
                    f"ledger table {self._name!r} in DynamoDB: its item {KEY.session_id} is not the watcher's"
                ) from error
        return None

    def save(self, text: str) -> None:
        """Replace what was saved before."""
        item = {**key_of(KEY), "savedAt": number(self._clock.time()), "body": compressed(text)}
        if size(item) > LIMITS.item:
            raise LedgerError(f"{len(text)} characters are more than an item of DynamoDB holds")
        self._table.put(item)

    def close(self) -> None:
        """Close the connections."""
        self._table.close()


def open_state_store(settings: Settings, clock: Clock) -> DynamoDbStateStore:
    """The state store beside the ledger that the settings name.

    Raises:
        ConfigError: a setting of `[aws]`, or an endpoint in the environment, that can't be used.
    """
    return DynamoDbStateStore(open_client(settings, CONNECTIONS), settings.ledger_table, clock)
