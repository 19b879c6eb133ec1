"""A ledger entry as a DynamoDB item, and back.

The table's key is `sessionId` + `policy`: the key itself lets only one decision in, and one session's entries are one
consistent query. The index BY_TIME holds every item's keys, and nothing else, in the order of `sequence`; deliveries
and acks change no attribute of it, so they cost no write there. All of it is one partition, because a partition takes
1000 writes a second and a day's partition would get all of the day's: Face Liveness allows 25 sessions a second
before its quota is raised.
"""

import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from watcher.model import DecisionEvent, LedgerEntry, SessionKey

Item = Mapping[str, Mapping[str, Any]]
"""Attributes in DynamoDB's own notation: a map from name to {type: value}."""

BY_TIME = "by-time"
"""The index's name: partition key `log`, sort key `sequence`."""

LOG = {"S": "decisions"}
"""What every item has in `log`."""

LIFE = 30 * 86_400
"""Seconds until an entry may be deleted (`expiresAt`, the table's TTL attribute).

Its message lives 14 days at most on a queue of SQS and, put aside and replayed, 14 more as a new one. Were the entry
gone by then, AWS would be asked anew about a session it has forgotten, and somebody `live` would come out
`inconclusive`. An entry past its time that DynamoDB hasn't deleted yet still counts.
"""

MAX_BYTES = 390_000
"""What an item may have when it is written: DynamoDB's limit of 400 KB, less the marks of deliveries and the ack."""

PACKED_FROM = 32_768
"""Characters from which a text is stored compressed.

A message of 256 KiB can become an event of three times that, because JSON escapes two to four bytes in six to twelve.
"""

NO_TRAIL = "[]"


def key_of(key: SessionKey) -> dict[str, dict[str, str]]:
    """The table's primary key."""
    return {"sessionId": {"S": key.session_id}, "policy": {"S": key.policy}}


def fitting(entry: LedgerEntry) -> tuple[dict[str, Any], bool]:
    """The item for a new entry, and whether its trail is in it: an item that would be too large goes without."""
    item = _item(entry, entry.trail)
    if size(item) <= MAX_BYTES:
        return item, True
    return _item(entry, NO_TRAIL), False


def entry_of(item: Item) -> LedgerEntry:
    """The entry in an item.

    Raises:
        LookupError, TypeError, ValueError: somebody else's item.
    """
    return LedgerEntry(
        event=DecisionEvent(key_in(item), _unpacked(item["body"])),
        recorded_at=float(item["recordedAt"]["N"]),
        trail=_unpacked(item["trail"]),
        delivered={sink: float(at["N"]) for sink, at in item["delivered"]["M"].items()},
        settled_at=float(item["settledAt"]["N"]) if "settledAt" in item else None,
        sequence=int(Decimal(item["sequence"]["N"])),
    )


def key_in(item: Item) -> SessionKey:
    """The key that an item, of the table or of the index, is about."""
    return SessionKey(item["sessionId"]["S"], item["policy"]["S"])


def size(item: Item) -> int:
    """Bytes of an item without nested values, as DynamoDB counts them (its numbers are smaller than their digits)."""
    values = (value for attribute in item.values() for value in attribute.values())
    return sum(map(len, item)) + sum(
        len(value.encode() if isinstance(value, str) else value) for value in values if isinstance(value, str | bytes)
    )


def number(value: float) -> dict[str, str]:
    """A number in DynamoDB's notation; it keeps 38 digits, so that every float comes back as it was."""
    return {"N": repr(value)}


def _item(entry: LedgerEntry, trail: str) -> dict[str, Any]:
    return {
        **key_of(entry.event.key),
        "log": LOG,
        "sequence": number(entry.sequence),
        "recordedAt": number(entry.recorded_at),
        "expiresAt": number(int(entry.recorded_at) + LIFE),
        "body": _packed(entry.event.body),
        "trail": _packed(trail),
        # There from the start: an update can set a member of a map, but not make the map on the way.
        "delivered": {"M": {}},
    }


def _packed(text: str) -> dict[str, Any]:
    return {"S": text} if len(text) < PACKED_FROM else {"B": zlib.compress(text.encode(), 9)}


def _unpacked(value: Mapping[str, Any]) -> str:
    if "S" in value:
        return str(value["S"])
    return zlib.decompress(value["B"]).decode()
