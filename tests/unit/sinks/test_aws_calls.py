import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.aws.faults import CredentialsUnavailable
from watcher.errors import Refusal, SinkError
from watcher.sinks.aws_calls import Target
from watcher.sinks.messages import untaken_entries

TARGET = Target("the queue", "sqs:SendMessage", "sqs:GetQueueAttributes", "create it", "send less")


def told(error: Exception) -> str:
    def fail() -> None:
        raise error

    with pytest.raises(SinkError) as caught:
        TARGET.call(fail)
    return str(caught.value)


def service_error(code: str, message: str = "no") -> boto.ClientError:
    return boto.ClientError({"Error": {"Code": code, "Message": message}}, "SendMessageBatch")


@pytest.mark.parametrize(
    ("code", "message", "fix"),
    [
        ("AccessDeniedException", "no", "; allow sqs:SendMessage on it"),
        ("KMSAccessDeniedException", "no", "kms:GenerateDataKey"),
        ("AWS.SimpleQueueService.NonExistentQueue", "no", "; create it"),
        ("ResourceNotFoundException", "no", "; create it"),
        ("BatchRequestTooLong", "no", "; send less"),
        ("InvalidParameterValue", "must be shorter than 1024 bytes", "; send less"),
        ("ExpiredTokenException", "no", "; check aws.profile"),
    ],
)
def test_what_the_operator_can_mend_is_told(code: str, message: str, fix: str) -> None:
    text = told(service_error(code, message))
    assert text.startswith(f"the queue: {code}: {message}")
    assert fix in text


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AWS.SimpleQueueService.BatchRequestTooLong", "Batch requests cannot be longer than 262144 bytes."),
        ("InvalidParameterValue", "Reason: Message must be shorter than 262144 bytes."),
        ("InvalidParameter", "Invalid parameter: Message too long"),
        ("ValidationException", "Total size of the entries in the request is over the limit."),
        ("InvalidMessageContents", "characters outside the allowed set"),
        ("MalformedDetail", "Detail is malformed."),
        ("413", ""),
    ],
)
def test_what_a_service_refuses_for_what_it_is_is_told_as_that(code: str, message: str) -> None:
    assert refusal_of(code, message) is not None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidParameter", "Invalid parameter: TopicArn Reason: it belongs to nobody"),
        ("ValidationException", "eventBusName failed to satisfy constraint: length less than or equal to 1600"),
        ("AccessDenied", "too long ago"),
        ("InternalFailure", "no"),
        ("400", ""),
    ],
)
def test_what_is_wrong_with_the_target_or_the_call_is_held_against_no_event(code: str, message: str) -> None:
    assert refusal_of(code, message) is None


def refusal_of(code: str, message: str) -> Refusal | None:
    def fail() -> None:
        raise service_error(code, message)

    with pytest.raises(SinkError) as caught:
        TARGET.call(fail)
    found = caught.value.refused.get(0)
    assert found in (None, Refusal(str(caught.value), is_certain=True))
    assert (caught.value.untaken, set(caught.value.refused) - {0}) == (None, set())
    return found


@pytest.mark.parametrize("code", ["RequestThrottled", "InternalFailure", "InvalidParameterValue"])
def test_what_the_operator_can_not_mend_has_no_fix(code: str) -> None:
    assert told(service_error(code)) == f"the queue: {code}: no"


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (boto.EndpointConnectionError(endpoint_url="http://x"), "; check the network, aws.region"),
        (boto.ReadTimeoutError(endpoint_url="http://x"), "; check the network, aws.region"),
        (boto.SSLError(endpoint_url="http://x", error="self-signed"), "; set aws.ca_bundle"),
    ],
)
def test_an_endpoint_that_does_not_answer_is_told_with_what_to_check(error: boto.BotoCoreError, fix: str) -> None:
    assert fix in told(error)


def test_the_end_of_the_services_sentence_does_not_stand_before_the_fix() -> None:
    assert "exist; create it" in told(service_error("QueueDoesNotExist", "It does not exist."))


def test_a_page_without_a_code_is_told_by_its_status() -> None:
    assert told(service_error("503", "")) == "the queue: HTTP 503"


def test_an_error_is_one_line_without_credentials() -> None:
    text = told(service_error("SignatureDoesNotMatch", "for AKIAABCDEFGHIJKLMNOP\nx-amz-security-token:T0KEN"))
    assert "AKIA" not in text
    assert "T0KEN" not in text
    text = told(boto.ProxyConnectionError(proxy_url="http://user:hunter2@proxy:1"))
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (boto.NoCredentialsError(), "no AWS credentials: NoCredentialsError; check"),
        (boto.CredentialRetrievalError(provider="process", error_msg="T0KEN"), "no AWS credentials: Credential"),
        (CredentialsUnavailable(text="no AWS credentials: in our words"), "no AWS credentials: in our words; check"),
        (ResponseParserError("Unable to parse:\nT0KEN"), "the answer is not the API's"),
        (boto.EndpointConnectionError(endpoint_url="http://x"), "Could not connect"),
        (
            boto.ProfileNotFound(profile="p"),
            "no AWS credentials: ProfileNotFound; check aws.profile and where the credentials come from",
        ),
    ],
)
def test_faults_before_and_after_the_service_are_told_without_what_they_quote(error: Exception, words: str) -> None:
    text = told(error)
    assert text.startswith(f"the queue: {words}")
    assert "T0KEN" not in text


@pytest.mark.parametrize("error", [TypeError("T0KEN"), RuntimeError("T0KEN"), OSError("T0KEN"), MemoryError()])
def test_whatever_a_call_raises_is_the_sinks_error_and_no_events(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(SinkError, match=f"the queue: {type(error).__name__} in ") as caught:
        TARGET.call(fail)
    assert "T0KEN" not in str(caught.value)
    assert not caught.value.refused


def test_only_what_the_answer_names_as_taken_was_taken() -> None:
    answer = {"Successful": [{"Id": "0"}, None], "Failed": [{"Id": "2", "Code": "Throttled"}, {}]}
    assert untaken_entries(answer, 4, TARGET) == {
        1: "the queue: the answer says nothing about the entry",
        2: "the queue: Throttled: no reason given",
        3: "the queue: the answer says nothing about the entry",
    }
    assert set(untaken_entries({}, 2, TARGET)) == {0, 1}
