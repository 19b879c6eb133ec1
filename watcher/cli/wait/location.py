"""Where a session is that has no decision yet: on the queue, among the dead letters, or nowhere."""

import json
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from watcher.cli.rendering import printable
from watcher.cli.wait.constants import CONSTANTS
from watcher.consumer.envelope import opened
from watcher.consumer.message import parse_message
from watcher.consumer.s3_notification import s3_notification
from watcher.domain.errors import InvalidMessage, QueueError
from watcher.domain.model import SessionKey
from watcher.queues import search, search_dead
from watcher.util.urls import own_url

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
    unknown_policy = _unknown_policy(key, settings.decision.policies)
    if queued is None:
        return Location(unknown_policy or UNSEARCHABLE + _elsewhere(settings), is_final=bool(unknown_policy))
    waiting = _asking(queued, key, settings.decision.policies)
    dead_letters = _asking(dead or (), key, settings.decision.policies)
    if waiting.mine:
        words = _absent_watcher(settings.http), _on_queue(waiting.mine, clock.time())
        return Location("; ".join(filter(None, words)))
    if dead_letters.mine:
        return Location(_dead(dead_letters.mine[-1]), is_final=True)
    for found, where in ((waiting, "on the queue"), (dead_letters, "dead letter")):
        if found.policies:
            return Location(
                f"{where} under policy {printable(found.policies[0])}: give that as --policy", is_final=True
            )
    return Location(unknown_policy or UNKNOWN.replace("not decided", undecided(settings)), is_final=True)


def _unknown_policy(key: SessionKey, policies: Collection[str]) -> str:
    """Why no message can ask for this policy; empty if one can."""
    try:
        parse_message(json.dumps({"sessionId": key.session_id, "policy": key.policy}), 0.0, policies)
    except InvalidMessage as fault:
        return str(fault)
    return ""


def undecided(settings: "Settings") -> str:
    """What is known of a session that the reader has no decision of: of several watchers' memories it reads one."""
    if settings.ledger_kind != "none":
        return "not decided"
    return f"not decided by the watcher at {own_url(settings.http.host, settings.http.port)}"


def _elsewhere(settings: "Settings") -> str:
    return f"; {undecided(settings)}, but perhaps by another one" if settings.ledger_kind == "none" else ""


M = TypeVar("M", "QueuedMessage", "DeadLetter")


@dataclass(frozen=True, slots=True)
class _Asking(Generic[M]):
    """Messages that ask for a session, or can't be read; and the other policies that others ask for it under."""

    mine: Sequence[M]
    policies: Sequence[str]


def _asking(messages: "Sequence[M]", key: SessionKey, policies: Collection[str]) -> _Asking[M]:
    """Sort messages that have the session's id somewhere in their text."""
    requests = [(message, _key_in(message, policies)) for message in messages if not _is_hint(message)]
    mine = [message for message, found in requests if found in (key, None)]
    same_session = [found for _, found in requests if found and found.session_id == key.session_id]
    return _Asking(mine, [found.policy for found in same_session if found != key])


def _is_hint(message: "QueuedMessage | DeadLetter") -> bool:
    """Whether it only announces an image of a session, and starts none."""
    try:
        return s3_notification(opened(message.body).fields) is not None
    except InvalidMessage:
        return False


def _key_in(message: "QueuedMessage | DeadLetter", policies: Collection[str]) -> SessionKey | None:
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
