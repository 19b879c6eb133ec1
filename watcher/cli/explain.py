"""`watcher explain`: one session's life."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from watcher.cli.dead import line_of, members_of
from watcher.cli.echo import echo, echo_wrapped
from watcher.cli.options import SettingsSource, settings_options, settings_or_exit
from watcher.cli.rendering import cell, data_of, event_of, feedback_codes, printable, searched_queue
from watcher.cli.trail import trail_of

if TYPE_CHECKING:
    from watcher.config import Settings
    from watcher.domain.model import DeadLetter, LedgerEntry
    from watcher.domain.ports import Clock
    from watcher.queues import QueuedMessage

_POLICIES_AT_MOST = 1000

INDENT = 6
"""Columns before the later lines of a row that a terminal is too narrow for."""


@click.command()
@click.argument("session_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@settings_options
def command(*, session_id: str, as_json: bool, source: SettingsSource) -> None:
    """Show one session's life.

    Shows receipt, each poll with status and delay, the decision, deliveries and ack, for each policy that decided it;
    and its messages that still wait on the queue, or were dead-lettered, unless they are on SQS, which can't be
    searched.
    """
    from watcher.cli.wait.location import undecided
    from watcher.queues import search, search_dead
    from watcher.util.clock import SystemClock

    if not session_id:  # every message contains it
        raise click.UsageError("the session id is empty")
    settings = settings_or_exit(source)
    clock = SystemClock()
    entries = _decided(settings, clock, session_id)
    queued = searched_queue("queue", lambda: search(settings, clock, session_id))
    # Last: a message that is dead-lettered meanwhile was on the queue before.
    dead = searched_queue("dead letters", lambda: search_dead(settings, session_id))
    if not (entries or queued or dead):
        decided = "the ledger can't be read" if entries is None else undecided(settings)
        raise click.ClickException(f"nothing is known about session {session_id}: {decided}, {_unseen(queued, dead)}")
    if as_json:
        echo(json.dumps(_document(session_id, entries, queued, dead)))
        return
    for entry in entries or ():
        echo(f"session {session_id}, policy {entry.event.key.policy}")
        for line in _life(entry):
            echo_wrapped(f"  {line}", INDENT)
    for message in queued or ():
        echo_wrapped(_waiting(message, clock.time()), INDENT)
    for letter in dead or ():
        echo_wrapped(f"dead-lettered as {line_of(letter)}", INDENT)
        echo_wrapped(f"  to put it back on the queue once that is fixed: watcher dead replay {letter.id}", INDENT)


def _decided(settings: "Settings", clock: "Clock", session_id: str) -> Sequence["LedgerEntry"] | None:
    """The session's entries; None if the ledger can't be read: the queue may still know something."""
    from watcher.domain.errors import LedgerError
    from watcher.ledgers import open_reader

    try:
        with closing(open_reader(settings, clock)) as ledger:
            return ledger.recent(_POLICIES_AT_MOST, session_id)
    except LedgerError as error:
        echo(f"no ledger to read: {error}", err=True)
        return [] if error.is_not_created else None


def _unseen(queued: Sequence["QueuedMessage"] | None, dead: Sequence["DeadLetter"] | None) -> str:
    on_queue = "not on the queue" if queued is not None else "and the queue can't be searched: it may wait there"
    if dead is not None:
        return f"{on_queue}, no dead letter"
    return f"{on_queue}, or be a dead letter: see `watcher dead list`"


def _life(entry: "LedgerEntry") -> Iterator[str]:
    """A line for each event, in order."""
    polls = 0
    for step in trail_of(entry):
        event = step.get("event")
        if event == "decided":
            continue  # shown below, from the recorded event
        polls += event == "poll"
        what, details = _TOLD.get(str(event), _other)(step)
        yield _row(step.get("at"), f"{what} {polls}" if event == "poll" else what, details)
    yield _row(entry.recorded_at, "decided", _decision(entry))
    if codes := feedback_codes(data_of(entry)):
        yield _row(entry.recorded_at, "feedback", ", ".join(codes))
    for sink, at in sorted(entry.delivered.items(), key=lambda delivery: delivery[1]):
        yield _row(at, "delivered", f"to {sink}")
    if entry.acked_at is not None:
        yield _row(entry.acked_at, "acked", "")


def _received(step: dict[str, Any]) -> tuple[str, str]:
    at, sent_at = _number(step.get("at")), _number(step.get("sentAt"))
    told = [f"message {step.get('messageId', '?')}", f"receive {step.get('receiveCount', '?')}"]
    if at is not None and sent_at is not None:
        told.append(f"{max(0.0, at - sent_at):.3f} s after it was sent")
    return "received", ", ".join(told)


def _corrected(step: dict[str, Any]) -> tuple[str, str]:
    claimed, sent = _time(step.get("claimed")), _time(step.get("sentAt"))
    return "corrected", f"the message, sent at {sent}, says {claimed} of the session's creation: too old to be true"


def _hint(step: dict[str, Any]) -> tuple[str, str]:
    source = _HINTS.get(str(step.get("source")), f"source {step.get('source', '?')}")
    return "hint", f"{source}: the person has finished; polled at once"


def _poll(step: dict[str, Any]) -> tuple[str, str]:
    told = str(step.get("result", "?"))
    if (seconds := _number(step.get("seconds"))) is not None:
        told += f" in {seconds:.3f} s"
    if "next" in step:
        told += f", next in {step['next']} s"
    if "error" in step:
        told += f": {step['error']}"
    return "poll", told


def _other(step: dict[str, Any]) -> tuple[str, str]:
    """An event from a newer watcher: its members unchanged."""
    details = {name: value for name, value in step.items() if name not in ("at", "event")}
    return str(step.get("event", "?")), json.dumps(details) if details else ""


_HINTS = {"message": "a queue message", "s3": "a notification from S3", "replica": "another replica's hint"}

_TOLD = {"received": _received, "corrected": _corrected, "hint": _hint, "poll": _poll}


def _decision(entry: "LedgerEntry") -> str:
    data = data_of(entry)
    told = f"{data.get('outcome')}, {data.get('reason')}"
    confidence, threshold, polls = (cell(data.get(member)) for member in ("confidence", "threshold", "polls"))
    unit = "poll" if polls == "1" else "polls"
    return f"{told} (confidence {confidence}, threshold {threshold}, {polls} {unit})"


def _waiting(message: "QueuedMessage", now: float) -> str:
    state = "waits" if message.leased_until is None else f"leased for {message.leased_until - now:.0f} s more"
    sent = f"sent {max(0.0, now - message.sent_at):.0f} s ago, received {message.receive_count}x"
    return f"on the queue: message {message.id} {state}, {sent}: {printable(message.body)}"


def _row(at: object, what: str, details: str) -> str:
    return f"{_time(at):24}  {printable(what):10}  {printable(details, 300)}".rstrip()


def _time(at: object) -> str:
    from watcher.util.rfc3339 import timestamp_of

    return timestamp_of(at)


def _number(value: object) -> float | None:
    """A number from a trail; None if it is not a number, because the trail may be damaged."""
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None


def _document(
    session_id: str,
    entries: Sequence["LedgerEntry"] | None,
    queued: Sequence["QueuedMessage"] | None,
    dead: Sequence["DeadLetter"] | None,
) -> dict[str, Any]:
    """What is known; null is what could not be read."""
    return {
        "sessionId": session_id,
        "decisions": None if entries is None else [_recorded(entry) for entry in entries],
        "queued": None if queued is None else [_message(message) for message in queued],
        "deadLetters": None if dead is None else [members_of(letter) for letter in dead],
    }


def _recorded(entry: "LedgerEntry") -> dict[str, Any]:
    return {
        "policy": entry.event.key.policy,
        "recordedAt": _time(entry.recorded_at),
        "delivered": {sink: _time(at) for sink, at in entry.delivered.items()},
        "ackedAt": None if entry.acked_at is None else _time(entry.acked_at),
        "trail": trail_of(entry),
        "event": event_of(entry),
    }


def _message(message: "QueuedMessage") -> dict[str, Any]:
    return {
        "id": message.id,
        "state": "waiting" if message.leased_until is None else "leased",
        "leasedUntil": None if message.leased_until is None else _time(message.leased_until),
        "sentAt": _time(message.sent_at),
        "receiveCount": message.receive_count,
        "body": message.body,
    }
