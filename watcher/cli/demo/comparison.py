"""Compares the daemon's decisions with the sessions' scripts."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watcher.cli.demo.plan import DemoPlan, DemoSession

OutcomeReason = tuple[str, str]
"""Outcome and reason."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One line of the daemon's sink."""

    event_id: str
    line: str
    outcome: str
    reason: str
    polls: int
    latency: float
    at: float

    @property
    def outcome_reason(self) -> OutcomeReason:
        """Outcome and reason."""
        return self.outcome, self.reason


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision, or a dead letter, that is not as scripted."""

    session_id: str
    ending: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.session_id} ({self.ending}): expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result.

    Attributes:
        expected: how many sessions should have each verdict.
        got: how many have it. A session with two different decisions counts for both.
        differences: everything that is not as scripted.
        latencies: of each session's decision, in real seconds from its creation.
        polls: number of calls according to the decisions.
        repeats: events that were delivered again, byte for byte the same.
        decided_at: epoch seconds of each session's decision, by session id.
    """

    expected: Counter[OutcomeReason]
    got: Counter[OutcomeReason]
    differences: tuple[Difference, ...]
    latencies: tuple[float, ...]
    polls: int
    repeats: int
    decided_at: Mapping[str, float] = field(default_factory=dict)


def compare(plan: DemoPlan, lines: Sequence[str], dead: Counter[str]) -> Comparison:
    """Compare the sink's `lines` and the reasons of the dead letters with the plan."""
    decided, unreadable = _read(lines)
    by_id: dict[str, dict[str, Decided]] = defaultdict(dict)
    for decision in decided:
        by_id[decision.event_id][decision.line] = decision
    distinct = [decision for events in by_id.values() for decision in events.values()]
    differences = [
        *unreadable,
        *_differences(plan.sessions, by_id),
        *_strangers(plan.sessions, by_id),
        *_dead_differences(plan, dead),
    ]
    return Comparison(
        expected=Counter(_expected_outcome(session) for session in plan.sessions),
        got=Counter(decision.outcome_reason for decision in distinct),
        differences=tuple(differences),
        latencies=tuple(sorted(decision.latency for decision in distinct)),
        polls=sum(decision.polls for decision in distinct),
        repeats=len(decided) - len(distinct),
        decided_at={decision.event_id.partition(":")[0]: decision.at for decision in distinct},
    )


def _expected_outcome(session: DemoSession) -> OutcomeReason:
    return session.expected.outcome.value, session.expected.reason.value


def _read(lines: Iterable[str]) -> tuple[list[Decided], list[Difference]]:
    decided, unreadable = [], []
    for line in lines:
        try:
            decided.append(_decided(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            unreadable.append(Difference("-", "no session's", "a decision event", f"{line[:80]!r}: {error!r}"))
    return decided, unreadable


def _decided(line: str) -> Decided:
    event = json.loads(line)
    data: dict[str, Any] = event["data"]
    at, created_at = (datetime.fromisoformat(data[name]) for name in ("decidedAt", "createdAt"))
    latency = (at - created_at).total_seconds()
    return Decided(event["id"], line, data["outcome"], data["reason"], int(data["polls"]), latency, at.timestamp())


def _differences(sessions: Iterable[DemoSession], by_id: dict[str, dict[str, Decided]]) -> Iterator[Difference]:
    for session in sessions:
        events = list(by_id.get(session.key.event_id, {}).values())
        if [decision.outcome_reason for decision in events] != [_expected_outcome(session)]:
            yield Difference(session.session_id, session.ending.name, str(session.expected), _shown(events))


def _shown(events: Sequence[Decided]) -> str:
    outcomes = ", ".join(" / ".join(decision.outcome_reason) for decision in events)
    return f"{len(events)} different events: {outcomes}" if len(events) > 1 else outcomes or "no decision"


def _strangers(sessions: Iterable[DemoSession], by_id: dict[str, dict[str, Decided]]) -> Iterator[Difference]:
    known = {session.key.event_id for session in sessions}
    for event_id, events in by_id.items():
        if event_id not in known:
            yield Difference(event_id, "no session's", "no decision", _shown(list(events.values())))


def _dead_differences(plan: DemoPlan, dead: Counter[str]) -> Iterator[Difference]:
    expected = Counter({reason.value: number for reason, number in plan.dead.items()})
    for reason in sorted(expected.keys() | dead.keys()):
        if expected[reason] != dead[reason]:
            yield Difference("dead letters", reason, str(expected[reason]), str(dead[reason]))
