"""What a caller can tell from the error of a call: whether anything was sent, and whose fault it is."""

from http.client import HTTPException

import pytest

from watcher.bounded_http import errors
from watcher.bounded_http.errors import (
    ConnectFailed,
    ConnectionBroken,
    ConnectTimedOut,
    HttpError,
    InvalidRequest,
    ProxyFailed,
    ReadTimedOut,
    ResponseTooLarge,
    TlsFailed,
)

KINDS = [ConnectFailed, ConnectTimedOut, ProxyFailed, TlsFailed, ReadTimedOut, ConnectionBroken, ResponseTooLarge]


def test_every_error_of_a_call_is_caught_as_one_kind_and_taken_for_no_other() -> None:
    found = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, HttpError)}
    assert found == {HttpError, InvalidRequest, *KINDS}
    for kind in (InvalidRequest, *KINDS):
        assert [other for other in KINDS if issubclass(kind, other)] == [kind][: kind in KINDS]


def test_only_a_connection_that_broke_before_any_answer_is_unanswered() -> None:
    assert not ConnectionBroken("broke").is_unanswered
    error = ConnectionBroken("broke", is_unanswered=True)
    assert (str(error), error.is_unanswered) == ("broke", True)


def test_a_response_that_is_too_large_passes_through_readers_of_http() -> None:
    """The library's own handlers for a response that is not HTTP let it through."""
    with pytest.raises(HTTPException):
        raise ResponseTooLarge("9 MiB")
