"""Turns what botocore raises into the watcher's errors."""

from botocore import exceptions as boto

from watcher.aws.error_codes import Kind
from watcher.aws.failure import CREDENTIALS_FIX, Service, failure_of
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    ConnectionFailed,
    PollError,
    RejectedByService,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnreadableAnswer,
)

_SERVICE = Service("Face Liveness", "aws.region and aws.endpoint_url", policy_hint=", and check aws.region")
_ACTION = "rekognition:GetFaceLivenessSessionResults"
_UNKNOWN_FIX = "check aws.region, aws.profile and the role's policy"

_ABOUT_THE_SESSION: dict[str, type[PollError]] = {
    "SessionNotFoundException": SessionNotFound,
    "InvalidParameterException": RejectedByService,
    "ValidationException": RejectedByService,
}
_OTHERS: dict[Kind, type[PollError]] = {
    Kind.THROTTLED: Throttled,
    Kind.UNAVAILABLE: ServerFault,
    Kind.SERVER_FAULT: ServerFault,
    Kind.TIMED_OUT: CallTimedOut,
    Kind.CONNECT_TIMED_OUT: CallTimedOut,
    Kind.TLS: ConnectionFailed,
    Kind.PROXY: ConnectionFailed,
    Kind.UNREACHABLE: ConnectionFailed,
    Kind.CUT_OFF: ConnectionFailed,
    Kind.UNEXPECTED: ConnectionFailed,
    Kind.UNREADABLE: UnreadableAnswer,
}
"""Only the operator can fix these."""


def translate(error: Exception, region: str = "") -> PollError:
    """The watcher's error for what a poll raised (raise it `from error`).

    Its text is one line, without credentials or bodies; a rejection names `region`, where it was made.
    """
    if isinstance(error, boto.ParamValidationError) and "SessionId" in str(error):
        return RejectedByService("the session id is not of the API's form")
    failure = failure_of(error, _SERVICE, _ACTION)
    if failure.kind is Kind.BAD_PARAMETERS:  # a poll has no other parameter: this concerns a role to assume
        return AccessDenied(f"{failure.text}; {CREDENTIALS_FIX}")
    if failure.code in _ABOUT_THE_SESSION:
        return _ABOUT_THE_SESSION[failure.code](failure.text)
    kind = failure.passing_kind or failure.kind
    if kind in _OTHERS:
        return _OTHERS[kind](str(failure))
    if not failure.code and failure.kind in (Kind.NOT_THE_API, Kind.TOO_LARGE):
        return UnreadableAnswer(str(failure))
    where = f" in {region}" if region and failure.code else ""
    return AccessDenied(f"{failure.text}{where}; {failure.fix or _UNKNOWN_FIX}")
