"""From decision lines to the figures of a table."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.peers.endpoint import Made
from tests.benchmarks.peers.lives import Life
from watcher.util.rfc3339 import creation_time


@dataclass(frozen=True, slots=True)
class Told:
    """A decision: its outcome and its epoch seconds."""

    outcome: str
    at: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came of sessions that arrived one by one. Seconds are the clock's; throttled is a share of the calls.

    `missed` is the share of sessions that ended and whose decision does not say so.
    """

    sessions: int
    cpu_ms: float
    calls: float
    p50: float
    p95: float
    throttled: float
    missed: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """What so many sessions in flight take: MB resident, MB of the broker's server, threads, processes."""

    sessions: int
    polled: int
    rss: float
    broker: float
    threads: int
    processes: int


@dataclass(slots=True)
class Row:
    """A peer's line. `trouble` says why something is missing."""

    name: str
    waits: str = ""
    trouble: str = ""
    rate: float | None = None
    """Decisions a second with the sessions over when they come."""
    traffic: dict[str, Traffic] | None = None
    """By quota."""
    waiting: list[Waiting] | None = None


def decisions(lines: Iterable[str]) -> dict[str, Told]:
    """The first decision of each session; a last line that is not whole yet is left out."""
    found: dict[str, Told] = {}
    for line in lines:
        if line.endswith("\n"):
            session_id, told = decision(json.loads(line))
            found.setdefault(session_id, told)
    return found


def decision(line: dict[str, Any]) -> tuple[str, Told]:
    """A peer's line, or the watcher's event."""
    data = line.get("data", line)
    at = data["decidedAt"]
    seconds = creation_time(at) if isinstance(at, str) else at
    assert seconds is not None
    return data["sessionId"], Told(data["outcome"], seconds)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all are not above; not a number for none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def delays(made: Sequence[tuple[Made, Life]], told: dict[str, Told], time_scale: float) -> list[float]:
    """Seconds from a session's end to its decision, for those that end and are decided as they should be."""
    return [
        max(0.0, told[session.id].at - session.created - life.ends_at / time_scale)
        for session, life in made
        if is_right(session, life, told) and life.outcome != "inconclusive"
    ]


def missed(made: Sequence[tuple[Made, Life]], told: dict[str, Told]) -> float:
    """The share of sessions that ended without a decision that says so."""
    ended = [(session, life) for session, life in made if life.outcome != "inconclusive"]
    wrong = sum(not is_right(session, life, told) for session, life in ended)
    return wrong / len(ended) if ended else math.nan


def is_right(session: Made, life: Life, told: dict[str, Told]) -> bool:
    return session.id in told and told[session.id].outcome == life.outcome


def middle_rate(times: Sequence[float]) -> float:
    """Decisions a second between the first 5 % and the last: neither the start nor a straggler counts."""
    ordered = sorted(times)
    cut = len(ordered) // 20
    first, last = ordered[cut], ordered[-1 - cut]
    return (len(ordered) - 2 * cut - 1) / (last - first) if last > first else math.nan
