import errno

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.aws.errors import CredentialsUnavailable
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventResult, EventStatus, failed
from watcher.sinks.aws.message_entries import entry_results
from watcher.sinks.aws.target import CallFailed, Target, sink_service

TARGET = Target(
    sink_service("SQS", "queue", "create it"), "the queue", "sqs:SendMessage", "sqs:GetQueueAttributes", "send less"
)


def told(error: Exception) -> str:
    def fail() -> None:
        raise error

    with pytest.raises((SinkError, CallFailed)) as caught:
        TARGET.call(fail)
    return str(caught.value)


def service_error(code: str, message: str = "no") -> boto.ClientError:
    return boto.ClientError({"Error": {"Code": code, "Message": message}}, "SendMessageBatch")


@pytest.mark.parametrize(
    ("code", "message", "fix"),
    [
        ("AccessDeniedException", "no", "; allow sqs:SendMessage on this queue"),
        ("KmsAccessDenied", "no", "kms:GenerateDataKey"),
        ("NonExistentQueue", "no", "; create it"),
        ("ResourceNotFoundException", "no", "; create it"),
        ("BatchRequestTooLong", "no", "; send less"),
        ("InvalidParameterValue", "must be shorter than 1024 bytes", "; send less"),
        ("ExpiredTokenException", "no", "; renew the credentials, or set aws.profile"),
    ],
)
def test_what_the_operator_can_fix_is_told(code: str, message: str, fix: str) -> None:
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
def test_what_a_service_says_of_the_content_is_a_final_rejection(code: str, message: str) -> None:
    result = result_of(service_error(code, message))
    assert (result.status, result.is_final) == (EventStatus.REJECTED, True)


@pytest.mark.parametrize(
    "error",
    [
        service_error("InvalidParameter", "Invalid parameter: TopicArn Reason: it belongs to nobody"),
        service_error("ValidationException", "eventBusName failed to satisfy constraint: length less than 1600"),
        service_error("InternalFailure"),
        service_error("400", ""),
        boto.ReadTimeoutError(endpoint_url="http://x"),
        boto.ConnectionClosedError(endpoint_url="http://x"),
    ],
    ids=str,
)
def test_what_else_is_answered_or_not_answered_may_be_due_to_the_event(error: Exception) -> None:
    assert result_of(error).status is EventStatus.FAILED


@pytest.mark.parametrize(
    "error",
    [
        service_error("AccessDenied", "too long ago"),
        service_error("KMS.AccessDeniedException"),
        service_error("ExpiredTokenException"),
        service_error("QueueDoesNotExist"),
        service_error("ThrottlingException"),
        service_error("KMS.ThrottlingException"),
        service_error("429", ""),
        boto.NoCredentialsError(),
        boto.EndpointConnectionError(endpoint_url="http://x"),
        boto.ConnectTimeoutError(endpoint_url="http://x"),
        boto.SSLError(endpoint_url="http://x", error="self-signed"),
        boto.HTTPClientError(error=OSError(errno.EMFILE, "Too many open files")),
        OSError(errno.EMFILE, "Too many open files"),
        MemoryError(),
        ResponseParserError("<html>"),
    ],
    ids=str,
)
def test_what_concerns_the_sink_or_this_machine_is_held_against_no_event(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(SinkError):
        TARGET.call(fail)


def result_of(error: Exception) -> EventResult:
    def fail() -> None:
        raise error

    with pytest.raises(CallFailed) as caught:
        TARGET.call(fail)
    return caught.value.result


@pytest.mark.parametrize("code", ["RequestThrottled", "InternalFailure", "InvalidParameterValue"])
def test_what_the_operator_cannot_fix_has_no_fix(code: str) -> None:
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
    text = "HTTP 503 without an error code of the API; a proxy's? Check aws.region and the sink's endpoint_url"
    assert told(service_error("503", "")) == f"the queue: {text}"


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


@pytest.mark.parametrize("error", [TypeError("T0KEN"), RuntimeError("T0KEN"), OSError("T0KEN"), KeyError("T0KEN")])
def test_whatever_a_call_raises_is_the_sinks_error_and_no_events(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(SinkError, match=f"the queue: {type(error).__name__} in ") as caught:
        TARGET.call(fail)
    assert "T0KEN" not in str(caught.value)


def test_only_what_the_answer_names_as_successful_was_delivered() -> None:
    answer = {
        "Successful": [{"Id": "0", "MessageId": "m"}, {"Id": "1"}, None],
        "Failed": [{"Id": "2", "Code": "InternalError"}, {}],
    }
    unknown = failed("the queue: the answer omits the entry")
    assert entry_results(answer, 4, TARGET) == [
        DELIVERED,
        unknown,
        failed("the queue: InternalError"),
        unknown,
    ]
    assert entry_results({}, 2, TARGET) == [unknown, unknown]


def test_an_entry_that_the_answer_calls_successful_and_failed_was_not_delivered() -> None:
    answer = {"Successful": [{"Id": "0", "MessageId": "m"}], "Failed": [{"Id": "0", "Code": "InternalError"}]}
    assert entry_results(answer, 1, TARGET) == [failed("the queue: InternalError")]


@pytest.mark.parametrize("code", ["ThrottlingException", "KMS.AccessDeniedException"])
def test_an_entry_that_is_turned_away_for_the_targets_sake_was_not_attempted(code: str) -> None:
    answer = {"Failed": [{"Id": "0", "Code": code, "SenderFault": True}]}
    assert [result.status for result in entry_results(answer, 1, TARGET)] == [EventStatus.NOT_ATTEMPTED]
