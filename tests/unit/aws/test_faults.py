"""What every adapter at AWS stands on when a call fails."""

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from watcher.aws.faults import LONGEST_TEXT, NO_CREDENTIALS, CredentialsExpired, attempt, one_line, unfetched

STALE = RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")


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


def test_credentials_that_are_expired_when_just_fetched_are_told_apart_from_bugs() -> None:
    translated = failing_with(STALE)
    assert isinstance(translated, CredentialsExpired)
    assert isinstance(translated, NO_CREDENTIALS)
    assert str(translated) == str(STALE)


@pytest.mark.parametrize("bug", [RuntimeError("a bug"), KeyError("a bug"), OSError("a bug"), ValueError("a bug")])
def test_a_bug_surfaces_as_it_is(bug: Exception) -> None:
    def fail() -> None:
        raise bug

    with pytest.raises(type(bug)) as caught:
        attempt(fail, TranslatedError)
    assert caught.value is bug


def test_a_source_that_does_not_answer_is_named_and_not_quoted() -> None:
    error = boto.CredentialRetrievalError(provider="custom-process", error_msg="printed s3cr3t")
    assert unfetched(error) == "no credentials from custom-process at the moment"
    assert not isinstance(error, NO_CREDENTIALS)


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
    assert one_line("x" * 100_000) == "x" * LONGEST_TEXT
    assert "s3cr3t" not in one_line("x" * (LONGEST_TEXT - 15) + "https://svc:s3cr3t@host")
