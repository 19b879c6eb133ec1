"""The error codes of AWS's services: what each means, and how to fix it. One table for all adapters.

Sources of the codes: "common" is the list of common errors in every API reference; "retries" is what botocore treats
as a throttle (botocore/retries/standard.py); a service's name is its service model in botocore.
"""

import re
from enum import Enum, auto
from http import HTTPStatus
from typing import NamedTuple


class Kind(Enum):
    """What an error means in any service; the first part are a service's answers."""

    THROTTLED = auto()
    UNAVAILABLE = auto()
    SERVER_FAULT = auto()
    TIMED_OUT = auto()
    DENIED = auto()
    REFUSED = auto()
    """Denied for all callers: the region is off for the account, or the request has to be signed."""
    KEYS_REJECTED = auto()
    CLOCK_SKEWED = auto()
    ENCRYPTION = auto()
    """The KMS key of a queue or topic can't be used."""
    MISSING = auto()
    INVALID = auto()
    """A parameter or the content of the call."""
    TOO_LARGE = auto()
    NOT_THE_API = auto()
    """An HTTP status without a code, or without this operation."""
    UNKNOWN = auto()
    """A code that is not in the table."""

    NO_CREDENTIALS = auto()
    BAD_PARAMETERS = auto()
    TLS = auto()
    PROXY = auto()
    CONNECT_TIMED_OUT = auto()
    UNREACHABLE = auto()
    CUT_OFF = auto()
    """The request was sent, and the connection ended before the answer was complete."""
    UNREADABLE = auto()
    UNEXPECTED = auto()
    """An error of an unknown class."""


PASSING = frozenset({Kind.THROTTLED, Kind.UNAVAILABLE, Kind.SERVER_FAULT, Kind.TIMED_OUT})
"""Answers after which the same call may well succeed."""


class Meaning(NamedTuple):
    """What a code means, and the fix for any service; empty if there is none, or if it is temporary."""

    kind: Kind
    fix: str = ""


_RENEW = "renew the credentials, or set aws.profile to others"
_CHECK_KEYS = "check aws.profile, access key"
ROWS: tuple[tuple[Kind, str, str], ...] = (
    # retries
    (
        Kind.THROTTLED,
        """BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
        ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException
        SlowDown ThrottledException Throttling ThrottlingException TooManyRequestsException""",
        "",
    ),
    # SQS, SNS
    (Kind.THROTTLED, "KmsThrottled OverLimit", ""),
    # common
    (Kind.UNAVAILABLE, "ServiceUnavailable ServiceUnavailableException", ""),
    # common; Rekognition and DynamoDB; SNS; EventBridge
    (Kind.SERVER_FAULT, "InternalFailure InternalServerError InternalError InternalException", ""),
    # retries, its transient errors
    (Kind.TIMED_OUT, "RequestTimeout RequestTimeoutException", ""),
    # common; SNS
    (Kind.DENIED, "AccessDenied AccessDeniedException NotAuthorized AuthorizationError", ""),
    # common
    (Kind.REFUSED, "OptInRequired", "turn the region on for this account, or change {region}"),
    # SQS, SNS
    (Kind.REFUSED, "InvalidSecurity", "sign the requests (aws.sign_request) and use https"),
    # common; S3, whose codes compatible services use
    (Kind.KEYS_REJECTED, "ExpiredToken ExpiredTokenException TokenRefreshRequired", _RENEW),
    (
        Kind.KEYS_REJECTED,
        """AuthFailure IncompleteSignature IncompleteSignatureException InvalidAccessKeyId InvalidClientTokenId
        InvalidToken""",
        f"{_CHECK_KEYS} and secret",
    ),
    # common
    (
        Kind.KEYS_REJECTED,
        "InvalidSignatureException SignatureDoesNotMatch",
        f"{_CHECK_KEYS}, secret and this machine's clock",
    ),
    # common; keys of another partition are unknown too
    (Kind.KEYS_REJECTED, "UnrecognizedClientException", f"{_CHECK_KEYS}, secret and {{region}}"),
    # common
    (
        Kind.KEYS_REJECTED,
        "MissingAuthenticationToken MissingAuthenticationTokenException",
        "give credentials, or leave aws.sign_request on",
    ),
    # common; S3
    (Kind.CLOCK_SKEWED, "RequestExpired RequestTimeTooSkewed", "set this machine's clock"),
    # SQS, SNS
    (Kind.ENCRYPTION, "KmsAccessDenied", "allow kms:Decrypt and kms:GenerateDataKey on the {resource}'s key"),
    (Kind.ENCRYPTION, "KmsDisabled", "enable the {resource}'s KMS key"),
    (Kind.ENCRYPTION, "KmsInvalidKeyUsage", "give the {resource} a symmetric KMS key for encryption and decryption"),
    (
        Kind.ENCRYPTION,
        "KmsInvalidState",
        "see the state of the {resource}'s KMS key: it may be pending deletion or import",
    ),
    (Kind.ENCRYPTION, "KmsNotFound", "give the {resource} a KMS key that exists in its region"),
    (Kind.ENCRYPTION, "KmsOptInRequired", "enable KMS for this account"),
    # SQS; its older protocol; SNS; EventBridge and DynamoDB
    (Kind.MISSING, "QueueDoesNotExist NonExistentQueue InvalidAddress NotFound ResourceNotFoundException", ""),
    # common; Rekognition; SNS; SQS; DynamoDB
    (
        Kind.INVALID,
        """ValidationError ValidationException InvalidParameterException InvalidParameter ParameterValueInvalid
        InvalidParameterValue BatchRequestTooLong InvalidMessageContents
        ItemCollectionSizeLimitExceededException""",
        "",
    ),
    # common
    (Kind.NOT_THE_API, "UnknownOperationException", "check {endpoint}: the endpoint does not offer {service}"),
)
_MEANINGS = {code: Meaning(kind, fix) for kind, codes, fix in ROWS for code in codes.split()}

_NEWER = (
    (re.compile("Throttl|TooManyRequests|LimitExceeded|SlowDown"), Meaning(Kind.THROTTLED)),
    (re.compile("AccessDenied|AuthorizationError|NotAuthorized"), Meaning(Kind.DENIED)),
    (re.compile("DoesNotExist|NonExistent|^NotFound|ResourceNotFound"), Meaning(Kind.MISSING)),
    (re.compile("TooLong|TooLarge|InvalidParameter"), Meaning(Kind.INVALID)),
    (re.compile("ExpiredToken"), _MEANINGS["ExpiredToken"]),
    (
        re.compile("InvalidClientToken|InvalidAccess|UnrecognizedClient|SignatureDoesNotMatch"),
        _MEANINGS["UnrecognizedClientException"],
    ),
)
"""Codes that are not in the table, by words in them."""


def bare_code(code: object) -> str:
    """The last part of a code: SQS's older protocol writes `AWS.SimpleQueueService.MessageNotInflight`.

    The codes for KMS keep a prefix that distinguishes them: `KMS.AccessDeniedException` and SNS's `KMSAccessDenied`
    become `KmsAccessDenied`, the name that SQS's service model gives it.
    """
    *prefix, last = re.split(r"[.#]", str(code or ""))
    if prefix and prefix[-1].upper() == "KMS":
        last = f"KMS{last}"
    if not last.upper().startswith("KMS"):
        return last
    name = last[len("KMS") :].removesuffix("Exception")
    return "KmsThrottled" if name == "Throttling" else f"Kms{name}"


def meaning_of(code: str) -> Meaning:
    """What a bare code means."""
    by_words = (meaning for words, meaning in _NEWER if words.search(code))
    return _MEANINGS.get(code) or next(by_words, Meaning(Kind.UNKNOWN))


def kind_of_status(status: int) -> Kind | None:
    """What an HTTP status (0: none) means with any code; None if it says nothing."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Kind.THROTTLED
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Kind.UNAVAILABLE
    return Kind.SERVER_FAULT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None


def codes_of(kind: Kind) -> frozenset[str]:
    """The codes in the table with this meaning."""
    return frozenset(code for code, meaning in _MEANINGS.items() if meaning.kind is kind)
