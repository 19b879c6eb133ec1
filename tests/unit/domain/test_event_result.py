"""What became of the events of a batch, and when that is an error of the sink."""

import pytest

from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, failed, not_attempted, rejected, results_or_error


@pytest.mark.parametrize("reached", [DELIVERED, failed("500"), rejected("too large", is_final=True)])
def test_one_event_that_reached_the_receiver_makes_it_a_result(reached: object) -> None:
    results = [not_attempted("throttled"), reached]
    assert results_or_error(results, SinkError("not raised")) is results  # type: ignore[arg-type]


def test_no_event_has_no_error() -> None:
    assert results_or_error([]) == []


def test_if_nothing_was_attempted_the_first_reason_is_raised() -> None:
    with pytest.raises(SinkError, match=r"^no route$"):
        results_or_error([not_attempted("no route"), not_attempted("later")])


def test_an_error_that_is_known_is_raised_instead() -> None:
    error = SinkError("throttled", 10.0)
    with pytest.raises(SinkError) as raised:
        results_or_error([not_attempted("no route")], error)
    assert raised.value is error
