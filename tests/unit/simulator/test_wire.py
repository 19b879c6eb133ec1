import json

import pytest

from watcher.simulator.wire import (
    ACCESS_DENIED,
    GET,
    THROTTLING,
    ApiError,
    decode,
    encode,
    encode_error,
)


def test_an_empty_body_is_a_request_without_members() -> None:
    assert decode(b"") == {}


def test_a_request_id_is_new_for_each_answer() -> None:
    ids = {dict(encode({}).headers)["x-amzn-RequestId"] for _ in range(10)}
    assert len(ids) == 10


def test_an_access_denied_names_the_operation() -> None:
    message = json.loads(encode_error(ApiError(ACCESS_DENIED), GET).body)["Message"]
    assert message.endswith("is not authorized to perform: rekognition:GetFaceLivenessSessionResults")


@pytest.mark.parametrize(
    ("http", "words"), [(400, "Rate exceeded"), (500, "Slow down; sudden increase in rate of requests.")]
)
def test_a_throttle_has_other_words_with_another_status(http: int, words: str) -> None:
    error = ApiError(THROTTLING, http=http)
    assert (error.http, error.message) == (http, words)
