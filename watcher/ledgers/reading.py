"""Whether what a ledger brings back is a decision that can be handed on."""

import json

MOST_TEXT = 2 * 1024 * 1024
"""Bytes of an event or a trail that is read: twice what a message of 256 KiB can become (JSON writes 1e15 as a number
of 18 digits). Longer ones are somebody else's, and compressed they unpack to a thousand times what is stored."""

_MEMBERS = ("sessionId", "outcome", "reason", "policy")


def fault_in(body: str) -> str:
    """What keeps a recorded event from being handed on; empty if nothing does.

    Somebody may have damaged it. It must reach no sink then, and the session must not be decided anew: whoever had
    the first decision would get another.
    """
    try:
        event = json.loads(body)
        members = [event["data"][name] for name in _MEMBERS] + [event["id"], event["time"]]
        body.encode()
    except (ValueError, LookupError, TypeError, RecursionError):
        members = [None]
    if all(isinstance(member, str) for member in members):
        return ""
    return "the ledger's record of its decision is damaged: restore or delete it there, then replay this message"
