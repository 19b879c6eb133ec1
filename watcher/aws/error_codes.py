"""The error codes of AWS's services: what each means, and what fixes it. One table for every adapter.

Where a code comes from: "common" is the list of common errors that every API reference has; "retries" is what
botocore takes for a throttle (botocore/retries/standard.py); a service's name is its service model in botocore.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus


class Kind(Enum):
    """What an error means, whichever service it is of; the first part is what a service answers."""

    THROTTLED = auto()
    UNAVAILABLE = auto()
    SERVER_FAULT = auto()
    TIMED_OUT = auto()
    DENIED = auto()
    REFUSED = auto()
    """Whoever asks: the region is off for the account, or the request has to be signed."""
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
    """A code that the table doesn't have."""

    NO_CREDENTIALS = auto()
    BAD_PARAMETERS = auto()
    TLS = auto()
    PROXY = auto()
    CONNECT_TIMED_OUT = auto()
    UNREACHABLE = auto()
    CUT_OFF = auto()
    """The request was sent, and the connection ended before the whole answer was there."""
    UNREADABLE = auto()
    UNEXPECTED = auto()
    """An error of no known class."""


PASSING = frozenset({Kind.THROTTLED, Kind.UNAVAILABLE, Kind.SERVER_FAULT, Kind.TIMED_OUT})
"""Answers after which the same call may well succeed."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means, and the fix that holds for every service; empty where there is none, or it passes."""

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
    # common; S3, whose codes imitations use
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
    # common; another partition's keys are unknown as well
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
"""Codes that the table doesn't have, by their words."""


def bare_code(code: object) -> str:
    """The last part of a code: SQS's older protocol writes `AWS.SimpleQueueService.MessageNotInflight`.

    The codes for KMS have a prefix that makes the difference: `KMS.AccessDeniedException` and SNS's `KMSAccessDenied`
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
    """What an HTTP status (0: none) means for whatever code it came with; None if it tells nothing."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Kind.THROTTLED
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Kind.UNAVAILABLE
    return Kind.SERVER_FAULT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None


def codes_of(kind: Kind) -> frozenset[str]:
    """The codes of the table that mean this."""
    return frozenset(code for code, meaning in _MEANINGS.items() if meaning.kind is kind)
