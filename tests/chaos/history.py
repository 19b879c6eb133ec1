"""What happened in one scenario, as plain data: what was accepted, what came out, and what is left."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Ending(StrEnum):
    """How the endpoint's script lets a session end."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    NEVER = "IN_PROGRESS"


@dataclass(frozen=True)
class Script:
    """All that the endpoint ever answers about one session."""

    ending: Ending = Ending.SUCCEEDED
    confidence: float = 99.0
    has_image: bool = True


@dataclass(frozen=True)
class Accepted:
    """A message that the queue has taken.

    Attributes:
        threshold: of its policy.
        sent_at: monotonic seconds, just before it was sent.
        created_between: epoch seconds, by the sender's clock, just before and just after.
        may_time_out: whether the scenario keeps it from an answer until its deadline.
        may_be_dead: whether its message was spoilt, so that a dead letter is right, too.
        is_certain: false if the sender was killed and can't know whether the queue has it.
    """

    session_id: str
    policy: str
    threshold: float
    script: Script
    sent_at: float
    created_between: tuple[float, float]
    may_time_out: bool = False
    may_be_dead: bool = False
    is_certain: bool = True

    @property
    def event_id(self) -> str:
        return f"{self.session_id}:{self.policy}"


@dataclass(frozen=True)
class Seen:
    """An event that came out at a sink; `at` is monotonic seconds where the scenario was there to see it."""

    sink: str
    raw: str
    event: dict[str, Any]
    at: float | None = None


@dataclass(frozen=True)
class Recorded:
    """A row of the ledger."""

    event_id: str
    raw: str
    event: dict[str, Any]
    is_acked: bool


@dataclass(frozen=True)
class Letter:
    """A dead letter."""

    body: str
    reason: str


@dataclass
class History:
    """Everything that the checker looks at.

    Attributes:
        timeout: `polling.session_timeout`, seconds.
        sinks: the sinks that must have every decision in the end.
        may_wait: whether sessions may still be on the queue: the scenario ended before they did.
        strays: what the processes printed that is no log line: a traceback, for one.
        ledger_gone: event ids whose rows the scenario has destroyed: the ledger can't be asked for them.
        crashes: exit codes that were not asked for, with the process.
    """

    timeout: float
    sinks: tuple[str, ...] = ()
    may_wait: bool = False
    accepted: dict[str, Accepted] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    ledger: list[Recorded] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    dead: list[Letter] = field(default_factory=list)
    ledger_gone: set[str] = field(default_factory=set)
    strays: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
