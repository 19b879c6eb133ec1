import sqlite3

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from watcher.aws.errors import attempt
from watcher.domain.errors import AccessDenied, QueueError, WatcherError
from watcher.util.error_class import error_class


def caused(error: WatcherError, cause: BaseException) -> WatcherError:
    error.__cause__ = cause
    return error


def answered(code: object) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "arn:aws:iam::123456789012:role/x"}}, "SendMessage")


def test_an_error_has_its_own_class_and_that_of_what_began_it() -> None:
    assert error_class(QueueError("/var/lib/watcher.db")) == "QueueError"
    assert error_class(caused(QueueError("x"), sqlite3.OperationalError("/x"))) == "QueueError (OperationalError)"
    deep = caused(QueueError("x"), caused(QueueError("y"), ReadTimeoutError(endpoint_url="https://sqs.internal")))
    assert error_class(deep) == "QueueError (ReadTimeoutError)"


def test_aws_s_code_tells_more_than_the_class_of_botocore() -> None:
    assert error_class(caused(QueueError("x"), answered("KMS.AccessDeniedException"))) == (
        "QueueError (AccessDeniedException)"
    )
    assert error_class(caused(QueueError("x"), answered("AWS.SimpleQueueService.NonExistentQueue"))) == (
        "QueueError (NonExistentQueue)"
    )


@pytest.mark.parametrize(
    "code", ["123456789012", "arn:aws:iam::1", "evil.example.com", "a\nb", "", None, ["x"], "X" * 65, "10.0.0.7"]
)
def test_a_code_that_could_be_anything_is_not_quoted(code: object) -> None:
    assert error_class(caused(QueueError("x"), answered(code))) == "QueueError (ClientError)"


def test_what_began_a_failed_call_is_known_without_its_cause() -> None:
    """Polls drop the cause: its traceback would keep the whole answer in memory."""

    def call() -> None:
        raise answered("ExpiredTokenException")

    with pytest.raises(AccessDenied) as caught:
        attempt(call, lambda _: AccessDenied("renew the credentials"))
    caught.value.__cause__ = None
    assert error_class(caught.value) == "AccessDenied (ExpiredTokenException)"
