"""What the demo will do, planned beforehand: the same seed gives the same plan."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.endings import ENDINGS, DemoEnding, Expected
from watcher.domain.model import DEFAULT_POLICY, DeadReason, SessionKey
from watcher.simulator import SessionScript
from watcher.util.rfc3339 import timestamp

JUNK = (
    ("not-a-session-id", DeadReason.INVALID_SESSION_ID),
    ('{"sessionId": "9f6f8e0a-', DeadReason.INVALID_MESSAGE),
    (json.dumps({"sessionId": str(UUID(int=0)), "policy": "no-such-policy"}), DeadReason.UNKNOWN_POLICY),
)
"""Messages that can never be served, and why; small plans omit them."""


@dataclass(frozen=True, slots=True)
class DemoSession:
    """One session: its script (None: it never existed), how it is announced, and the decision that it requires."""

    number: int
    session_id: str
    ending: DemoEnding
    script: SessionScript | None
    is_bare: bool

    @property
    def key(self) -> SessionKey:
        """What has exactly one decision."""
        return SessionKey(self.session_id, self.ending.policy)

    @property
    def expected(self) -> Expected:
        """The decision that its script requires."""
        return self.ending.expected

    def message(self, created_at: float) -> str:
        """Its queue message; `created_at` is epoch seconds."""
        if self.is_bare:
            return self.session_id
        fields: dict[str, object] = {"sessionId": self.session_id, "createdAt": timestamp(created_at)}
        if self.ending.policy != DEFAULT_POLICY:
            fields["policy"] = self.ending.policy
        return json.dumps(fields | {"context": {"demo": self.ending.name, "number": self.number}})


@dataclass(frozen=True, slots=True)
class Step:
    """`at` seconds from the start: start and announce a session, announce it `again`, or send `junk`."""

    at: float
    session: DemoSession | None = None
    again: bool = False
    junk: str = ""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """All sessions, ordered by number, and all steps, ordered by time."""

    sessions: tuple[DemoSession, ...]
    steps: tuple[Step, ...]
    dead: Counter[DeadReason]


def make_plan(count: int, seed: int) -> DemoPlan:
    """A plan for `count` (at least 1) sessions: each ending once, if they fit, then mostly ordinary ones."""
    rng = Random(seed)
    turns: Counter[str] = Counter()
    sessions = []
    for number, ending in enumerate(_in_order(_endings(count, rng), rng), start=1):
        sessions.append(_session(number, ending, turns[ending.name], rng))
        turns[ending.name] += 1
    junk = JUNK if count >= DEMO.least_for_junk else ()
    steps = [*_steps(sessions), *_junk_steps([body for body, _ in junk], count)]
    return DemoPlan(
        tuple(sessions),
        tuple(sorted(steps, key=lambda step: step.at)),
        Counter(reason for _, reason in junk),
    )


def _endings(count: int, rng: Random) -> list[DemoEnding]:
    drawn = rng.choices(ENDINGS, [ending.weight for ending in ENDINGS], k=max(0, count - len(ENDINGS)))
    return [*ENDINGS[:count], *drawn]


def _in_order(endings: list[DemoEnding], rng: Random) -> list[DemoEnding]:
    """Shuffled, with those that last to the deadline in the first third, so that no one has to wait for them."""
    order = [ending for ending in endings if not ending.to_the_deadline]
    rng.shuffle(order)
    for ending in endings:
        if ending.to_the_deadline:
            order.insert(rng.randint(0, len(order) // 3), ending)
    return order


def _session(number: int, ending: DemoEnding, turn: int, rng: Random) -> DemoSession:
    session_id = str(UUID(int=rng.getrandbits(128), version=4))
    is_bare = ending.policy == DEFAULT_POLICY and rng.random() < 0.4
    return DemoSession(number, session_id, ending, ending.script(rng, turn), is_bare)


def _steps(sessions: list[DemoSession]) -> Iterator[Step]:
    for session in sessions:
        at = (session.number - 1) / DEMO.feed_rate
        yield Step(at, session)
        if session.number % DEMO.echo_every == 0:
            yield Step(at + DEMO.echo_after, session, again=True)
        elif session.number % DEMO.copy_every == 0:
            yield Step(at + DEMO.copy_after, session, again=True)


def _junk_steps(bodies: list[str], count: int) -> Iterator[Step]:
    for number, body in enumerate(bodies, start=1):
        yield Step(number / (len(bodies) + 1) * count / DEMO.feed_rate, junk=body)
