"""What a debug log must not show."""

import base64
import logging

import pytest

from watcher.cli.get.debug import RedactingFormatter, redacted

IMAGE = base64.b64encode(bytes(range(200))).decode()


def shown(name: str, message: str, *arguments: object) -> str:
    record = logging.LogRecord(name, logging.DEBUG, "x.py", 1, message, arguments, None)
    return RedactingFormatter().format(record)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Response body:\n{IMAGE}", IMAGE[:20]),
        ("x-amz-security-token:FwoGabc\nhost:x", "FwoGabc"),
        ("{'X-Amz-Security-Token': b'FwoGabc/+=='}", "FwoGabc"),
        ("{'Authorization': b'AWS4-HMAC-SHA256 Credential=AK/2026/x, SignedHeaders=a;b, Signature=0f0f'}", "0f0f"),
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
        ("aws_secret_access_key = hunter2/+", "hunter2"),
        ('{"SecretAccessKey": "hunter2", "SessionToken": "tok"}', "hunter2"),
        ('{"SecretAccessKey": "hunter2", "SessionToken": "tok3"}', "tok3"),
        ("WebIdentityToken=eyJhbGciOi.eyJzdWIi&Version=1", "eyJhbGciOi"),
        ("body: " + repr(bytes(range(120, 220))), "\\x80\\x81"),
    ],
)
def test_a_secret_is_left_out(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redacted(text, set())
    assert "left out" in redacted(text, set())


@pytest.mark.parametrize(
    "text",
    [
        "Event before-call.rekognition.GetFaceLivenessSessionResults: calling handler <function x at 0x7f>",
        'http://127.0.0.1:80 "POST / HTTP/1.1" 200 403',
        "Found credentials in environment variables.",
        "Loading JSON file: /usr/lib/python3/site-packages/botocore/data/rekognition/2016-06-27/service-2.json",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text, set()) == text


def test_known_secrets_are_left_out_wherever_they_are() -> None:
    assert redacted("a hunter2hunter2 b", {"hunter2hunter2"}) == "a <left out> b"


def test_bytes_are_shown_by_their_length_only() -> None:
    assert "<5 bytes left out>" in shown("botocore.parsers", "Response body:\n%r", b"abcde")
    assert "abcde" not in shown("botocore.parsers", "Response body:\n%r", b"abcde")


def test_of_signing_only_the_step_is_shown() -> None:
    text = shown("botocore.auth", "CanonicalRequest:\n%s", "POST\n/\n\nhost:x")
    assert text.endswith("CanonicalRequest: <left out>")
    assert shown("botocore.auth", "Calculating signature using v4 auth.").endswith("using v4 auth.")


def test_a_traceback_is_redacted_too() -> None:
    try:
        raise ValueError(f"bad body: {IMAGE}")
    except ValueError as error:
        record = logging.LogRecord("watcher.get", logging.DEBUG, "x.py", 1, "m", (), (type(error), error, None))
    assert IMAGE[:20] not in RedactingFormatter().format(record)
