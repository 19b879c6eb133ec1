"""One description of whatever a call of a botocore client raises."""

import errno

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.aws.error_codes import PASSING, ROWS, Kind
from watcher.aws.errors import CredentialsUnavailable
from watcher.aws.failure import CREDENTIAL_OPERATIONS, Failure, Service, failure_of, failure_of_code

URL = "https://x"
SERVICE = Service("SQS", "queue.url", resource="queue", if_missing="create it", policy_hint=", and wait")
ACTION = "sqs:SendMessage"


def answered(code: str, status: int = 400, message: str = "why.", operation: str = "SendMessageBatch") -> Failure:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return failure_of(boto.ClientError(response, operation), SERVICE, ACTION)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ThrottlingException", "ThrottlingException: why"),
        ("AccessDenied", "AccessDenied: why; allow sqs:SendMessage on this queue in the role's policy, and wait"),
        ("ExpiredToken", "ExpiredToken: why; renew the credentials, or set aws.profile to others"),
        ("OptInRequired", "OptInRequired: why; turn the region on for this account, or change aws.region"),
        ("KMS.DisabledException", "KmsDisabled: why; enable the queue's KMS key"),
        ("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue: why; create it"),
        (
            "UnknownOperationException",
            "UnknownOperationException: why; check queue.url: the endpoint does not offer SQS",
        ),
        ("SomethingNew", "SomethingNew: why"),
        ("502", "HTTP 502 without an error code of the API; a proxy's? Check queue.url"),
    ],
)
def test_a_code_is_told_with_the_services_words_and_the_fix(code: str, text: str) -> None:
    assert str(answered(code, int(code) if code.isdecimal() else 400)) == text


@pytest.mark.parametrize("service", [SERVICE, Service("Face Liveness", "aws.endpoint_url")], ids=lambda one: one.name)
def test_every_fix_is_in_the_services_own_words(service: Service) -> None:
    every = [code for _, codes, _ in ROWS for code in codes.split()]
    fixes = {code: failure_of_code(code, "", service, ACTION).fix for code in every}
    assert {code: fix for code, fix in fixes.items() if {"{", "}"} & set(fix)} == {}


@pytest.mark.parametrize(
    ("code", "status", "kind", "passing"),
    [
        ("ThrottlingException", 400, Kind.THROTTLED, Kind.THROTTLED),
        ("InternalFailure", 400, Kind.SERVER_FAULT, Kind.SERVER_FAULT),
        ("AccessDenied", 400, Kind.DENIED, None),
        ("AccessDenied", 500, Kind.DENIED, Kind.SERVER_FAULT),
        ("SomethingNew", 400, Kind.UNKNOWN, None),
        ("SomethingNew", 500, Kind.SERVER_FAULT, Kind.SERVER_FAULT),
        ("SomethingNew", 429, Kind.THROTTLED, Kind.THROTTLED),
        ("", 503, Kind.UNAVAILABLE, Kind.UNAVAILABLE),
        ("", 404, Kind.NOT_THE_API, None),
        ("", 0, Kind.NOT_THE_API, None),
        ("", 413, Kind.TOO_LARGE, None),
        ("BatchRequestTooLong", 400, Kind.TOO_LARGE, None),
    ],
)
def test_code_and_status_give_the_kind(code: str, status: int, kind: Kind, passing: Kind | None) -> None:
    failure = answered(code, status)
    assert (failure.kind, failure.passing_kind) == (kind, passing)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Message must be shorter than 262144 bytes", Kind.TOO_LARGE),
        (f"Value '{'x' * 1000}' is too long", Kind.TOO_LARGE),
        ("Item size has exceeded the maximum allowed size", Kind.TOO_LARGE),
        ("The provided key element does not match the schema", Kind.INVALID),
    ],
)
def test_a_service_that_complains_of_the_size_says_so_in_its_message(message: str, kind: Kind) -> None:
    assert answered("ValidationException", message=message).kind is kind


def test_the_permission_that_aws_names_is_the_one_to_allow() -> None:
    said = "User: x is not authorized to perform: kms:Decrypt on y"
    assert answered("AccessDenied", message=said).fix == "allow kms:Decrypt on the queue's key in the role's policy"


@pytest.mark.parametrize("operation", sorted(CREDENTIAL_OPERATIONS))
def test_what_sts_or_sso_refuses_are_missing_credentials(operation: str) -> None:
    failure = answered("AccessDenied", 403, operation=operation)
    assert failure.kind is Kind.NO_CREDENTIALS
    assert str(failure).startswith(
        f"no AWS credentials: {operation} was refused with AccessDenied; check aws.profile"
    )
    assert failure.code == ""


def test_a_fault_of_this_machine_is_not_the_network_s() -> None:
    """Without a free file descriptor no connection opens: neither the network nor the endpoint is at fault."""
    error = boto.EndpointConnectionError(endpoint_url=URL)
    error.__cause__ = OSError(errno.EMFILE, "Too many open files")
    failure = failure_of(error, SERVICE, ACTION)
    assert failure.kind is Kind.UNREACHABLE
    assert str(failure).startswith("this machine: Too many open files: raise the limit of open files")
    assert "network" not in str(failure)


@pytest.mark.parametrize(
    ("error", "kind", "fix"),
    [
        (boto.NoCredentialsError(), Kind.NO_CREDENTIALS, "check aws.profile"),
        (boto.SSOTokenLoadError(error_msg="n"), Kind.NO_CREDENTIALS, "check aws.profile"),
        (CredentialsUnavailable(text="none found"), Kind.NO_CREDENTIALS, "check aws.profile"),
        (boto.ParamValidationError(report="x"), Kind.BAD_PARAMETERS, "SQS rejects"),
        (boto.SSLError(endpoint_url=URL, error="self-signed"), Kind.TLS, "set aws.ca_bundle"),
        (boto.ProxyConnectionError(proxy_url="http://proxy"), Kind.PROXY, "check HTTPS_PROXY and NO_PROXY"),
        (boto.ConnectTimeoutError(endpoint_url=URL), Kind.CONNECT_TIMED_OUT, "check the network, queue.url"),
        (boto.ReadTimeoutError(endpoint_url=URL), Kind.TIMED_OUT, "check the network, queue.url"),
        (boto.ConnectionClosedError(endpoint_url=URL), Kind.CUT_OFF, "check the network, queue.url"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Kind.CUT_OFF, "check the network, queue.url"),
        (boto.EndpointConnectionError(endpoint_url=URL), Kind.UNREACHABLE, "check the network, queue.url"),
        (boto.HTTPClientError(error="odd"), Kind.UNREACHABLE, "check the network, queue.url"),
        (ResponseParserError("odd"), Kind.UNREADABLE, "check queue.url: the endpoint did not answer as SQS"),
        (TypeError("odd"), Kind.UNREADABLE, "check queue.url: the endpoint did not answer as SQS"),
        (OSError(5, "odd"), Kind.UNEXPECTED, ""),
        (boto.BotoCoreError(), Kind.UNEXPECTED, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_botocores_own_errors_are_told_apart(error: Exception, kind: Kind, fix: str) -> None:
    failure = failure_of(error, SERVICE, ACTION)
    assert failure.kind is kind
    assert failure.fix.startswith(fix)
    assert bool(failure.fix) == bool(fix)
    assert failure.kind not in PASSING or failure.kind is Kind.TIMED_OUT


def _classes(base: type[Exception]) -> set[type[Exception]]:
    return {base}.union(*(_classes(kind) for kind in base.__subclasses__()))


def test_no_error_of_botocore_is_left_over() -> None:
    kinds = {}
    for one in _classes(boto.BotoCoreError):
        error = one.__new__(one)
        error.kwargs = {}  # type: ignore[attr-defined]
        kinds[one] = failure_of(error, SERVICE, ACTION).kind
    assert len(kinds) > 90
    assert {one: kind for one, kind in kinds.items() if kind not in Kind} == {}


@pytest.mark.parametrize(
    "message", ["for AKIAABCDEFGHIJKLMNOP\nx-amz-security-token:T0KEN", "at https://me:T0KEN@host"]
)
def test_a_failure_is_one_line_without_secrets(message: str) -> None:
    text = str(answered("SignatureDoesNotMatch", message=message))
    assert "\n" not in text
    assert "AKIA" not in text
    assert "T0KEN" not in text
