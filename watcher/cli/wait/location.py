"""Where a session is that has no decision yet: on the queue, among the dead letters, or nowhere."""

import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.cli.rendering import printable
from watcher.cli.wait.constants import CONSTANTS
from watcher.consumer.envelope import opened
from watcher.consumer.message import parse_message
from watcher.consumer.s3_notification import s3_notification
from watcher.domain.errors import InvalidMessage, QueueError
from watcher.domain.model import SessionKey
from watcher.queues import search, search_dead

if TYPE_CHECKING:
    from watcher.config import Settings
    from watcher.config.settings import HttpSettings
    from watcher.domain.model import DeadLetter
    from watcher.domain.ports import Clock
    from watcher.queues import QueuedMessage

UNKNOWN = "unknown: not decided, not on the queue, no dead letter"
UNSEARCHABLE = "it may be on the queue or among the dead letters, which can't be searched on SQS"


@dataclass(frozen=True, slots=True)
class Location:
    """What is known of an undecided session, in words. `is_final`: waiting longer will not bring a decision."""

    words: str
    is_final: bool = False


Locate = Callable[[SessionKey], Location]
"""Finds out where a session is."""


def locate(settings: "Settings", clock: "Clock", key: SessionKey) -> Location:
    """Where the queue has the session."""
    try:
        queued = search(settings, clock, key.session_id)
        # After the queue: a message moves from there to the dead letters.
        dead = search_dead(settings, key.session_id)
    except QueueError as error:
        return Location(f"the queue can't be searched: {error}")
    if queued is None:
        return Location(UNSEARCHABLE)
    requests = [message for message in queued if not _is_hint(message)]
    asked = [(message, _key_in(message, settings.decision.policies)) for message in requests]
    if mine := [message for message, found in asked if found in (key, None)]:
        return Location("; ".join(filter(None, (_absent_watcher(settings.http), _on_queue(mine, clock.time())))))
    if dead:
        return Location(_dead(dead[-1]), is_final=True)
    if others := [found.policy for _, found in asked if found and found.session_id == key.session_id]:
        return Location(f"on the queue under policy {printable(others[0])}: give that as --policy", is_final=True)
    return Location(UNKNOWN, is_final=True)


def _is_hint(message: "QueuedMessage") -> bool:
    """Whether it only announces an image of a session, and starts none."""
    try:
        return s3_notification(opened(message.body).fields) is not None
    except InvalidMessage:
        return False


def _key_in(message: "QueuedMessage", policies: Collection[str]) -> SessionKey | None:
    """Whose message it is; None if it can't be read: the watcher will dead-letter it, and then there is a reason."""
    try:
        return parse_message(message.body, message.sent_at, policies).key
    except InvalidMessage:
        return None


def _on_queue(messages: "Sequence[QueuedMessage]", now: float) -> str:
    leased_until = [message.leased_until for message in messages if message.leased_until is not None]
    if leased_until:
        return f"a watcher holds its message, leased for {max(0.0, leased_until[0] - now):.0f} s more"
    return f"its message waits on the queue, sent {max(0.0, now - messages[-1].sent_at):.0f} s ago"


def _dead(letter: "DeadLetter") -> str:
    why = f"{letter.reason}: {printable(letter.detail, 200)}"
    return f"dead letter {letter.id}, {why}; once that is fixed: watcher dead replay {letter.id}"


def _absent_watcher(http: "HttpSettings") -> str:
    """What to say if no watcher runs on this machine, as one with a queue in a file does; empty if one may."""
    if not http.port:
        return ""
    try:
        socket.create_connection((http.host, http.port), CONSTANTS.connect_timeout).close()
    except ConnectionRefusedError:
        return f"nothing listens at {http.host}:{http.port} (is `watcher run` running?)"
    except OSError:
        return ""
    return ""
