"""What the caller can tell from an error: what to do next, and the text for the user."""

import pytest

from tests.unit.support.builders import a_lease
from watcher.domain import errors
from watcher.domain.errors import (
    ConfigError,
    DatabaseLost,
    InvalidMessage,
    LedgerError,
    NoAnswer,
    OperatorError,
    PartialExtendError,
    PermanentPollError,
    PollError,
    QueueError,
    SinkError,
    SinkGone,
    TransientPollError,
    UnknownStatus,
    WatcherError,
)
from watcher.domain.model import DeadReason, PollResult

EVERY = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, WatcherError)]
GROUPS = (TransientPollError, PermanentPollError, OperatorError)
POLLS = [each for each in EVERY if issubclass(each, PollError) and each not in (PollError, *GROUPS[:2])]


@pytest.mark.parametrize("error", POLLS)
def test_every_fault_of_a_poll_is_counted_and_says_whether_to_poll_again(error: type[PollError]) -> None:
    assert error.result in set(PollResult)
    assert sum(issubclass(error, group) for group in GROUPS) == 1


def test_each_problem_of_the_settings_is_a_line() -> None:
    error = ConfigError(["http.port = 0: no", "sinks: none"])
    assert (error.problems, str(error)) == (["http.port = 0: no", "sinks: none"], "http.port = 0: no\nsinks: none")


@pytest.mark.parametrize(
    ("error", "retried"),
    [(DatabaseLost, (QueueError, LedgerError, SinkError)), (SinkGone, (SinkError,)), (SinkError, (SinkGone,))],
)
def test_what_must_not_be_retried_is_not_caught_with_what_is(
    error: type[WatcherError], retried: tuple[type[WatcherError], ...]
) -> None:
    assert not issubclass(error, retried)


def test_errors_carry_what_their_handlers_need() -> None:
    partial = PartialExtendError("1 of 3", [a_lease(1)], [a_lease(2)])
    assert isinstance(partial, QueueError)
    assert (str(partial), partial.remaining, partial.lost) == ("1 of 3", [a_lease(1)], [a_lease(2)])
    assert (SinkError("busy", 7.0).retry_after, NoAnswer("busy").retry_after) == (7.0, None)
    invalid = InvalidMessage(DeadReason.UNKNOWN_POLICY, "no policy x")
    assert (str(invalid), invalid.reason) == ("no policy x", "unknown_policy")
    assert UnknownStatus("PAUSED is unknown", "PAUSED").status == "PAUSED"
