"""A ledger entry as a DynamoDB item, and back.

The table's key is `sessionId` + `policy`: the key itself allows only one decision, and one session's entries are one
consistent query. The index BY_TIME has only the keys of every item, in the order of `sequence`; deliveries and acks
change none of its attributes, so they cost no write there. It is a single partition, which accepts 1000 writes a
second; a partition per day would get all of that day's writes anyway. Face Liveness allows 25 sessions a second
before its quota is raised.
"""

import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from watcher.domain.model import DecisionEvent, LedgerEntry, SessionKey
from watcher.ledgers.dynamodb.limits import LIMITS
from watcher.ledgers.reading import MOST_TEXT, fault_in
from watcher.ledgers.retention import LIFE
from watcher.util.rfc3339 import LATEST

Item = Mapping[str, Mapping[str, Any]]
"""Attributes in DynamoDB's own notation: a map from name to {type: value}."""

BY_TIME = "by-time"
"""The index's name: partition key `log`, sort key `sequence`."""

LOG = {"S": "decisions"}
"""The value of `log` in every item."""

MOST_SEQUENCE = 10**30
"""Above every number from `Numbering`."""

NO_TRAIL = "[]"


def key_of(key: SessionKey) -> dict[str, dict[str, str]]:
    """The table's primary key."""
    return {"sessionId": {"S": key.session_id}, "policy": {"S": key.policy}}


def fitting(entry: LedgerEntry) -> tuple[dict[str, Any], bool]:
    """The item for a new entry, and whether it includes the trail, which is left out if it would not fit."""
    item = _item(entry, entry.trail)
    if size(item) <= LIMITS.item:
        return item, True
    return _item(entry, NO_TRAIL), False


def entry_of(item: Item) -> LedgerEntry:
    """The entry in an item.

    Raises:
        LookupError, TypeError, ValueError, ArithmeticError: not an item of the watcher's.
    """
    event = DecisionEvent(key_in(item), decompressed(item["body"]))
    return LedgerEntry(
        event=event,
        recorded_at=_time(item["recordedAt"]),
        trail=decompressed(item["trail"]),
        delivered={sink: _time(at) for sink, at in item["delivered"]["M"].items()},
        acked_at=_time(item["settledAt"]) if "settledAt" in item else None,
        sequence=_sequence(item["sequence"]),
        fault=fault_in(event),
    )


def key_in(item: Item) -> SessionKey:
    """The key of an item of the table or of the index.

    Raises:
        LookupError, TypeError: it has none.
    """
    session_id, policy = item["sessionId"]["S"], item["policy"]["S"]
    if not isinstance(session_id, str) or not isinstance(policy, str):
        raise TypeError
    return SessionKey(session_id, policy)


def size(item: Item) -> int:
    """Bytes of an item without nested values, as DynamoDB counts them (its numbers are smaller than their digits)."""
    values = (value for attribute in item.values() for value in attribute.values())
    return sum(map(len, item)) + sum(
        len(value.encode() if isinstance(value, str) else value) for value in values if isinstance(value, str | bytes)
    )


def number(value: float) -> dict[str, str]:
    """A number in DynamoDB's notation; it keeps 38 digits, so that every float comes back as it was."""
    return {"N": repr(value)}


def compressed(text: str) -> dict[str, Any]:
    """A text as a value of an attribute, compressed if it is long."""
    return {"S": text} if len(text) < LIMITS.packed_from else {"B": zlib.compress(text.encode())}


def decompressed(value: Mapping[str, Any]) -> str:
    """The text in a value.

    Raises:
        LookupError, TypeError, ValueError: `packed` did not write it.
    """
    if "S" in value:
        return str(value["S"])
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(value["B"], MOST_TEXT)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if reader.unconsumed_tail:
        raise ValueError("larger than any text of a ledger")
    return text.decode()


def _time(value: Mapping[str, Any]) -> float:
    seconds = float(value["N"])
    if not 0 <= seconds <= LATEST:  # also fails if it is not a number
        raise ValueError("no time")
    return seconds


def _sequence(value: Mapping[str, Any]) -> int:
    number = Decimal(value["N"])
    if not 0 <= number < MOST_SEQUENCE:  # before it becomes an int, which would take long for "1e999999"
        raise ValueError("no sequence number")
    return int(number)


def _item(entry: LedgerEntry, trail: str) -> dict[str, Any]:
    return {
        **key_of(entry.event.key),
        "log": LOG,
        "sequence": number(entry.sequence),
        "recordedAt": number(entry.recorded_at),
        # The table's TTL attribute. An expired entry that DynamoDB hasn't deleted yet still counts.
        "expiresAt": number(int(entry.recorded_at) + LIFE),
        "body": compressed(entry.event.body),
        "trail": compressed(trail),
        # Created with the item: an update can set a member of a map, but not create the map.
        "delivered": {"M": {}},
    }
