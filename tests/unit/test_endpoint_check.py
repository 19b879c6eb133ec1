"""Who is at fault for answers that are not the API's: one session, or the endpoint."""

import pytest

from tests.support import ManualClock
from tests.unit.builders import a_watch, an_answer
from tests.unit.fakes import FakeResults
from watcher.endpoint_check import NOBODY, EndpointCheck
from watcher.errors import (
    AccessDenied,
    CallTimedOut,
    ConnectionFailed,
    EndpointFault,
    MalformedResult,
    PollError,
    RejectedByService,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnknownStatus,
    UnreadableAnswer,
)
from watcher.model import SessionResult, SessionStatus
from watcher.policy import UNREADABLE_LIMIT, Observation
from watcher.watch import Watch

PAGE = UnreadableAnswer("HTTP 403 without an error code of the API")
WAITING = an_answer(SessionStatus.IN_PROGRESS)


class Judged:
    """A check over a scripted endpoint, which only sessions that do not exist are asked of."""

    def __init__(self, *script: SessionResult | PollError) -> None:
        self.results = FakeResults(*(script or (PAGE,)))
        self.check = EndpointCheck(self.results)
        self.clock = ManualClock()
        self._watches: dict[int, Watch] = {}

    def bring(self, number: int, observation: Observation) -> Observation:
        """What is made of what a session's poll brought; noted as the poller does."""
        watch = self._watches.setdefault(number, a_watch(number, self.clock))
        judged = self.check.judge(watch, observation)
        watch.saw(judged)
        return judged

    def row(self, number: int, times: int = UNREADABLE_LIMIT) -> list[bool]:
        """Which of so many unreadable answers are held against the session."""
        return [self.bring(number, PAGE) is PAGE for _ in range(times)]


HELD = [True] * UNREADABLE_LIMIT
SPARED = [*HELD[:-1], False]


def test_a_page_for_everybody_is_held_against_nobody() -> None:
    judged = Judged()
    for number in range(20):
        assert judged.row(number, 1) == [True]
    assert judged.row(1, UNREADABLE_LIMIT - 1) == [*HELD[: UNREADABLE_LIMIT - 2], False]
    assert judged.check.is_at_fault
    assert judged.row(2, 50) == [False] * 50
    assert judged.results.asked == [NOBODY]  # one call shows it


def test_a_single_session_alone_is_given_up_only_if_the_endpoint_knows_others() -> None:
    assert Judged(SessionNotFound("no such session")).row(1) == HELD
    assert Judged(PAGE).row(1) == SPARED


def test_an_answer_that_was_under_way_when_an_outage_ended_is_held_against_nobody() -> None:
    judged = Judged()
    assert judged.row(1, UNREADABLE_LIMIT - 1) == HELD[:-1]
    judged.row(2, 1)
    judged.bring(2, WAITING)
    assert judged.row(1, 1) == [False]
    assert judged.results.asked == []
    assert judged.row(1) == HELD  # others are answered properly by now


def test_an_outage_whose_end_the_last_answer_itself_finds_is_held_against_nobody() -> None:
    judged = Judged(SessionNotFound("no such session"))
    judged.row(2, 1)
    assert judged.row(1) == SPARED
    assert judged.results.asked == [NOBODY]


def test_a_session_whose_answers_alone_are_unreadable_is_given_up_without_another_call() -> None:
    judged = Judged()
    held = []
    for _ in range(UNREADABLE_LIMIT):
        held += judged.row(1, 1)
        judged.bring(2, WAITING)
    assert held == HELD
    assert judged.results.asked == []


def test_what_others_were_answered_before_the_page_came_proves_nothing() -> None:
    judged = Judged()
    judged.bring(1, WAITING)
    judged.bring(2, WAITING)
    assert judged.row(1) == SPARED


def test_its_own_proper_answer_begins_a_session_s_row_anew() -> None:
    judged = Judged()
    judged.row(1, UNREADABLE_LIMIT - 1)
    judged.bring(1, WAITING)
    assert judged.row(1) == SPARED


def test_an_outage_that_is_over_spares_nobody_any_more() -> None:
    judged = Judged(PAGE, SessionNotFound("x"))
    judged.row(1)
    assert judged.check.is_at_fault
    judged.bring(2, WAITING)
    assert not judged.check.is_at_fault
    assert judged.row(1) == HELD


PROOFS = [WAITING, SessionNotFound("x"), RejectedByService("x"), MalformedResult("x"), UnknownStatus("x", "NEW")]


@pytest.mark.parametrize("proof", PROOFS)
def test_what_only_the_api_says_proves_that_the_endpoint_is_its(proof: SessionResult | PollError) -> None:
    judged = Judged(proof)
    assert judged.row(1) == HELD
    assert judged.results.asked == [NOBODY]


@pytest.mark.parametrize(
    "other", [Throttled("429"), ServerFault("502"), CallTimedOut("x"), ConnectionFailed("x"), AccessDenied("x")]
)
def test_what_a_proxy_may_say_proves_nothing_and_blames_nobody(other: PollError) -> None:
    judged = Judged(other)
    assert judged.row(1) == SPARED
    assert not judged.check.is_at_fault
    assert judged.bring(1, other) is other


def test_the_endpoint_s_fault_says_what_came() -> None:
    judged = Judged()
    judged.row(1)
    fault = judged.bring(1, PAGE)
    assert isinstance(fault, EndpointFault)
    assert str(PAGE) in str(fault)
