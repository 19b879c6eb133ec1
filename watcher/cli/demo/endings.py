"""Every way in which a demo session can end, and the decision that each requires (section 5 of the manual)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from watcher.cli.demo.constants import DEMO
from watcher.domain.model import DEFAULT_POLICY, Outcome, Reason
from watcher.simulator import CAMERA_SECONDS, CHECK_SECONDS, Fault, SessionScript

STRICT_POLICY, CHALLENGE_POLICY = "payout", "kiosk"

_FIRST = 2
"""Polls of a session that meet a temporary fault."""

Score = Callable[[Random], float]


@dataclass(frozen=True, slots=True)
class Expected:
    """A decision's outcome and reason."""

    outcome: Outcome
    reason: Reason

    def __str__(self) -> str:
        return f"{self.outcome} / {self.reason}"


@dataclass(frozen=True, slots=True)
class DemoEnding:
    """One way for a session to end.

    Attributes:
        name: for the user.
        expected: the decision that it requires.
        status: what the session ends in; None is a session that never existed.
        score: its confidence.
        reference_image: whether it has one.
        variants: the faults that its polls meet; sessions with this ending alternate between them.
        policy: the policy that its message names.
        weight: its frequency relative to the others.
        to_the_deadline: whether only the deadline ends it.
    """

    name: str
    expected: Expected
    status: str | None = "SUCCEEDED"
    score: Score = lambda rng: rng.uniform(96.0, 99.9)
    reference_image: bool = True
    variants: tuple[tuple[Fault, ...], ...] = ((),)
    policy: str = DEFAULT_POLICY
    weight: int = 1
    to_the_deadline: bool = False

    def script(self, rng: Random, turn: int) -> SessionScript | None:
        """The script of this ending's `turn`-th session, times and score drawn from `rng`."""
        if self.status is None:
            return None
        return SessionScript(
            ending=self.status,
            created_for=CAMERA_SECONDS.sample(rng),
            in_progress_for=CHECK_SECONDS.sample(rng),
            confidence=round(self.score(rng), 2),
            reference_image=self.reference_image,
            faults=self.variants[turn % len(self.variants)],
            name=self.name,
            policy="" if self.policy == DEFAULT_POLICY else self.policy,
        )


def _each(*faults: Fault) -> tuple[tuple[Fault, ...], ...]:
    return tuple((fault,) for fault in faults)


def _at_first(*faults: Fault) -> tuple[tuple[Fault, ...], ...]:
    return _each(*(replace(fault, first_polls=_FIRST) for fault in faults))


def _between_the_thresholds(rng: Random) -> float:
    return rng.uniform(DEMO.threshold + 1, DEMO.strict_threshold - 1)


_LIVE = Expected(Outcome.LIVE, Reason.CONFIDENCE_MET)
_TOO_LOW = Expected(Outcome.NOT_LIVE, Reason.CONFIDENCE_BELOW_THRESHOLD)


def _unclear(reason: Reason) -> Expected:
    return Expected(Outcome.INCONCLUSIVE, reason)


_MALFORMED = _unclear(Reason.MALFORMED_RESULT)
_CONFIDENCES = _each(
    Fault("missing_confidence"),
    Fault("nan_confidence"),
    Fault("string_confidence"),
    Fault("confidence_out_of_range", value=101.0),
)
_BROKEN = (Fault("blank_body"), Fault("garbage_body"), Fault("wrong_session_id"), Fault("missing_status"))
_THROTTLES = (Fault("throughput_exceeded"), Fault("throttle"), Fault("throttle", http=500))
_SILENT = ((Fault("stall", seconds=30.0, first_polls=1),), (Fault("drip", seconds=0.2, first_polls=1),))

ENDINGS = (
    DemoEnding("live", _LIVE, weight=60),
    DemoEnding("confidence below the threshold", _TOO_LOW, score=lambda rng: rng.uniform(1.0, 60.0), weight=10),
    DemoEnding("failed", _unclear(Reason.SESSION_FAILED), "FAILED", weight=6),
    DemoEnding("expired", _unclear(Reason.SESSION_EXPIRED), "EXPIRED", weight=2),
    DemoEnding("never existed", _unclear(Reason.SESSION_NOT_FOUND), None),
    DemoEnding("no reference image", _unclear(Reason.REFERENCE_IMAGE_MISSING), reference_image=False, weight=2),
    DemoEnding("unusable confidence", _MALFORMED, variants=_CONFIDENCES, weight=2),
    DemoEnding("throttled at first", _LIVE, variants=_at_first(*_THROTTLES), weight=3),
    DemoEnding("exactly at the threshold", _LIVE, score=lambda _rng: DEMO.threshold),
    DemoEnding("between the thresholds, default policy", _LIVE, score=_between_the_thresholds, weight=2),
    DemoEnding(
        "between the thresholds, payout", _TOO_LOW, score=_between_the_thresholds, policy=STRICT_POLICY, weight=2
    ),
    DemoEnding("live, payout", _LIVE, policy=STRICT_POLICY, weight=4),
    DemoEnding("never started", _unclear(Reason.NOT_STARTED), "CREATED", weight=3, to_the_deadline=True),
    DemoEnding("challenge too old, kiosk", _unclear(Reason.CHALLENGE_NOT_ACCEPTED), policy=CHALLENGE_POLICY),
    DemoEnding("streams without end", _unclear(Reason.TIMED_OUT), "IN_PROGRESS", to_the_deadline=True),
    DemoEnding(
        "rejected by the service", _unclear(Reason.REJECTED_BY_SERVICE), variants=_each(Fault("invalid_parameter"))
    ),
    DemoEnding(
        "server errors at first", _LIVE, variants=_at_first(Fault("internal_error"), Fault("http_error", http=503))
    ),
    DemoEnding("connection lost at first", _LIVE, variants=_at_first(Fault("reset"), Fault("truncated_body"))),
    DemoEnding("silent or dripping at first", _LIVE, variants=_SILENT),
    DemoEnding("broken answers at first", _LIVE, variants=_at_first(*_BROKEN)),
    DemoEnding("broken answers that stay", _MALFORMED, variants=_each(*_BROKEN)),
    DemoEnding(
        "unknown status that stays", _MALFORMED, variants=_each(Fault("unknown_status")), to_the_deadline=True
    ),
    DemoEnding("not found at first", _LIVE, variants=_at_first(Fault("not_found"))),
    DemoEnding("access denied at first", _LIVE, variants=_at_first(Fault("access_denied"))),
)
"""In the order in which a short demo takes them."""
