"""What can go wrong with a call, when, and which part of the answer it affects."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from watcher.simulator import wire
from watcher.simulator.distributions import Distribution
from watcher.simulator.limits import LIMITS

ERROR_KINDS = {
    "throttle": wire.THROTTLING,
    "throughput_exceeded": wire.THROUGHPUT_EXCEEDED,
    "internal_error": wire.INTERNAL_ERROR,
    "access_denied": wire.ACCESS_DENIED,
    "not_found": wire.SESSION_NOT_FOUND,
    "invalid_parameter": wire.INVALID_PARAMETER,
}
"""Faults that are one of the modelled errors."""

WIRE_KINDS = frozenset(
    {"stall", "reset", "drip", "blank_body", "garbage_body", "truncated_body", "http_error"},
)
"""Faults of the connection or of something in between, without a JSON error."""

TAKES_TEXT = frozenset({"unknown_status", "wrong_session_id", "string_confidence", "unknown_feedback"})
"""Kinds whose `value` is a string."""

_TAKES_SECONDS = {"stall": 120.0, "drip": 1.0, "latency": 1.0}

Answer = dict[str, Any]


def _set(member: str, value: Any) -> Callable[[Answer, Any], None]:
    def change(answer: Answer, given: Any) -> None:
        answer[member] = value if given is None else given

    return change


def _drop(member: str) -> Callable[[Answer, Any], None]:
    def change(answer: Answer, _given: Any) -> None:
        answer.pop(member, None)

    return change


def _replace(
    member: str, value: Any, wrap: Callable[[Any], Any] = lambda found: found
) -> Callable[[Answer, Any], None]:
    """As `_set`, but only where the member is there."""

    def change(answer: Answer, given: Any) -> None:
        if member in answer:
            answer[member] = wrap(value if given is None else given)

    return change


def _as_feedback(code: Any) -> list[Any]:
    return [{"Code": code, "Message": "Hold the camera still."}]


RESULT_KINDS: dict[str, Callable[[Answer, Any], None]] = {
    "unknown_status": _set("Status", "COMPLETED"),
    "missing_status": _drop("Status"),
    "missing_confidence": _drop("Confidence"),
    "nan_confidence": _replace("Confidence", math.nan),
    "string_confidence": _replace("Confidence", "99.5"),
    "confidence_out_of_range": _replace("Confidence", 180.5),
    "wrong_session_id": _set("SessionId", "00000000-0000-4000-8000-000000000000"),
    "no_reference_image": _drop("ReferenceImage"),
    "missing_feedback": _drop("Feedback"),
    "unknown_feedback": _replace("Feedback", "CAMERA_MOVED_DETECTED", _as_feedback),
    "malformed_feedback": _replace("Feedback", "LOW_LIGHTING_DETECTED"),
    "malformed_metadata": _set("Metadata", ["web"]),
}
"""Faults of a 200 answer: each changes its members in place."""

KINDS = (*ERROR_KINDS, *sorted(WIRE_KINDS), "latency", *RESULT_KINDS)


@dataclass(frozen=True, slots=True)
class Call:
    """What a fault's conditions use; numbers count from 1."""

    operation: str
    number: int
    poll: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and when it happens. All given conditions must hold.

    Attributes:
        kind: one of KINDS.
        operation: the operation that it affects; None is both.
        probability: chance for each call, 0..1.
        first_polls: only the first N results calls of each session.
        from_call: only from the n-th call of its operation on, counted over all sessions.
        to_call: the last such call; None is no end.
        seconds: real seconds (time scale does not touch them) for stall, drip and latency.
        http: HTTP status for throttle (400 or 500) and http_error.
        part: "headers" or "body": what drips.
        value: the status, confidence or session id to use, if the kind's default does not fit.
    """

    kind: str
    operation: str | None = wire.GET
    probability: float = 1.0
    first_polls: int | None = None
    from_call: int = 1
    to_call: int | None = None
    seconds: float | Distribution | None = None
    http: int | None = None
    part: str = "body"
    value: float | str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is not known: use one of {', '.join(KINDS)}")
        if self.part not in {"headers", "body"}:
            raise ValueError(f"fault part {self.part!r}: use 'headers' or 'body'")

    def applies(self, call: Call, rng: Random) -> bool:
        """Whether it affects this call. Draws from `rng` only if it depends on chance."""
        if self.operation is not None and self.operation != call.operation:
            return False
        if call.number < self.from_call or (self.to_call is not None and call.number > self.to_call):
            return False
        if self.first_polls is not None and not 1 <= call.poll <= self.first_polls:
            return False
        return self.probability >= 1.0 or rng.random() < self.probability

    def draw_seconds(self, rng: Random) -> float:
        """Its duration this time."""
        if self.seconds is None:
            return _TAKES_SECONDS.get(self.kind, 0.0)
        seconds = self.seconds if isinstance(self.seconds, int | float) else self.seconds.sample(rng)
        return min(seconds, LIMITS.wait)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the answer's bytes are sent: `kind` is "send" or one of WIRE_KINDS."""

    kind: str = "send"
    seconds: float = 0.0
    part: str = "body"
    http: int = 0


AS_IT_IS = Delivery()


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The faults of one call, grouped by where each acts."""

    kinds: tuple[str, ...] = ()
    latency: float = 0.0
    error: wire.ApiError | None = None
    delivery: Delivery = AS_IT_IS
    changes: tuple[Fault, ...] = ()

    def change(self, answer: Answer) -> Answer:
        """The answer with its members changed, in place."""
        for fault in self.changes:
            RESULT_KINDS[fault.kind](answer, fault.value)
        return answer


NO_FAULTS = FaultPlan()


def plan(faults: tuple[Fault, ...], call: Call, rng: Random) -> FaultPlan:
    """The faults that affect `call`. Latencies add up; of errors, and of wire faults, the first counts."""
    hit = [fault for fault in faults if fault.applies(call, rng)]
    if not hit:
        return NO_FAULTS
    error = next((_error(fault) for fault in hit if fault.kind in ERROR_KINDS), None)
    delivery = next((_delivery(fault, rng) for fault in hit if fault.kind in WIRE_KINDS), AS_IT_IS)
    return FaultPlan(
        kinds=tuple(fault.kind for fault in hit),
        latency=sum(fault.draw_seconds(rng) for fault in hit if fault.kind == "latency"),
        error=error,
        delivery=delivery,
        changes=tuple(fault for fault in hit if fault.kind in RESULT_KINDS),
    )


def _error(fault: Fault) -> wire.ApiError:
    return wire.ApiError(ERROR_KINDS[fault.kind], http=fault.http)


def _delivery(fault: Fault, rng: Random) -> Delivery:
    return Delivery(fault.kind, fault.draw_seconds(rng), fault.part, fault.http or 502)
