"""Whether a ledger's record is a decision that can be delivered."""

import json

from watcher.domain.model import DecisionEvent, SessionKey
from watcher.util.compact_json import compact_json

MOST_TEXT = 2 * 1024 * 1024
"""Maximum bytes of an event or a trail: twice what a message of 256 KiB can become (JSON writes 1e15 as a number of
18 digits). Longer ones are not the watcher's, and compressed they unpack to a thousand times what is stored."""

_MEMBERS = ("outcome", "reason")

DAMAGED = "the ledger's record of its decision is damaged: restore or delete it there, then replay this message"
"""The fault of an entry that can't be delivered."""


def fault_in(event: DecisionEvent) -> str:
    """Why a recorded event can't be delivered; empty if it can.

    It may be damaged, or replaced by another session's. Then it must reach no sink, and the session must not be
    decided again, because receivers of the first decision would get a different one.
    """
    return "" if _is_sound(event.key, event.body) else DAMAGED


def _is_sound(key: SessionKey, body: str) -> bool:
    try:
        event = json.loads(body, parse_constant=_refuse)
        data = event["data"]
        members = [data[name] for name in _MEMBERS] + [event["time"]]
        of_whom = (data["sessionId"], data["policy"], event["id"])
        body.encode()
        compact_json(event)  # a sink without scores gets it written anew
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    is_one_line = "\n" not in body and "\r" not in body  # sinks write one per line
    return is_one_line and of_whom == (*key, key.event_id) and all(isinstance(member, str) for member in members)


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
