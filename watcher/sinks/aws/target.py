"""One call to a sink's target at AWS, and what its errors mean to the operator."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore import exceptions as boto

from watcher.aws.error_codes import Kind
from watcher.aws.errors import attempt
from watcher.aws.failure import Failure, Service, failure_of, failure_of_code
from watcher.domain.errors import SinkError
from watcher.domain.event_result import EventResult, EventStatus, failed, not_attempted, rejected

T = TypeVar("T")

_FINAL = frozenset({"InvalidMessageContents", "MalformedDetail"})
"""Codes with which SQS and EventBridge reject the event itself, however often it is sent."""

_OF_THE_SINK = frozenset(
    {
        Kind.DENIED,
        Kind.REFUSED,
        Kind.KEYS_REJECTED,
        Kind.CLOCK_SKEWED,
        Kind.ENCRYPTION,
        Kind.MISSING,
        Kind.THROTTLED,
        Kind.UNAVAILABLE,
        Kind.NO_CREDENTIALS,
    }
)
_UNANSWERED = frozenset({Kind.TIMED_OUT, Kind.CUT_OFF})
"""The request was sent, but not answered: its content may be the reason."""


def sink_service(name: str, resource: str, if_missing: str) -> Service:
    """A sink's service, and the fix for a missing target."""
    return Service(
        name,
        "aws.region and the sink's endpoint_url",
        resource=resource,
        policy_hint=f" (for an encrypted {resource} also kms:GenerateDataKey and kms:Decrypt)",
        if_missing=if_missing,
    )


class CallFailed(Exception):
    """A whole call failed, perhaps because of one entry; `result` is for the case of a single entry."""

    def __init__(self, result: EventResult) -> None:
        super().__init__(result.reason)
        self.result = result


class TargetMissing(SinkError):
    """The service says that the target does not exist."""


class CheckNotPermitted(SinkError):
    """The target can't be checked; that says nothing about sending there."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a sink calls: its name for the operator, the IAM actions, and the fixes for possible faults.

    `action` is required; `check_action` allows checking beforehand that the target exists.
    """

    service: Service
    shown: str
    action: str
    check_action: str
    if_too_long: str

    def call(self, work: Callable[[], T]) -> T:
        """One call.

        Raises:
            SinkError: the sink is at fault, not the call's content: one line, with the fix if known.
            CallFailed: the service answered with an error, or not at all: the call's content may be the reason.
        """
        return attempt(work, self._fault)

    def _fault(self, error: Exception) -> Exception:
        failure = failure_of(error, self.service, self.action)
        if not isinstance(error, boto.ClientError):
            line = f"{self.shown}: {failure}"
            return CallFailed(failed(line)) if failure.kind in _UNANSWERED else SinkError(line)
        result = self._result(failure)
        return SinkError(result.reason) if result.status is EventStatus.NOT_ATTEMPTED else CallFailed(result)

    def check(self, ask: Callable[[], object]) -> None:
        """One call that changes nothing.

        Raises:
            CheckNotPermitted: permission denied.
            TargetMissing: the target does not exist.
            SinkError: as `call`.
        """
        try:
            self.call(ask)
        except CallFailed as failure:
            raise SinkError(failure.result.reason) from failure
        except SinkError as error:
            cause = error.__cause__
            kind = failure_of(cause, self.service, "").kind if isinstance(cause, boto.ClientError) else None
            if kind is Kind.DENIED:
                raise CheckNotPermitted(f"{self.shown}: not checked; allow {self.check_action} on it") from cause
            if kind is Kind.MISSING:
                raise TargetMissing(str(error)) from cause
            raise

    def result(self, code: str, message: str) -> EventResult:
        """The result for an entry of a call that the service answers with this error."""
        return self._result(failure_of_code(code, message, self.service, self.action))

    def _result(self, failure: Failure) -> EventResult:
        """The result for the event in a call, or in one of its entries, given the service's error.

        Only errors about the content are rejections. Permissions, credentials, a missing target and throttling
        concern the whole sink; anything else may be due to the event.
        """
        if failure.kind is Kind.TOO_LARGE:
            return rejected(f"{self.shown}: {failure.text}; {self.if_too_long}", is_final=True)
        line = f"{self.shown}: {failure}"
        if failure.code in _FINAL:
            return rejected(line, is_final=True)
        return not_attempted(line) if failure.kind in _OF_THE_SINK else failed(line)
