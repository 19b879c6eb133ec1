"""The ledger in a DynamoDB table, for watchers that share no disk. `deploy/aws/template.yaml` creates the table.

A decision is one item (see `items`), written on condition that there is none with its key: the first writer wins, and
all others get the existing item. That costs a write of the item, one of its keys in the index, and an update for each
sink and for the ack.

The ledger only reads and writes items, and does not check the table: a missing or wrong table shows with the first
call.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import structlog

from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.model import DecisionEvent, LedgerEntry, SessionKey
from watcher.domain.ports import Clock
from watcher.domain.session_id import SESSION_ID
from watcher.ledgers.dynamodb.items import BY_TIME, LOG, NO_TRAIL, Item, entry_of, fitting, key_in, key_of, number
from watcher.ledgers.dynamodb.limits import LIMITS
from watcher.ledgers.dynamodb.sequence import Numbering
from watcher.ledgers.dynamodb.table import DynamoDbTable, open_client
from watcher.ledgers.reading import DAMAGED
from watcher.util.parallel import for_each

log = structlog.get_logger(__name__)


class DynamoDbLedger:
    """The ledger in the table that `client` (boto3's, owned from here on) reaches.

    Raises:
        LedgerError: in every method, if a DynamoDB operation fails; the text names table and fix.
    """

    def __init__(self, client: Any, table: str, clock: Clock, *, settling: float = LIMITS.settling) -> None:
        self._table = DynamoDbTable(client, table)
        self._name = table
        self._clock = clock
        self._numbering = Numbering(clock)
        self._settling = settling

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The entries that exist for these keys."""
        items = self._table.get(key_of(key) for key in dict.fromkeys(keys))
        return {entry.event.key: entry for entry in map(self._entry, items)}

    def record(self, events: Sequence[tuple[DecisionEvent, str]]) -> Sequence[LedgerEntry]:
        """Write each decision unless one is there; returns the entries that stand, in order.

        If the trail would make an item too large for DynamoDB, it is left out, and that is logged: only `explain`
        needs it.
        """
        first: dict[SessionKey, LedgerEntry] = {}
        for event, trail in events:
            if event.key not in first:
                first[event.key] = LedgerEntry(event, self._clock.time(), trail, sequence=self._numbering.next())
        standing = dict(zip(first, for_each(self._put, list(first.values()), LIMITS.writes), strict=True))
        return [standing[event.key] for event, _ in events]

    def mark_delivered(self, keys: Sequence[SessionKey], sink: str) -> None:
        """Note that `sink` has these events; the first time stays."""
        self._note(keys, "#delivered.#sink", {"#delivered": "delivered", "#sink": sink})

    def mark_acked(self, keys: Sequence[SessionKey]) -> None:
        """Note that these messages are acked; the first time stays."""
        self._note(keys, "#settled", {"#settled": "settledAt"})

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        """The newest `limit` entries, oldest first."""
        if limit <= 0:
            return []
        if session_id is not None:
            # Other items of the watcher's have keys that are not session ids.
            return self._of_session(session_id)[-limit:] if SESSION_ID.fullmatch(session_id) else []
        return self._by_time(limit, "#log = :log", {"#log": "log"}, {":log": LOG}, ScanIndexForward=False)

    def after(self, sequence: int, limit: int) -> Sequence[LedgerEntry]:
        """Entries recorded after the one with this `sequence`, in order, once settled (`LIMITS.settling`)."""
        first, last = sequence + 1, self._numbering.at(self._settling)
        if limit <= 0 or last < first:
            return []
        return self._by_time(
            limit,
            "#log = :log AND #sequence BETWEEN :first AND :last",
            {"#log": "log", "#sequence": "sequence"},
            {":log": LOG, ":first": number(first), ":last": number(last)},
        )

    def close(self) -> None:
        """Close the connections."""
        self._table.close()

    def _put(self, entry: LedgerEntry) -> LedgerEntry:
        item, has_trail = fitting(entry)
        standing = self._table.put_new(item)
        if standing is not None:
            return self._entry(standing)
        if has_trail:
            return entry
        log.warning("trail_dropped", session_id=entry.event.key.session_id, reason="too large for an item")
        return replace(entry, trail=NO_TRAIL)

    def _note(self, keys: Iterable[SessionKey], path: str, names: Mapping[str, str]) -> None:
        values = {":now": number(self._clock.time())}
        expression = f"SET {path} = if_not_exists({path}, :now)"
        distinct = list(dict.fromkeys(keys))
        for_each(lambda key: self._table.update(key_of(key), expression, names, values), distinct, LIMITS.writes)

    def _of_session(self, session_id: str) -> list[LedgerEntry]:
        items = self._table.query(
            KeyConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": "sessionId"},
            ExpressionAttributeValues={":id": {"S": session_id}},
            ConsistentRead=True,
        )
        return sorted(map(self._entry, items), key=lambda entry: entry.sequence)

    def _by_time(
        self, limit: int, condition: str, names: Mapping[str, str], values: Item, **how: Any
    ) -> list[LedgerEntry]:
        """The first `limit` entries of the index under this condition, in the order of their numbers."""
        items = self._table.query(
            IndexName=BY_TIME,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            Limit=limit,
            **how,
        )
        found = self.find([self._key(item) for item in islice(items, limit)])
        return sorted(found.values(), key=lambda entry: entry.sequence)

    def _entry(self, item: Item) -> LedgerEntry:
        """The entry in an item; one with a `fault` if only its key can be read."""
        key = self._key(item)
        try:
            return entry_of(item)
        except Exception:  # noqa: BLE001 - an item may have anything in it, and numbers have errors of their own
            log.warning("entry_unreadable", session_id=key.session_id, policy=key.policy, table=self._name)
            return LedgerEntry(DecisionEvent(key, ""), 0.0, fault=DAMAGED)

    def _key(self, item: Item) -> SessionKey:
        try:
            return key_in(item)
        except (LookupError, TypeError) as error:
            raise LedgerError(
                f"ledger table {self._name!r} in DynamoDB: an item has no session id and policy;"
                " check AWS_ENDPOINT_URL_DYNAMODB, or set ledger.url to a table of the ledger's own"
            ) from error


def open_ledger(settings: Settings, clock: Clock) -> DynamoDbLedger:
    """The ledger in the table that the settings name; the table is never created.

    Raises:
        ConfigError: an invalid setting of `[aws]`, or an invalid endpoint in the environment.
    """
    return DynamoDbLedger(open_client(settings, LIMITS.connections), settings.ledger_table, clock)


open_reader = open_ledger
