"""Creation times that senders give, against what AWS says: real ages, claimed ages, and how the sessions end."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support import START, ManualClock, session_id
from tests.unit.support.builders import a_beat, a_received_message, a_session, an_answer, live_answer
from tests.unit.support.polling import CREATED, WAITING
from tests.unit.support.world import World
from watcher.domain.errors import (
    AccessDenied,
    CallTimedOut,
    ConnectionFailed,
    PollError,
    ServerFault,
    SessionNotFound,
    Throttled,
    UnknownStatus,
)
from watcher.domain.model import ReceivedMessage, SessionResult, SessionStatus
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.policy import Observation, PollPolicy
from watcher.polling.scheduler import Due
from watcher.polling.strategies import backoff
from watcher.rate_limit import TokenBucket
from watcher.schedule import Schedule
from watcher.sessions.creation_claim import refute
from watcher.sessions.session import Session
from watcher.util.retry import RetryUntilStopped

LIFETIME = 180.0
EXPIRED = an_answer(SessionStatus.EXPIRED)

Answer = Callable[[float], Observation]
"""What AWS says of the session, by the seconds since it was created."""


def running(ends: float = inf, over: Observation | None = None, waiting: Observation = WAITING) -> Answer:
    """A session that is on its way until it ends; AWS forgets it after its lifetime."""

    def answer(age: float) -> Observation:
        if age >= LIFETIME:
            return EXPIRED
        return waiting if age < ends else over or live_answer()

    return answer


def message(claimed_age: float | None, number: int = 1, how: str = "createdAt") -> ReceivedMessage:
    """Sent at START; by its sender the session is that old already."""
    body: dict[str, object] = {"sessionId": session_id(1)}
    if claimed_age is None:
        return a_received_message(json.dumps(body), number)
    if how == "attribute":
        return replace(a_received_message(json.dumps(body), number), first_sent_at=START - claimed_age)
    body["createdAt"] = datetime.fromtimestamp(START - claimed_age, UTC).isoformat()
    return a_received_message(json.dumps(body), number)


class Life:
    """One session and a watcher of it; the session was created so many seconds before START."""

    def __init__(self, answer: Answer, age: float = 0.0) -> None:
        self.world, self._answer, self._age = World(), answer, age
        self.world.results.during = self._prepare
        self.polled: list[float] = []
        """Seconds from START."""

    @property
    def now(self) -> float:
        return self.world.clock.time() - START

    def _prepare(self) -> None:
        self.polled.append(self.now)
        self.world.results.script = [self._answer(self.now + self._age)]

    def receive(self, *messages: ReceivedMessage) -> list[EventDict]:
        """Take messages in; returns what was logged."""
        with capture_logs() as logs:
            self.world.consumer.process(messages, RetryUntilStopped(Event(), a_beat(self.world.clock)))
        return logs

    def step(self) -> Session | None:
        """To the next poll; the session that was polled or ended, if there was one."""
        found = self.world.scheduler.poll_next(self.world.clock.monotonic())
        if not isinstance(found, Due):
            self.world.clock.advance(found)
            return None
        self.world.poller.poll_once(found)
        return found.session

    def end(self) -> tuple[dict[str, Any], list[EventDict]]:
        """Poll as the scheduler says until the session is decided; its event's data, and what was logged."""
        with capture_logs() as logs:
            while (session := self.step()) is None or session.is_scheduled:
                pass
        self.session = session
        [(_, event)] = self.world.decisions
        return json.loads(event.body)["data"], logs


def corrections(logs: list[EventDict]) -> list[EventDict]:
    return [entry for entry in logs if entry["event"] == "creation_time_corrected"]


def epoch(time: object) -> float:
    return datetime.fromisoformat(str(time)).timestamp()


FALSE_AGES = [5.0, 60.0, 175.0, 178.0, 179.9, 180.0]
HOWS = ["createdAt", "attribute"]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("waiting", [WAITING, CREATED])
@pytest.mark.parametrize("claim", FALSE_AGES)
def test_a_session_that_is_running_is_not_timed_out_by_what_a_sender_claims(
    claim: float, waiting: Observation, how: str
) -> None:
    life = Life(running(ends=100.0, waiting=waiting))
    life.receive(message(claim, how=how))
    data, _ = life.end()
    assert (data["outcome"], 100.0 <= life.now < 111.0) == ("live", True)


@pytest.mark.parametrize("claim", FALSE_AGES)
def test_one_that_never_ends_is_timed_out_when_it_would_be_without_the_claim(claim: float) -> None:
    life = Life(running())
    life.receive(message(claim))
    data, _ = life.end()
    assert (data["reason"], data["status"]) == ("timed_out", "IN_PROGRESS")
    assert 178.9 <= life.now <= 180.0


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("ends", [30.0, 100.0, inf])
def test_a_claim_that_aws_refutes_is_corrected_once_and_told(ends: float, how: str) -> None:
    life = Life(running(ends=ends))
    life.receive(message(175.0, how=how))
    data, logs = life.end()
    assert epoch(data["createdAt"]) == START
    [told] = corrections(logs)
    assert (told["log_level"], told["session_id"]) == ("warning", session_id(1))
    assert (epoch(told["claimed"]), epoch(told["sent_at"])) == (START - 175.0, START)
    notes = json.loads(life.session.history)
    [note] = [note for note in notes if note["event"] == "corrected"]
    assert (note["claimed"], note["sentAt"]) == (START - 175.0, START)
    assert notes[notes.index(note) - 1]["event"] == "poll"  # the one that showed it


def test_a_result_after_the_claimed_end_refutes_the_claim_as_well() -> None:
    life = Life(running(ends=0.5))
    life.receive(message(180.0))
    data, logs = life.end()
    assert (data["outcome"], epoch(data["createdAt"]), len(corrections(logs))) == ("live", START, 1)


@pytest.mark.parametrize("age", [1.5, 20.0, 100.0, 170.0])
def test_a_true_claim_of_a_session_that_never_ends_counts(age: float) -> None:
    """AWS has forgotten it by then: what was known by its deadline decides, as for any other."""
    life = Life(running(), age)
    life.receive(message(age))
    data, logs = life.end()
    assert (data["reason"], data["status"]) == ("timed_out", "IN_PROGRESS")
    assert epoch(data["createdAt"]) == START - age
    assert 0.0 <= life.now + age - LIFETIME < 1.0
    assert corrections(logs) == []


def test_a_session_that_aws_does_not_know_after_the_claimed_end_is_timed_out_once_that_cannot_be_early() -> None:
    def answer(age: float) -> Observation:
        return WAITING if age < LIFETIME else SessionNotFound("gone")

    life = Life(answer, 100.0)
    life.receive(message(100.0))
    data, _ = life.end()
    assert (data["reason"], life.now < 81.0) == ("timed_out", True)


@pytest.mark.parametrize("claim", [10.0, 100.0, 179.0, 180.0])
def test_an_id_that_aws_does_not_know_yet_is_asked_for_again_whatever_its_message_claims(claim: float) -> None:
    life = Life(lambda age: SessionNotFound("too early") if age < 2.0 else running(ends=20.0)(age))
    life.receive(message(claim))
    assert life.end()[0]["outcome"] == "live"


def test_ids_that_aws_never_knows_end_as_fast_with_a_claim_as_without() -> None:
    ends = []
    for claim in (None, 60.0, 178.0):
        life = Life(lambda _: SessionNotFound("made up"))
        life.receive(message(claim))
        assert life.end()[0]["reason"] == "session_not_found"
        ends.append(life.now)
    assert max(ends) < 11.0


@pytest.mark.parametrize("fault", [CallTimedOut("x"), ConnectionFailed("x"), ServerFault("x"), AccessDenied("x")])
def test_a_session_whose_answers_stop_ends_at_the_time_that_its_message_claims(fault: PollError) -> None:
    life = Life(lambda age: WAITING if age < 150.0 else fault, 100.0)
    life.receive(message(100.0))
    data, _ = life.end()
    assert (data["reason"], data["lastError"]) == ("timed_out", "x")
    assert life.now == pytest.approx(80.0, abs=0.05)


@pytest.mark.parametrize("says_nothing", [Throttled("x"), UnknownStatus("PAUSED", "PAUSED")])
def test_what_is_no_answer_to_the_question_ends_nothing_at_a_claimed_time(says_nothing: PollError) -> None:
    life = Life(lambda age: says_nothing if age < 30.0 else running(ends=40.0)(age))
    life.receive(message(175.0))
    assert life.end()[0]["outcome"] == "live"


def test_a_session_that_there_was_no_call_for_by_its_claimed_end_is_asked_for_all_the_same() -> None:
    life = Life(running(ends=40.0))
    life.world.scheduler.set_limiter(_Closed(until=life.world.clock.monotonic() + 30.0))
    life.receive(message(178.0))
    data, _ = life.end()
    assert data["outcome"] == "live"
    assert life.polled[0] == pytest.approx(30.0, abs=0.5)


class _Closed:
    """A rate limiter that lets no call through until then."""

    rate = 25.0

    def __init__(self, until: float) -> None:
        self._until = until

    def acquire(self, now: float) -> float:
        return max(0.0, self._until - now)

    def on_response(self, now: float, *, throttled: bool) -> None:
        """Nothing depends on how calls end."""


def test_a_message_of_the_moment_costs_its_session_no_more_polls_than_one_without_a_creation_time() -> None:
    polls = []
    for claim in (None, 0.3, 1.0):
        life = Life(running(), claim or 0.0)
        life.receive(message(claim))
        life.end()
        polls.append(len(life.polled))
    assert max(polls) - min(polls) <= 1
    assert life.polled[-1] < 180.0


@pytest.mark.parametrize("watchers", [1, 2])
def test_a_second_message_with_an_old_creation_ends_nothing_at_one_watcher_or_at_another(watchers: int) -> None:
    life = Life(running(ends=60.0))
    if watchers == 1:
        life.receive(message(None))
        life.step()
    life.receive(message(175.0, number=2))
    assert life.end()[0]["outcome"] == "live"


def test_a_refuted_claim_teaches_the_schedule_the_age_since_the_message_was_sent() -> None:
    clock, schedule = ManualClock(), _Noted()
    learned = LearnedWait(schedule=schedule, clock=clock, minimum=1.0, maximum=10.0, jitter=0.0)
    life = Life(running(ends=20.0))
    life.world.policy = PollPolicy(backoff(1.0, 10.0, 1.6, 0.0), life.world.clock, learned)
    life.world.active_rules.rules = replace(life.world.active_rules.rules, polling=life.world.policy)
    life.receive(message(180.0))
    life.end()
    assert max(high for _, high in schedule.ages) < 31.0


class _Noted(Schedule):
    def __init__(self) -> None:
        super().__init__()
        self.ages: list[tuple[float, float]] = []

    def record(
        self,
        kind: str,
        low: float,
        high: float,
        *,
        ended: bool,
        now: float | None = None,
        is_announced: bool = False,
    ) -> None:
        self.ages.append((low, high))
        super().record(kind, low, high, ended=ended, now=now, is_announced=is_announced)


def test_a_crowd_of_claimed_ends_is_checked_and_not_given_up() -> None:
    """More of them than the rate allows at once, so that their last polls are brought forward."""
    life = Life(running(ends=100.0))
    life.world.scheduler.set_limiter(TokenBucket(5.0))
    life.world.consumer.process(
        [
            a_received_message(json.dumps({"sessionId": session_id(n), "createdAt": "2025-06-15T15:04:10Z"}), n)
            for n in range(1, 61)
        ],
        RetryUntilStopped(Event(), a_beat(life.world.clock)),
    )
    ended = list[Session]()
    while len(ended) < 60:
        session = life.step()
        if session is not None and not session.is_scheduled:
            ended.append(session)
    assert [
        session for session in ended if session.ending != SessionResult(session.session_id, SessionStatus.SUCCEEDED)
    ] == []


def test_a_claim_is_corrected_without_replacing_what_the_consumer_writes() -> None:
    """Its thread may move both clocks at the same moment: one alone is changed here."""
    session = a_session(sent_after=100.0)
    offset, claimed = session.wall_offset, session.created_at
    assert refute(session) == claimed
    assert session.wall_offset == offset
    assert (session.created_at, session.deadline) == (claimed + 100.0, session.created_monotonic + LIFETIME)
