"""From what botocore raises to what the watcher does about it. The only place that knows both."""

from http import HTTPStatus
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.aws.faults import CA_FIX, CREDENTIALS_FIX, NO_CREDENTIALS, one_line, unfetched
from watcher.errors import (
    AccessDenied,
    CallTimedOut,
    ConnectionFailed,
    OperatorError,
    PermanentPollError,
    PollError,
    RejectedByService,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnreadableAnswer,
)

_CODES: dict[type[PollError], tuple[str, ...]] = {
    Throttled: (
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ),
    ServerFault: ("InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException"),
    CallTimedOut: ("RequestTimeout", "RequestTimeoutException"),
    SessionNotFound: ("SessionNotFoundException",),
    RejectedByService: ("InvalidParameterException", "ValidationException"),
}
_BY_CODE = {code: error for error, codes in _CODES.items() for code in codes}

_OPERATION = "GetFaceLivenessSessionResults"

_RENEW = "renew the credentials"
_CHECK_KEYS = "check access key and secret"
_FIXES = {
    "AccessDeniedException": f"allow rekognition:{_OPERATION} in the role's policy",
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "IncompleteSignature": _CHECK_KEYS,
    "IncompleteSignatureException": _CHECK_KEYS,
    "InvalidClientTokenId": _CHECK_KEYS,
    "InvalidSignatureException": f"{_CHECK_KEYS}, and this machine's clock",
    "MissingAuthenticationToken": "give credentials, or leave aws.sign_request on",
    "MissingAuthenticationTokenException": "give credentials, or leave aws.sign_request on",
    "OptInRequired": "turn the region on for this account, or change aws.region",
    "RequestExpired": "set this machine's clock",
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": f"{_CHECK_KEYS}, and this machine's clock",
    "UnknownOperationException": "check aws.endpoint_url: what answers there has no Face Liveness",
    "UnrecognizedClientException": f"{_CHECK_KEYS}, and aws.region",
}
_FIX = "check aws.region, aws.profile and the role's policy"

# In this order: botocore's ConnectTimeoutError and SSLError are ConnectionErrors too.
_LOCAL: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[PollError], str], ...] = (
    ((boto.ConnectTimeoutError, boto.ReadTimeoutError), CallTimedOut, ""),
    (ResponseParserError, UnreadableAnswer, ""),
    (NO_CREDENTIALS, AccessDenied, f": {CREDENTIALS_FIX}"),
    # For a poll it is about the session id; any other is about a role to assume.
    (boto.ParamValidationError, AccessDenied, f": {CREDENTIALS_FIX}"),
    (boto.SSLError, ConnectionFailed, f": {CA_FIX}"),
)


def translate(error: Exception) -> PollError:
    """The watcher's error for `error` (raise it `from error`); its text is one line, without credentials or bodies.

    CredentialRetrievalError becomes ConnectionFailed: the source of the credentials (instance metadata, STS, a
    process) did not answer now, which is transient, while credentials that are missing or wrong need the operator.
    """
    if isinstance(error, boto.ClientError):
        poll_error = _from_service(error.response)
        return poll_error if error.operation_name == _OPERATION else _while_signing(error.operation_name, poll_error)
    if isinstance(error, boto.CredentialRetrievalError):
        return ConnectionFailed(unfetched(error))
    if isinstance(error, boto.ParamValidationError) and "SessionId" in str(error):
        return RejectedByService("the session id is not of the API's form")
    for kinds, translated, fix in _LOCAL:
        if isinstance(error, kinds):
            return translated(one_line(error) + fix)
    return ConnectionFailed(one_line(error))


def _while_signing(operation: str, error: PollError) -> PollError:
    """An error of STS or SSO, which botocore asks for credentials: what they refuse says nothing about a session."""
    if isinstance(error, OperatorError | PermanentPollError):
        return AccessDenied(f"no credentials, {operation} was refused: {error}")
    return error


def _from_service(response: dict[str, Any]) -> PollError:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(response.get("Error", {}).get("Code") or "")
    if not code or code.isdigit():  # botocore puts the HTTP status where a body has no code
        return _from_status(status)
    text = f"{code}: {one_line(response['Error'].get('Message', ''))}"
    if code in _BY_CODE:
        return _BY_CODE[code](text)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(text)
    if status >= 500:
        return ServerFault(text)
    return AccessDenied(f"{text} ({_FIXES.get(code, _FIX)})")


def _from_status(status: int) -> PollError:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(f"HTTP {status}")
    if status >= 500:
        return ServerFault(f"HTTP {status}")
    return UnreadableAnswer(f"HTTP {status} without an error code of the API: a proxy's? Check aws.endpoint_url")
