"""The domain model: sessions, answers, messages and decisions. Plain data, without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from watcher.domain.creation import Creation
from watcher.domain.feedback import Feedback
from watcher.domain.lease import Lease as Lease  # noqa: PLC0414 - its place for everybody else is here

DEFAULT_POLICY = "default"

NO_CONTEXT = b"{}"
"""Shared by all sessions without one: a hundred thousand of them may be waiting."""


class SessionStatus(StrEnum):
    """The five states that the service model gives for a Face Liveness session."""

    CREATED = "CREATED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"

    @property
    def is_terminal(self) -> bool:
        """Whether a session in this state never changes again."""
        return self in (SessionStatus.SUCCEEDED, SessionStatus.FAILED, SessionStatus.EXPIRED)


class PollResult(StrEnum):
    """How one poll went, as `watcher_polls_total{result}` counts it."""

    CREATED = "created"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    CONNECTION_ERROR = "connection_error"
    SERVER_ERROR = "server_error"
    NOT_FOUND = "not_found"
    DENIED = "denied"
    MALFORMED = "malformed"


class Outcome(StrEnum):
    """What a decision says about the person. Only `LIVE` lets anyone in."""

    LIVE = "live"
    NOT_LIVE = "not_live"
    INCONCLUSIVE = "inconclusive"


class Reason(StrEnum):
    """Why a decision has its outcome."""

    CONFIDENCE_MET = "confidence_met"
    CONFIDENCE_BELOW_THRESHOLD = "confidence_below_threshold"
    CHALLENGE_NOT_ACCEPTED = "challenge_not_accepted"
    REFERENCE_IMAGE_MISSING = "reference_image_missing"
    SESSION_FAILED = "session_failed"
    SESSION_EXPIRED = "session_expired"
    SESSION_NOT_FOUND = "session_not_found"
    NOT_STARTED = "not_started"
    TIMED_OUT = "timed_out"
    MALFORMED_RESULT = "malformed_result"
    REJECTED_BY_SERVICE = "rejected_by_service"


class DeadReason(StrEnum):
    """Why a message can never be served, as `watcher_dead_letters_total{reason}` counts it."""

    INVALID_MESSAGE = "invalid_message"
    INVALID_SESSION_ID = "invalid_session_id"
    UNKNOWN_POLICY = "unknown_policy"
    MISSING_POLICY = "missing_policy"
    TOO_LARGE = "too_large"
    REFUSED_BY_SINK = "refused_by_sink"
    UNREADABLE_DECISION = "unreadable_decision"


class SessionKey(NamedTuple):
    """What has exactly one decision: a session under a policy."""

    session_id: str
    policy: str

    @property
    def event_id(self) -> str:
        """The CloudEvents id of the one decision."""
        return f"{self.session_id}:{self.policy}"


class S3Object(NamedTuple):
    """Where AWS put an image; `version` only in a bucket with versioning."""

    bucket: str | None
    name: str | None
    version: str | None = None


class BoundingBox(NamedTuple):
    """A face in an image, as ratios of its size; they may be negative or above 1."""

    width: float | None
    height: float | None
    left: float | None
    top: float | None


class Image(NamedTuple):
    """What is kept of an image: its location in S3, or the SHA-256 (hex) of inline bytes. Never the bytes."""

    s3_object: S3Object | None = None
    bounding_box: BoundingBox | None = None
    sha256: str | None = None


class Challenge(NamedTuple):
    """The challenge that the person was given."""

    type: str | None
    version: str | None


class SessionResult(NamedTuple):
    """One checked answer of GetFaceLivenessSessionResults. `confidence` is None or a finite number in 0..100."""

    session_id: str
    status: SessionStatus
    confidence: float | None = None
    reference_image: Image | None = None
    audit_images: tuple[Image, ...] = ()
    challenge: Challenge | None = None
    feedback: tuple[Feedback, ...] = ()
    sdk_type: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message as received: its body, when it was sent (epoch seconds) and the lease on it.

    `sent_at` is the queue's own, which no sender can write. `first_sent_at` is when a replayed dead letter was first
    sent, None for all other messages: it travels in an attribute, which any sender can write. `fault` says why the
    queue found that it can never be served, empty if it did not. `sent_monotonic` is when it was sent on the
    watcher's monotonic clock, which no step of the wall clock moves; None if the queue has only the wall clock.
    """

    lease: Lease
    body: str
    sent_at: float
    attributes: Mapping[str, str | bytes] = field(default_factory=dict)
    fault: str = ""
    sent_monotonic: float | None = field(default=None, compare=False)
    first_sent_at: float | None = None


class DeadLetter(NamedTuple):
    """A message that can never be served, why (`reason`, and `detail` in words), and when it was dead-lettered."""

    id: str
    body: str
    reason: str
    detail: str
    sent_at: float
    dead_at: float
    receive_count: int


class QueueDepth(NamedTuple):
    """How many messages a queue holds, and the age in seconds of the oldest (None if empty or unknown)."""

    visible: int
    leased: int
    dead: int | None = None
    oldest_age: float | None = None


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What one message asks for.

    `context` is compact JSON in UTF-8: as Python objects it can take thirty times the memory. `ignored`: members that
    were ignored, and why. `is_complete`: the person is said to have finished. `traceparent`: see W3C Trace Context.
    """

    key: SessionKey
    creation: Creation
    context: bytes
    ignored: Mapping[str, str] = field(default_factory=dict)
    traceparent: str = ""
    is_complete: bool = False

    @property
    def created_at(self) -> float:
        """When the session was created, in epoch seconds."""
        return self.creation.at


@dataclass(frozen=True, slots=True)
class DecisionEvent:
    """A decision in its final form: `body` is the CloudEvent as compact JSON, the same bytes for every delivery."""

    key: SessionKey
    body: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger knows of one decided session.

    `delivered` maps a sink's name to when it had the event; `acked_at` is when the message was acked; `trail` is the
    session's life as JSON (for `watcher explain`). Times are epoch seconds. `fault` says why the decision is
    unreadable, empty if it is readable: the session is decided, but it is not known how.
    """

    event: DecisionEvent
    recorded_at: float
    trail: str = "[]"
    delivered: Mapping[str, float] = field(default_factory=dict)
    acked_at: float | None = None
    sequence: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """What a session needs to be live: a confidence (0..100) and, if required, a reference image and a challenge.

    `min_challenge_version` has a meaning only with `require_challenge`; both may be empty.
    """

    threshold: float = 80.0
    require_reference_image: bool = True
    require_challenge: str = ""
    min_challenge_version: str = ""


class Decision(NamedTuple):
    """Outcome and reason, before they are put into an event."""

    outcome: Outcome
    reason: Reason
