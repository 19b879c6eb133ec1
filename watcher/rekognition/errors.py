"""From what botocore raises to what the watcher does about it. The only place that knows both."""

from http import HTTPStatus
from typing import Any

from botocore import exceptions as boto

from watcher.aws.errors import CA_FIX, CREDENTIALS_FIX, NO_CREDENTIALS, UNREADABLE, one_line
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
_CLOCK = "set this machine's clock"
_SIGN = "give credentials, or leave aws.sign_request on"
_ALLOW = f"allow rekognition:{_OPERATION} in the role's policy, and check aws.region"
_FIXES = {
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "IncompleteSignature": _CHECK_KEYS,
    "IncompleteSignatureException": _CHECK_KEYS,
    "InvalidClientTokenId": _CHECK_KEYS,
    "InvalidSignatureException": f"{_CHECK_KEYS}, and this machine's clock",
    "MissingAuthenticationToken": _SIGN,
    "MissingAuthenticationTokenException": _SIGN,
    "OptInRequired": "turn the region on for this account, or change aws.region",
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "SignatureDoesNotMatch": f"{_CHECK_KEYS}, and this machine's clock",
    "UnknownOperationException": "check aws.endpoint_url: what answers there has no Face Liveness",
    "UnrecognizedClientException": f"{_CHECK_KEYS}, and aws.region",
}
_FIX = "check aws.region, aws.profile and the role's policy"

# In this order: botocore's ConnectTimeoutError and SSLError are ConnectionErrors too.
_LOCAL: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[PollError], str], ...] = (
    ((boto.ConnectTimeoutError, boto.ReadTimeoutError), CallTimedOut, ""),
    # A poll has no other parameter than the session id: any other error is about a role to assume.
    ((*NO_CREDENTIALS, boto.ParamValidationError), AccessDenied, f": {CREDENTIALS_FIX}"),
    (boto.SSLError, ConnectionFailed, f": {CA_FIX}"),
    (UNREADABLE, UnreadableAnswer, ""),
)


def translate(error: Exception, region: str = "") -> PollError:
    """The watcher's error for whatever a poll raised (raise it `from error`).

    Its text is one line, without credentials or bodies; a refusal names `region`, where it was asked.
    """
    if isinstance(error, boto.ClientError) and error.operation_name != _OPERATION:  # STS or SSO, while signing
        code = one_line(error.response.get("Error", {}).get("Code") or "no code")
        return AccessDenied(f"no AWS credentials: {error.operation_name} was refused with {code}: {CREDENTIALS_FIX}")
    if isinstance(error, boto.ClientError):
        return _from_service(error.response, region)
    if isinstance(error, boto.ParamValidationError) and "SessionId" in str(error):
        return RejectedByService("the session id is not of the API's form")
    for kinds, translated, fix in _LOCAL:
        if isinstance(error, kinds):
            return translated(one_line(error) + fix)
    return ConnectionFailed(one_line(error))


def _from_service(response: dict[str, Any], region: str) -> PollError:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = one_line(response.get("Error", {}).get("Code") or "")
    if not code or code.isdigit():  # botocore puts the HTTP status where a body has no code
        return _from_status(status)
    message = one_line(response["Error"].get("Message") or "")
    text = f"{code}: {message}" if message else code
    if code in _BY_CODE:
        return _BY_CODE[code](text)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(text)
    if status >= 500:
        return ServerFault(text)
    where = f" in {region}" if region else ""
    return AccessDenied(f"{text}{where} ({_FIXES.get(code, _FIX)})")


def _from_status(status: int) -> PollError:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(f"HTTP {status}")
    if status >= 500:
        return ServerFault(f"HTTP {status}")
    return UnreadableAnswer(f"HTTP {status} without an error code of the API: a proxy's? Check aws.endpoint_url")
