"""Everything that botocore raises becomes the one error that says what to do about it."""

from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

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
from watcher.rekognition.errors import translate

URL = "https://rekognition.example"


def refusal(
    code: str,
    status: int = 400,
    message: str = "the service's words",
    operation: str = "GetFaceLivenessSessionResults",
) -> boto.ClientError:
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return boto.ClientError(response, operation)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, Throttled),
        ("ThrottlingException", 500, Throttled),
        ("Throttling", 400, Throttled),
        ("TooManyRequestsException", 429, Throttled),
        ("RequestLimitExceeded", 503, Throttled),
        ("ProvisionedThroughputExceededException", 400, Throttled),
        ("SomethingNew", 429, Throttled),
        ("429", 429, Throttled),
        ("InternalServerError", 500, ServerFault),
        ("InternalServerError", 400, ServerFault),
        ("ServiceUnavailable", 503, ServerFault),
        ("SomethingNew", 500, ServerFault),
        ("AccessDeniedException", 500, ServerFault),
        ("502", 502, ServerFault),
        ("", 504, ServerFault),
        ("RequestTimeout", 400, CallTimedOut),
        ("SessionNotFoundException", 400, SessionNotFound),
        ("InvalidParameterException", 400, RejectedByService),
        ("ValidationException", 400, RejectedByService),
        ("AccessDeniedException", 400, AccessDenied),
        ("UnrecognizedClientException", 400, AccessDenied),
        ("ExpiredToken", 400, AccessDenied),
        ("ExpiredTokenException", 400, AccessDenied),
        ("InvalidSignatureException", 400, AccessDenied),
        ("SignatureDoesNotMatch", 403, AccessDenied),
        ("IncompleteSignature", 400, AccessDenied),
        ("MissingAuthenticationToken", 403, AccessDenied),
        ("InvalidClientTokenId", 403, AccessDenied),
        ("OptInRequired", 403, AccessDenied),
        ("RequestTimeTooSkewed", 403, AccessDenied),
        ("RequestExpired", 400, AccessDenied),
        ("UnknownOperationException", 404, AccessDenied),
        ("SomethingNew", 400, AccessDenied),
        ("403", 403, UnreadableAnswer),
        ("407", 407, UnreadableAnswer),
        ("302", 302, UnreadableAnswer),
        ("", 404, UnreadableAnswer),
    ],
)
def test_the_services_code_decides(code: str, status: int, expected: type[PollError]) -> None:
    assert type(translate(refusal(code, status))) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (boto.ConnectTimeoutError(endpoint_url=URL), CallTimedOut),
        (boto.ReadTimeoutError(endpoint_url=URL), CallTimedOut),
        (boto.EndpointConnectionError(endpoint_url=URL), ConnectionFailed),
        (boto.ConnectionClosedError(endpoint_url=URL), ConnectionFailed),
        (boto.ProxyConnectionError(proxy_url="http://***:***@proxy"), ConnectionFailed),
        (boto.SSLError(endpoint_url=URL, error="unable to get local issuer certificate"), ConnectionFailed),
        (boto.HTTPClientError(error="odd"), ConnectionFailed),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), ConnectionFailed),
        (boto.ResponseStreamingError(error="cut"), ConnectionFailed),
        (boto.MetadataRetrievalError(error_msg="no answer"), ConnectionFailed),
        (boto.CredentialRetrievalError(provider="assume-role", error_msg="later"), AccessDenied),
        (boto.BotoCoreError(), ConnectionFailed),
        (ResponseParserError("odd"), UnreadableAnswer),
        (boto.ParamValidationError(report="Invalid length for parameter SessionId"), RejectedByService),
        (boto.ParamValidationError(report="Invalid length for parameter RoleArn"), AccessDenied),
        (boto.NoCredentialsError(), AccessDenied),
        (boto.PartialCredentialsError(provider="env", cred_var="secret_key"), AccessDenied),
        (boto.InvalidConfigError(error_msg="source_profile"), AccessDenied),
        (boto.ProfileNotFound(profile="p"), AccessDenied),
        (boto.NoAuthTokenError(), AccessDenied),
        (boto.SSOTokenLoadError(error_msg="no token"), AccessDenied),
        (boto.UnauthorizedSSOTokenError(), AccessDenied),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), AccessDenied),
        (boto.RefreshWithMFAUnsupportedError(), AccessDenied),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_botocores_own_errors_are_told_apart(error: Exception, expected: type[PollError]) -> None:
    translated = translate(error)
    assert type(translated) is expected
    assert len(str(translated).splitlines()) == 1


def _kinds(base: type[Exception]) -> set[type[Exception]]:
    return {base}.union(*(_kinds(kind) for kind in base.__subclasses__()))


def test_no_error_of_botocore_is_left_over() -> None:
    translated = {}
    for kind in _kinds(boto.BotoCoreError):
        error = kind.__new__(kind)
        error.kwargs = {}  # type: ignore[attr-defined]
        translated[kind] = translate(error)
    assert len(translated) > 90
    assert {kind: error for kind, error in translated.items() if not isinstance(error, PollError)} == {}


def test_a_refusal_gives_the_services_words_and_the_fix() -> None:
    text = str(translate(refusal("AccessDeniedException", message="User: arn is not authorized")))
    assert "User: arn is not authorized" in text
    assert "rekognition:GetFaceLivenessSessionResults" in text


def test_a_tls_failure_names_the_setting() -> None:
    error = boto.SSLError(endpoint_url=URL, error="self-signed certificate")
    assert "aws.ca_bundle" in str(translate(error))


@pytest.mark.parametrize(
    "error",
    [
        refusal("InvalidSignatureException", message="No match.\n\nCanonical:\nx-amz-security-token:hush-hush"),
        refusal("UnrecognizedClientException", message="unknown key AKIAHUSHHUSH00000000 given"),
        refusal("403", 403, message="<html>hush-hush</html>"),
        refusal("503", 503, message="<html>hush-hush</html>"),
        boto.CredentialRetrievalError(provider="custom-process", error_msg="printed hush-hush"),
        boto.EndpointConnectionError(endpoint_url="https://user:hush-hush@host/"),
        boto.HTTPClientError(error="fine\nhush-hush"),
    ],
)
def test_no_credentials_and_no_body_get_into_the_text(error: Exception) -> None:
    text = str(translate(error))
    assert "hush" not in text.lower()
    assert "\n" not in text


def test_a_long_message_is_cut() -> None:
    assert len(str(translate(refusal("AccessDeniedException", message="x" * 100_000)))) < 500


@pytest.mark.parametrize("code", ["ValidationException", "SessionNotFoundException", "Throttling", "InternalFailure"])
def test_what_sts_refuses_is_the_operators_and_no_throttle_of_the_service(code: str) -> None:
    translated = translate(refusal(code, operation="AssumeRole"))
    assert type(translated) is AccessDenied
    assert "AssumeRole" in str(translated)


def test_a_refusal_without_a_message_names_region_and_permission() -> None:
    text = str(translate(refusal("AccessDeniedException", message=""), "eu-west-1"))
    allow = "allow rekognition:GetFaceLivenessSessionResults in the role's policy, and check aws.region"
    assert text == f"AccessDeniedException in eu-west-1; {allow}"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TypeError("odd"), UnreadableAnswer),
        (KeyError("odd"), UnreadableAnswer),
        (RecursionError("odd"), UnreadableAnswer),
        (MemoryError(), ConnectionFailed),
        (OSError(24, "odd"), ConnectionFailed),
        (RuntimeError("odd"), ConnectionFailed),
    ],
)
def test_an_error_that_nobody_expects_belongs_to_the_poll(error: Exception, expected: type[PollError]) -> None:
    assert type(translate(error)) is expected
