"""What botocore raises, as a fault with its fix, and without secrets."""

import ast
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore import loaders, xform_name

from tests.unit.queues.sqs.fakes import URL, FakeClient, service_error
from watcher.domain.errors import QueueError
from watcher.queues.sqs import errors
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.errors import SqsFault, translate

MODEL: dict[str, Any] = loaders.Loader().load_service_model("sqs", "service-2")
OPERATIONS = {xform_name(name): name for name in MODEL["operations"]}
"""Names of boto3's methods, with those of the API."""


def called() -> set[str]:
    """The operations that the queue's modules name."""
    files = [file for file in Path(errors.__file__).parent.glob("*.py") if file.name != "errors.py"]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    texts = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return texts & set(OPERATIONS)


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


@pytest.mark.parametrize("operation", sorted(called()))
def test_a_denied_operation_names_the_permission_to_allow(operation: str) -> None:
    text = str(translate(service_error("AccessDenied"), operation, URL))
    # A batch needs the permission of the single call (API permissions reference of SQS).
    assert f"; allow sqs:{OPERATIONS[operation].removesuffix('Batch')} on this queue" in text


def test_the_operations_that_move_messages_are_among_the_called_ones() -> None:
    assert {"receive_message", "delete_message_batch", "send_message_batch"} < called()


KMS = sorted(name for name, shape in MODEL["shapes"].items() if shape.get("exception") and name.startswith("Kms"))


@pytest.mark.parametrize("code", KMS)
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
