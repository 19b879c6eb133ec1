"""Whether a history keeps what the watcher promises. Pure, and of its own: it shares no code with the watcher."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tests.chaos.history import Accepted, Ending, History

TIMEOUTS = {"timed_out", "not_started"}

LAST_SECOND = 1.5
"""Seconds before the deadline in which a time-out is not early: the poll that is kept for the end begins a second
before it, and the times in an event are rounded."""

CREATION_SLACK = 2.0
"""Seconds by which `createdAt` may lie outside of the moments in which the message was sent: times are rounded."""


class Kind(StrEnum):
    LOST = "lost"
    CONTRADICTED = "contradicted"
    FORGED = "live without a reason"
    WRONG = "wrong outcome"
    EARLY = "timed out early"
    MISDATED = "createdAt that never was"
    UNKNOWN = "decided, never accepted"
    UNRECORDED = "delivered, not in the ledger"
    UNDELIVERED = "in the ledger, not delivered"
    UNACKED = "delivered, not acked"
    LEFT = "left on the queue"
    DEAD = "dead letter without a reason"
    STRAY = "stray output"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Violation:
    kind: Kind
    about: str
    detail: str = ""


def check(history: History) -> list[Violation]:
    """Every promise that is broken; empty when all is well."""
    return [violation for rule in _RULES for violation in rule(history)]


def _events(history: History) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """All events, wherever they are: place, text, content."""
    for row in history.ledger:
        yield "ledger", row.raw, row.event
    for seen in history.seen:
        yield seen.sink, seen.raw, seen.event


def _about(event: dict[str, Any]) -> str:
    return str(event.get("id"))


def _nothing_is_lost(history: History) -> Iterator[Violation]:
    """Each accepted message is decided, a dead letter, or still on the queue."""
    decided = {_about(event) for _, _, event in _events(history)}
    elsewhere = [*history.left, *(letter.body for letter in history.dead)]
    for key, accepted in history.accepted.items():
        if accepted.is_certain and key not in decided and not any(accepted.session_id in body for body in elsewhere):
            yield Violation(Kind.LOST, key)


def _one_session_has_one_event(history: History) -> Iterator[Violation]:
    first: dict[str, tuple[str, str]] = {}
    for place, raw, event in _events(history):
        known_place, known = first.setdefault(_about(event), (place, raw))
        if known != raw:
            yield Violation(Kind.CONTRADICTED, _about(event), f"{known_place}: {known} / {place}: {raw}")


def _nothing_was_made_up(history: History) -> Iterator[Violation]:
    for place, _, event in _events(history):
        if _about(event) not in history.accepted:
            yield Violation(Kind.UNKNOWN, _about(event), place)


def _known_events(history: History) -> Iterator[tuple[Accepted, dict[str, Any]]]:
    for _, _, event in _events(history):
        accepted = history.accepted.get(_about(event))
        if accepted is not None:
            yield accepted, event["data"]


def _live_is_earned(history: History) -> Iterator[Violation]:
    """`live` needs the endpoint's SUCCEEDED, its very score, no less than the policy's threshold, and an image."""
    for accepted, data in _known_events(history):
        script, confidence = accepted.script, data.get("confidence")
        is_earned = (
            script.ending is Ending.SUCCEEDED
            and script.has_image
            and isinstance(confidence, int | float)
            and math.isclose(confidence, script.confidence, abs_tol=1e-3)
            and script.confidence >= accepted.threshold
        )
        if data.get("outcome") == "live" and not is_earned:
            yield Violation(Kind.FORGED, accepted.event_id, f"{confidence} for {script}")


def _the_outcome_is_the_scripts(history: History) -> Iterator[Violation]:
    for accepted, data in _known_events(history):
        found = (data.get("outcome"), data.get("reason"))
        if found != _wanted(accepted) and not (accepted.may_time_out and data.get("reason") in TIMEOUTS):
            detail = f"{found} for {accepted.script}, lastError {data.get('lastError')}"
            yield Violation(Kind.WRONG, accepted.event_id, detail)


def _wanted(accepted: Accepted) -> tuple[str, str]:
    script = accepted.script
    if script.ending is Ending.FAILED:
        return "inconclusive", "session_failed"
    if script.ending is Ending.NEVER:
        return "inconclusive", "timed_out"
    if script.confidence < accepted.threshold:
        return "not_live", "confidence_below_threshold"
    return ("live", "confidence_met") if script.has_image else ("inconclusive", "reference_image_missing")


def _nobody_times_out_early(history: History) -> Iterator[Violation]:
    """Neither by the scenario's own clock nor by what the event itself claims."""
    for seen in history.seen:
        accepted = history.accepted.get(_about(seen.event))
        if accepted is None or seen.event["data"].get("reason") not in TIMEOUTS:
            continue
        if seen.at is not None and seen.at - accepted.sent_at < history.timeout - LAST_SECOND:
            yield Violation(Kind.EARLY, accepted.event_id, f"{seen.at - accepted.sent_at:.1f} s after it was sent")
        data = seen.event["data"]
        claimed = _epoch(data["decidedAt"]) - _epoch(data["createdAt"])
        if claimed < history.timeout - LAST_SECOND:
            yield Violation(Kind.EARLY, accepted.event_id, f"it claims to be {claimed:.1f} s old")


def _creation_times_are_true(history: History) -> Iterator[Violation]:
    for accepted, data in _known_events(history):
        before, after = accepted.created_between
        if not before - CREATION_SLACK <= _epoch(data["createdAt"]) <= after + CREATION_SLACK:
            yield Violation(Kind.MISDATED, accepted.event_id, f"{data['createdAt']}, sent at {before:.1f}")


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _the_ledger_comes_first(history: History) -> Iterator[Violation]:
    """What a sink has, the ledger has: else a redelivery could decide again."""
    recorded = {row.event_id for row in history.ledger} | history.ledger_gone
    for seen in history.seen:
        if _about(seen.event) not in recorded:
            yield Violation(Kind.UNRECORDED, _about(seen.event), seen.sink)


def _every_sink_has_all(history: History) -> Iterator[Violation]:
    """What was acked is nobody's any more: it must have been delivered. What wasn't must still be on the queue."""
    dead = [letter.body for letter in history.dead]
    for row in history.ledger:
        session = row.event_id.partition(":")[0]
        missing = [sink for sink in history.sinks if not _has(history, sink, row.event_id)]
        is_elsewhere = any(session in body for body in [*history.left, *dead])
        if missing and (row.is_acked or not is_elsewhere):
            yield Violation(Kind.UNDELIVERED, row.event_id, ", ".join(missing))
        if not missing and not row.is_acked and not is_elsewhere:
            yield Violation(Kind.UNACKED, row.event_id)


def _has(history: History, sink: str, event_id: str) -> bool:
    return any(seen.sink == sink and _about(seen.event) == event_id for seen in history.seen)


def _the_queue_is_explained(history: History) -> Iterator[Violation]:
    """What is left was accepted, and waits for an end that the scenario did not wait for."""
    for body in history.left:
        is_known = any(accepted.session_id in body for accepted in history.accepted.values())
        if not history.may_wait or not is_known:
            yield Violation(Kind.LEFT, body[:100])


def _dead_letters_are_explained(history: History) -> Iterator[Violation]:
    for letter in history.dead:
        if not letter.reason.strip():
            yield Violation(Kind.DEAD, letter.body[:100], "no reason")
        good = [a.event_id for a in history.accepted.values() if a.session_id in letter.body and not a.may_be_dead]
        if good:
            yield Violation(Kind.DEAD, good[0], f"it could have been decided: {letter.reason}")


def _processes_behave(history: History) -> Iterator[Violation]:
    for text in history.strays:
        yield Violation(Kind.STRAY, text[:300])
    for text in history.crashes:
        yield Violation(Kind.CRASHED, text[:300])


_RULES = (
    _nothing_is_lost,
    _one_session_has_one_event,
    _nothing_was_made_up,
    _live_is_earned,
    _the_outcome_is_the_scripts,
    _nobody_times_out_early,
    _creation_times_are_true,
    _the_ledger_comes_first,
    _every_sink_has_all,
    _the_queue_is_explained,
    _dead_letters_are_explained,
    _processes_behave,
)
