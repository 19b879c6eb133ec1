import ast
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore import loaders, session

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import URL, Answer, FakeClient, all_done, failing, service_error
from tests.unit.support.fakes import PATIENCE
from watcher.aws.errors import CredentialsUnavailable
from watcher.config import AwsSettings
from watcher.domain.errors import ConfigError, QueueError
from watcher.queues.sqs import errors as sqs_faults
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller, open_caller
from watcher.queues.sqs.dead_letters import _redrive_url
from watcher.queues.sqs.errors import _ACTIONS, SqsFault, translate
from watcher.queues.sqs.send import send_entries

AWS = AwsSettings(region="ap-south-1")
SHAPES: dict[str, Any] = loaders.Loader().load_service_model("sqs", "service-2")["shapes"]


@pytest.mark.parametrize(
    ("queue_url", "region", "endpoint"),
    [
        (URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com"),
        ("https://sqs-fips.us-east-2.amazonaws.com/1/q", "us-east-2", "https://sqs-fips.us-east-2.amazonaws.com"),
        (
            "https://vpce-1a2b.sqs.eu-central-1.vpce.amazonaws.com/1/q",
            "eu-central-1",
            "https://vpce-1a2b.sqs.eu-central-1.vpce.amazonaws.com",
        ),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn"),
        ("https://sqs.us-west-2.api.aws/1/q", "us-west-2", "https://sqs.us-west-2.api.aws"),
        ("https://eu-west-3.queue.amazonaws.com/1/q", "eu-west-3", "https://sqs.eu-west-3.amazonaws.com"),
        ("https://queue.amazonaws.com/1/q", "us-east-1", "https://sqs.us-east-1.amazonaws.com"),
        ("http://127.0.0.1:9324/1/q", "ap-south-1", "http://127.0.0.1:9324"),
    ],
)
def test_region_and_endpoint_come_from_the_queues_url(queue_url: str, region: str, endpoint: str) -> None:
    caller = open_caller(queue_url, "", AWS)
    assert (caller.client.meta.region_name, caller.client.meta.endpoint_url) == (region, endpoint)
    caller.close()


def test_an_endpoint_of_the_settings_wins_and_the_urls_region_stays() -> None:
    caller = open_caller(URL, "http://127.0.0.1:4566", AWS)
    assert caller.client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert caller.client.meta.region_name == "eu-west-1"
    caller.close()


def test_a_bad_endpoint_names_its_own_setting() -> None:
    with pytest.raises(ConfigError, match=r"^queue\.endpoint_url = 'nowhere'"):
        open_caller(URL, "nowhere", AWS)


@pytest.mark.parametrize(("given", "connect", "read"), [((60, 60), 3, 10), ((0, 0), 3, 10), ((1, 2), 1, 5)])
def test_calls_are_bounded_below_a_lease(given: tuple[float, float], connect: float, read: float) -> None:
    caller = open_caller(URL, "", AwsSettings(connect_timeout=given[0], read_timeout=given[1]))
    config = caller.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (connect, read)
    assert config.retries["total_max_attempts"] == 1
    caller.close()


@pytest.mark.parametrize(
    ("error", "operation", "text", "is_transient"),
    [
        (
            service_error("AWS.SimpleQueueService.NonExistentQueue"),
            "receive_message",
            "create it, or correct the URL",
            False,
        ),
        (service_error("QueueDoesNotExist"), "receive_message", "the queue does not exist", False),
        (service_error("AccessDenied", 403), "delete_message_batch", "allow sqs:DeleteMessage on this queue", False),
        (
            service_error("AccessDeniedException"),
            "change_message_visibility_batch",
            "allow sqs:ChangeMessageVisibility on this queue",
            False,
        ),
        (service_error("KmsAccessDenied"), "receive_message", "allow kms:Decrypt", False),
        (service_error("KMS.AccessDeniedException"), "receive_message", "allow kms:Decrypt", False),
        (service_error("KMS.DisabledException"), "receive_message", "enable the queue's KMS key", False),
        (service_error("KMS.InvalidStateException"), "receive_message", "pending deletion", False),
        (service_error("KMS.ThrottlingException"), "receive_message", "KmsThrottled: why", True),
        (
            service_error("AccessDenied", 403, message="User: x is not authorized to perform: kms:Decrypt on y"),
            "receive_message",
            "; allow kms:Decrypt on the queue's key in the role's policy",
            False,
        ),
        (service_error("AccessDenied", 403, message=""), "receive_message", ": AccessDenied; allow sqs:Rec", False),
        (service_error("ExpiredToken", 403), "receive_message", "renew the credentials", False),
        (service_error("RequestThrottled", 403), "receive_message", "RequestThrottled: why", True),
        (service_error("OverLimit", 403), "receive_message", "lower queue.max_in_flight", True),
        (service_error("InternalError", 500), "receive_message", "InternalError", True),
        (service_error("502", 502), "receive_message", "a proxy's? Check queue.url and queue.endpoint_url", True),
        (service_error("404", 404), "receive_message", "a proxy's? Check queue.url and queue.endpoint_url", False),
        (boto.NoCredentialsError(), "receive_message", "check aws.profile", False),
        (
            boto.EndpointConnectionError(endpoint_url="https://x"),
            "receive_message",
            "check the network, queue.url",
            True,
        ),
        (boto.ReadTimeoutError(endpoint_url="https://x"), "receive_message", "check the network, queue.url", True),
        (boto.SSLError(endpoint_url="https://x", error="bad"), "receive_message", "set aws.ca_bundle", True),
    ],
)
def test_what_botocore_raises_becomes_a_fault_with_its_fix(
    error: Exception, operation: str, text: str, is_transient: bool
) -> None:
    client = FakeClient()
    client.script(operation, error)
    with pytest.raises(QueueError) as caught:
        SqsCaller(client, URL).call(operation)
    assert isinstance(caught.value, SqsFault)
    assert URL in str(caught.value)
    assert text in str(caught.value)
    assert caught.value.is_transient == is_transient
    assert caught.value.__cause__ is error


CLIENT_METHODS = set(session.Session().create_client("sqs", "us-east-1").meta.method_to_api_mapping)


@pytest.mark.parametrize("operation", sorted(_ACTIONS))
def test_a_denied_operation_names_the_permission_to_allow(operation: str) -> None:
    assert operation in CLIENT_METHODS
    text = str(translate(service_error("AccessDenied"), operation, URL))
    assert f"; allow {_ACTIONS[operation]} on this queue" in text
    # A batch needs the permission of the single call (API permissions reference of SQS).
    assert _ACTIONS[operation].removeprefix("sqs:").lower() == operation.removesuffix("_batch").replace("_", "")


def test_every_operation_that_is_called_has_its_permission() -> None:
    names = set()
    for file in Path(sqs_faults.__file__).parent.glob("*.py"):
        if file.name != "errors.py":
            constants = (
                node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)
            )
            names |= {value for value in constants if value in CLIENT_METHODS}
    assert names == set(_ACTIONS)


MODELLED = {name for name, shape in SHAPES.items() if shape.get("exception")}


@pytest.mark.parametrize("code", sorted(name for name in MODELLED if name.startswith("Kms")))
def test_every_fault_of_kms_in_the_service_model_has_its_fix_or_passes(code: str) -> None:
    fault = translate(service_error(code), "send_message_batch", URL)
    assert fault.is_transient or ("; " in str(fault) and "sqs:" not in str(fault))
    old_name = "KMS." + code.removeprefix("Kms").replace("Throttled", "Throttling") + "Exception"
    assert str(translate(service_error(old_name), "send_message_batch", URL)) == str(fault)


def test_an_errors_text_has_one_line_and_no_secrets() -> None:
    long = "user AKIAABCDEFGHIJKLMNOP at https://me:secret@host\ncanonical request: x-amz-security-token"
    text = str(translate(service_error("Odd", message=long), "receive_message", URL))
    assert "\n" not in text
    assert not any(secret in text for secret in ("AKIA", "secret@", "token"))


SECRET_URL = "https://svc:s3cr3t@sqs.proxy.example:8443/1/q?token=s3cr3t"
SHOWN_URL = "https://sqs.proxy.example:8443/1/q"


@pytest.mark.parametrize(
    "error",
    [
        service_error("AccessDenied"),
        service_error("AWS.SimpleQueueService.NonExistentQueue"),
        service_error("InvalidAddress", message=f"The address {SECRET_URL} is not valid for this endpoint."),
        service_error("Odd"),
        service_error("502", 502),
        boto.CredentialRetrievalError(provider="process", error_msg="s3cr3t"),
        boto.EndpointConnectionError(endpoint_url=SECRET_URL),
        boto.ReadTimeoutError(endpoint_url=SECRET_URL),
        boto.NoCredentialsError(),
    ],
)
def test_no_text_shows_what_a_queues_url_keeps_secret(error: Exception) -> None:
    client = FakeClient(receive_message=[error], delete_message_batch=[error])
    caller = SqsCaller(client, SECRET_URL)
    with pytest.raises(SqsFault) as caught:
        caller.call("receive_message")
    assert str(caught.value).startswith(f"{SHOWN_URL}: ")
    assert "s3cr3t" not in str(caught.value)
    assert client.of("receive_message") == [{"QueueUrl": SECRET_URL}]


@pytest.mark.parametrize(
    ("answer", "seconds", "words"),
    [
        (failing("Odd", "r1", sender_fault=True), 1.0, "sqs:DeleteMessage: Odd: why"),
        ({}, 1.0, "the answer omits an entry"),
        ({}, 0.0, "no time left for the call"),
    ],
)
def test_no_text_about_an_entry_shows_what_a_queues_url_keeps_secret(
    answer: Answer, seconds: float, words: str
) -> None:
    caller = SqsCaller(FakeClient(delete_message_batch=[answer]), SECRET_URL)
    batches = BatchCaller(ManualClock())
    batches.close()  # so that nothing is tried twice, nor waited for
    (fault,) = batches.run(caller, "delete_message_batch", [{"ReceiptHandle": "r1"}], seconds)
    assert str(fault) == f"{SHOWN_URL}: {words}"


def test_a_call_that_nobody_waits_for_is_told_without_what_a_queues_url_keeps_secret() -> None:
    release = Event()

    def answer_late(parameters: dict[str, Any]) -> dict[str, Any]:
        release.wait(PATIENCE)
        return all_done(parameters)

    caller = SqsCaller(FakeClient(delete_message_batch=[answer_late]), SECRET_URL)
    try:
        entries = [{"ReceiptHandle": "r1"}]
        (fault,) = BatchCaller(ManualClock()).run(caller, "delete_message_batch", entries, 0.01, is_bound=True)
    finally:
        release.set()
    assert str(fault).startswith(f"{SHOWN_URL}: no answer within")


def test_a_queue_without_dead_letters_is_named_without_what_its_url_keeps_secret() -> None:
    with pytest.raises(QueueError) as caught:
        _redrive_url(SqsCaller(FakeClient(), SECRET_URL))
    assert str(caught.value).startswith(f"{SHOWN_URL}: no dead letters")


def test_messages_that_are_not_tried_are_told_without_what_the_queues_url_keeps_secret() -> None:
    runner = BatchCaller(ManualClock())
    with closing(runner):
        client = FakeClient(send_message_batch=[failing("Odd", "a", sender_fault=True)])
        caller = SqsCaller(client, f"{SECRET_URL.partition('?')[0]}.fifo")
        faults = send_entries(caller, runner, [{"MessageBody": "a"}] * 20)
    assert {str(fault).partition(": ")[0] for fault in faults} == {f"{SHOWN_URL}.fifo"}
    assert str(faults[-1]).endswith(": not tried")


def test_credentials_that_are_missing_are_a_fault_with_its_fix() -> None:
    missing = CredentialsUnavailable(text="no AWS credentials: none found")
    with pytest.raises(SqsFault, match=r"none found; check aws\.profile") as caught:
        SqsCaller(FakeClient(receive_message=[missing]), URL).call("receive_message")
    assert not caught.value.is_transient


@pytest.mark.parametrize("error", [TypeError("s3cr3t"), KeyError("s3cr3t"), RuntimeError("s3cr3t"), MemoryError()])
def test_whatever_a_call_raises_is_the_queues_fault(error: Exception) -> None:
    with pytest.raises(SqsFault, match=f"{type(error).__name__} in ") as caught:
        SqsCaller(FakeClient(receive_message=[error]), URL).call("receive_message")
    assert caught.value.is_transient
    assert "s3cr3t" not in str(caught.value)


def test_a_bad_endpoint_is_told_without_its_secrets() -> None:
    with pytest.raises(ConfigError) as caught:
        open_caller(URL, "https://svc:s3cr3t@host:99999", AWS)
    assert "s3cr3t" not in str(caught.value)
    assert str(caught.value).startswith("queue.endpoint_url = 'https://host:99999'")
