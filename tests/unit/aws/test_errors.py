"""What every adapter at AWS stands on when a call fails."""

import json
import re

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.aws.errors import LONGEST_TEXT, CredentialsUnavailable, UnreadableResponse, attempt, one_line
from watcher.bounded_http.errors import InvalidRequest


class TranslatedError(Exception):
    """What an adapter makes of it."""


def failing_with(error: Exception) -> Exception:
    """What comes out of a call that raises this; the cause is looked at here."""

    def fail() -> None:
        raise error

    with pytest.raises(TranslatedError) as caught:
        attempt(fail, TranslatedError)
    assert caught.value.__cause__ is error
    translated: Exception = caught.value.args[0]
    return translated


def test_what_a_call_returns_is_handed_on() -> None:
    assert attempt(lambda: 5, TranslatedError) == 5


@pytest.mark.parametrize(
    "error",
    [
        boto.ClientError({}, "Any"),
        boto.NoCredentialsError(),
        boto.EndpointConnectionError(endpoint_url="http://x"),
        ResponseParserError("odd"),
    ],
)
def test_what_botocore_raises_on_purpose_is_translated(error: Exception) -> None:
    assert failing_with(error) is error


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), KeyError("odd"), OSError("odd"), TypeError("odd"), MemoryError(), RecursionError()]
)
def test_whatever_else_a_call_raises_is_translated_too(error: Exception) -> None:
    assert failing_with(error) is error


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(1)])
def test_what_ends_the_process_is_no_fault_of_the_call(end: BaseException) -> None:
    def fail() -> None:
        raise end

    with pytest.raises(type(end)):
        attempt(fail, TranslatedError)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CredentialsUnavailable(text="our own words"), "our own words"),
        (UnreadableResponse("our own words"), "our own words"),
        (boto.HTTPClientError(error=InvalidRequest("our own words")), "HTTPClientError: our own words"),
        (boto.CredentialRetrievalError(provider="p", error_msg="printed s3cr3t"), "no AWS credentials: Cred"),
        (boto.HTTPClientError(error=ValueError("Invalid header value b's3cr3t'")), "HTTPClientError: ValueError in"),
        (boto.HTTPClientError(error=OSError(24, "s3cr3t")), "HTTPClientError: OSError: Too many open files"),
        (boto.ParamValidationError(report="s3cr3t"), "ParamValidationError"),
        (ResponseParserError("s3cr3t"), "the answer is not the API's"),
        (PermissionError(13, "s3cr3t", "s3cr3t"), "PermissionError: Permission denied"),
        (
            boto.ConnectTimeoutError(endpoint_url="https://u:s3cr3t@h/"),
            'Connect timeout on endpoint URL: "https://h/"',
        ),
        (json.JSONDecodeError("s3cr3t", "s3cr3t", 0), "JSONDecodeError in"),
        (KeyError("s3cr3t"), "KeyError in"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_exception_is_told_by_its_class_unless_its_text_is_known_to_be_safe(error: Exception, told: str) -> None:
    assert one_line(error).startswith(told)
    assert "s3cr3t" not in one_line(error)


def test_an_unexpected_exception_is_told_with_the_place_where_it_came_up() -> None:
    with pytest.raises(ValueError, match="Expecting value") as caught:
        json.loads("s3cr3t")
    assert re.fullmatch(r"JSONDecodeError in json/decoder\.py:\d+", one_line(caught.value))


@pytest.mark.parametrize("text", ["a\ud800b", "a\x1b[31mb", "a\0b", "a\u202eb"])
def test_a_text_drives_no_terminal_and_can_be_stored(text: str) -> None:
    assert one_line(text).isprintable()
    assert one_line(text).encode()


def test_a_token_in_a_text_is_left_out() -> None:
    assert one_line(f"token {'IQoJb3JpZ2luX2Vj' * 20} is bad") == "token *** is bad"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ""),
        ("\n one\ntwo", "one"),
        ("no match.\r\n\r\nx-amz-security-token:s3cr3t", "no match."),
        ("for AKIAABCDEFGHIJKLMNOP and ASIAABCDEFGHIJKLMNOP", "for *** and ***"),
        (
            'Could not connect to the endpoint URL: "https://svc:s3cr3t@sqs.proxy:8443/"',
            'Could not connect to the endpoint URL: "https://sqs.proxy:8443/"',
        ),
        ('to "https://svc:s3@cr3t@proxy/x"', 'to "https://proxy/x"'),
        ("to HTTPS://host/x?token=s3cr3t#s3cr3t, in vain", "to https://host/x in vain"),
        ("to socks5://svc:s3cr3t@proxy:1 or //svc:s3@cr3t@proxy:2", "to socks5://***proxy:1 or //***proxy:2"),
        ("mail@example.com: see //example.com/x, and mail@example.com", None),
        ("User: arn:aws:iam::1:user/x is not authorized to perform: sqs:SendMessage", None),
    ],
)
def test_a_text_is_told_on_one_line_without_secrets(text: str, told: str | None) -> None:
    assert one_line(text) == (text if told is None else told)


def test_a_long_text_is_cut() -> None:
    assert one_line("x " * 50_000) == "x " * (LONGEST_TEXT // 2)
    assert "s3cr3t" not in one_line("x " * (LONGEST_TEXT // 2 - 8) + "https://svc:s3cr3t@host")
