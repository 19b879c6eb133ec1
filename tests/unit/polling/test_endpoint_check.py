"""Who is at fault for answers that are not the API's: one session, or the endpoint."""

from collections.abc import Callable

import pytest

from tests.support import ManualClock
from tests.unit.support.builders import a_session, an_answer
from tests.unit.support.fakes import FakeResults
from watcher.domain.errors import (
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
from watcher.domain.model import SessionResult, SessionStatus
from watcher.polling.endpoint_check import NOBODY, EndpointCheck
from watcher.polling.policy import Observation
from watcher.polling.strategies import UNREADABLE_LIMIT
from watcher.sessions.session import Session

PAGE = UnreadableAnswer("HTTP 403 without an error code of the API")
WAITING = an_answer(SessionStatus.IN_PROGRESS)


class Asked:
    """A check over a scripted endpoint, which only sessions that do not exist are asked of."""

    def __init__(self, *script: SessionResult | PollError) -> None:
        self.results = FakeResults(*(script or (PAGE,)))
        self.check = EndpointCheck(self.results)
        self.clock = ManualClock()
        self._sessions: dict[int, Session] = {}

    def bring(self, number: int, observation: Observation, meanwhile: Callable[[], object] = lambda: None) -> bool:
        """Whether what a session's poll brings is held against it; `meanwhile` happens while it is under way."""
        session = self._sessions.setdefault(number, a_session(number, self.clock))

        def call(_: str) -> Observation:
            meanwhile()
            return observation

        judged = self.check.ask(session.session_id, call)
        session.record(judged)
        return judged is observation

    def row(self, number: int, times: int = UNREADABLE_LIMIT) -> list[bool]:
        """Which of so many unreadable answers are held against the session."""
        return [self.bring(number, PAGE) for _ in range(times)]

    def unreadable(self, number: int) -> int:
        """How many are, in a row."""
        return self._sessions[number].unreadable


HELD = [True] * UNREADABLE_LIMIT


def test_a_page_for_everybody_is_held_against_nobody() -> None:
    asked = Asked()
    assert asked.row(1, 50) == [True, *[False] * 49]
    assert asked.check.is_at_fault
    for number in range(2, 20):
        assert asked.row(number, 50) == [False] * 50
    assert asked.results.asked == [NOBODY]  # one call shows it


def test_a_single_session_is_given_up_where_the_endpoint_knows_others() -> None:
    asked = Asked(SessionNotFound("no such session"))
    assert asked.row(1) == HELD
    assert asked.unreadable(1) == UNREADABLE_LIMIT


def test_an_answer_that_was_under_way_when_an_outage_ended_is_held_against_nobody() -> None:
    asked = Asked(PAGE, SessionNotFound("no such session"))
    asked.row(1, UNREADABLE_LIMIT)
    assert not asked.bring(1, PAGE, meanwhile=lambda: asked.bring(2, WAITING))
    assert asked.unreadable(1) == 1
    assert asked.row(1, UNREADABLE_LIMIT - 1) == HELD[1:]  # others are answered properly by now


def test_a_session_alone_has_no_answer_held_against_it_that_was_under_way_when_the_outage_ended() -> None:
    asked = Asked(SessionNotFound("no such session"))
    asked.row(1, UNREADABLE_LIMIT - 1)
    asked.results.script[:] = [PAGE]
    assert asked.bring(1, WAITING)
    asked.row(1, 20)
    assert asked.check.is_at_fault
    assert not asked.bring(1, PAGE, meanwhile=asked.check.ask_again)
    assert asked.unreadable(1) == 1


@pytest.mark.parametrize("outages", range(1, UNREADABLE_LIMIT))
def test_each_outage_counts_for_one_answer_at_most(outages: int) -> None:
    asked = Asked()
    for _ in range(outages):
        asked.row(1, 20)
        asked.bring(2, WAITING)
    assert asked.unreadable(1) == outages


def test_what_others_were_answered_before_the_row_began_proves_nothing() -> None:
    asked = Asked()
    asked.bring(1, WAITING)
    asked.bring(2, WAITING)
    assert asked.row(1) == [True, *[False] * (UNREADABLE_LIMIT - 1)]


def test_its_own_proper_answer_begins_a_session_s_row_anew() -> None:
    asked = Asked(SessionNotFound("no such session"))
    asked.row(1, UNREADABLE_LIMIT - 1)
    asked.bring(1, WAITING)
    assert asked.unreadable(1) == 0
    assert asked.row(1) == HELD


def test_an_outage_that_is_over_spares_nobody_any_more() -> None:
    asked = Asked(PAGE, SessionNotFound("x"))
    asked.row(1)
    assert asked.check.is_at_fault
    asked.bring(2, WAITING)
    assert not asked.check.is_at_fault
    assert asked.row(1, UNREADABLE_LIMIT - 1) == HELD[1:]


PROOFS = [WAITING, SessionNotFound("x"), RejectedByService("x"), MalformedResult("x"), UnknownStatus("x", "NEW")]


@pytest.mark.parametrize("proof", PROOFS)
def test_what_only_the_api_says_proves_that_the_endpoint_is_its(proof: SessionResult | PollError) -> None:
    asked = Asked(proof)
    assert asked.row(1) == HELD


@pytest.mark.parametrize(
    "other", [Throttled("429"), ServerFault("502"), CallTimedOut("x"), ConnectionFailed("x"), AccessDenied("x")]
)
def test_what_a_proxy_may_say_proves_nothing_and_blames_nobody(other: PollError) -> None:
    asked = Asked(other)
    assert asked.row(1) == [True, *[False] * (UNREADABLE_LIMIT - 1)]
    assert not asked.check.is_at_fault
    assert asked.bring(1, other)


def test_the_endpoint_s_fault_says_what_came() -> None:
    check = Asked().check
    check.ask("1", lambda _: PAGE)
    fault = check.ask("1", lambda _: PAGE)
    assert isinstance(fault, EndpointFault)
    assert str(PAGE) in str(fault)
