"""Answers that a reader could understand in two ways; over the wire they are in the tests of `results`."""

import json
from typing import Any

import pytest

from watcher.aws.errors import UnreadableResponse
from watcher.rekognition.one_meaning import require_one_meaning

LIVE = b'{"SessionId": "a", "Status": "SUCCEEDED", "Confidence": 99.0, "ReferenceImage": {"S3Object": {"Name": "n"}}}'


def check(body: bytes, status: int = 200) -> None:
    answer: dict[str, Any] = {"body": body, "status_code": status}
    require_one_meaning(answer)
    assert answer == {"body": body, "status_code": status}


@pytest.mark.parametrize(
    "body",
    [
        LIVE.replace(b"{", b'{"Status": "FAILED", ', 1),
        LIVE.replace(b"{", b'{"Confidence": 1, ', 1),
        LIVE.replace(b'"Name"', b'"Name": "m", "Name"'),
        LIVE.replace(b"{", b'{"\\u0053tatus": "FAILED", ', 1),
        LIVE.replace(b"{", b'{"Status": "FAILED", ', 1).replace(b"SUCCEEDED", b"SUCC\\u0045EDED"),
        LIVE.replace(b"{", b'{"__type": "ThrottlingException", ', 1),
    ],
    ids=["status", "confidence", "nested", "escaped name", "escaped value", "error"],
)
def test_a_success_with_two_meanings_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableResponse):
        check(body)


@pytest.mark.parametrize(
    "body",
    [LIVE, json.dumps({"Status": "SUCCEEDED", "a": "\\"}).encode(), b"[" * 100_000 + b"SUCCEEDED", b"\xffSUCCEEDED"],
)
def test_every_other_success_is_for_the_parser(body: bytes) -> None:
    check(body)


def test_an_error_is_not_read() -> None:
    check(LIVE.replace(b"{", b'{"__type": "ThrottlingException", ', 1), 400)
