"""The JSON Schema of the messages that `message.py` reads."""

from typing import Any

from watcher.domain.json_schema import DIALECT, members, nullable, session_id, text, time, traceparent
from watcher.domain.model import DEFAULT_POLICY


def message_schema() -> dict[str, Any]:
    """The schema of a JSON message, draft 2020-12; a bare session id is a message as well.

    It leaves out what only the watcher knows: the policies, and limits in bytes.
    """
    properties = {
        "sessionId": session_id("The session id, as CreateFaceLivenessSession gave it: a lowercase UUID."),
        "createdAt": nullable(time("When the session was created; without it, when the message was sent.")),
        "policy": nullable(text(f"A policy of the settings; without it `{DEFAULT_POLICY}`.", minLength=1)),
        "context": {
            "type": ["object", "null"],
            "description": "Passed through to the event: at most 240 KiB and 100 levels.",
        },
        "complete": {
            "type": ["boolean", "null"],
            "description": "true: the person has finished, so the session is polled at once. It decides nothing.",
        },
        "traceparent": nullable(traceparent("W3C Trace Context, passed through to the event.")),
    }
    optional = tuple(name for name in properties if name != "sessionId")
    return {
        "$schema": DIALECT,
        "title": "liveness-watcher message",
        **members("Asks for the decision on one session; at most 256 KiB.", properties, optional=optional),
    }
