"""One poll: call, count, ask the policy what comes next, and act on it."""

import logging
from collections.abc import Callable
from functools import cache

import structlog

from watcher.domain.active_rules import ActiveRules
from watcher.domain.errors import (
    CallTimedOut,
    EndpointFault,
    OperatorError,
    PollError,
    SessionNotFound,
    Throttled,
    TransientPollError,
    UnreadableAnswer,
)
from watcher.domain.model import SessionResult
from watcher.domain.ports import Clock, SessionResults
from watcher.polling.active_calls import ActiveCalls
from watcher.polling.endpoint_check import EndpointCheck
from watcher.polling.final_poll import final_poll_at, lead_seconds
from watcher.polling.hints import Hints
from watcher.polling.policy import Ended, Observation, PollAgain, PollPolicy
from watcher.polling.scheduler import Due, Scheduler
from watcher.sessions import creation_claim
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness
from watcher.util.rfc3339 import timestamp

log = structlog.get_logger(__name__)
_stdlib_log = logging.getLogger(__name__)
"""Used for its level: structlog builds a line before it drops it."""

UNREACHABLE_AFTER = 3
"""Consecutive polls that must fail to reach the service before readiness says so: one lost connection is not an
outage."""

NOT_THE_API = "what answers there is not the API"
"""The state of an endpoint when a proxy or a captive portal answers in its place."""


class Poller:
    """What every worker thread runs. It keeps no state about sessions."""

    def __init__(
        self,
        *,
        results: SessionResults,
        endpoint: EndpointCheck,
        scheduler: Scheduler,
        ended: Callable[[Session, Observation | None], None],
        hints: Hints,
        active_rules: ActiveRules[PollPolicy],
        clock: Clock,
        metrics: Metrics,
        readiness: Readiness,
    ) -> None:
        """`ended` takes over a session that is over, with the observation that decides it."""
        self._results = results
        self._endpoint = endpoint
        self._scheduler = scheduler
        self._ended = ended
        self._hints = hints
        self._active_rules = active_rules
        self._clock = clock
        self._metrics = metrics
        self._readiness = readiness
        self.calls = ActiveCalls()
        self._unreachable = 0
        self._polls = cache(metrics.polls.labels)

    def run(self, beat: Beat) -> None:
        """Poll what is due until the scheduler is stopped."""
        while (due := self._scheduler.take()) is not None:
            beat.beat()
            self.poll_once(due)
            beat.rest()

    def poll_once(self, due: Due) -> None:
        """Make one call for a due session, and pass the session to its next step."""
        session = due.session
        if due.is_over:
            self._active_rules.rules.polling.forget(session)
            self._end(session, session.ending)
            return
        begun = self._clock.monotonic()
        self.calls.begin(session, begun)
        observation = self._endpoint.ask(session.session_id, self._ask)
        self._scheduler.record_result(throttled=isinstance(observation, Throttled))
        if not session.answers and isinstance(observation, SessionResult | SessionNotFound):
            self._scheduler.record_first_result(is_unknown=isinstance(observation, SessionNotFound))
        seconds = self._clock.monotonic() - begun
        result = _label(observation)
        self._count(result, lag=begun - due.at, seconds=seconds)
        self._report_service(observation)
        if not self.calls.end(session):
            log.warning(
                "late_response_dropped", session_id=session.session_id, result=result, seconds=round(seconds, 3)
            )
        elif not session.is_abandoned:  # else its lease was lost during the call: another watcher has it now
            self._continue(session, observation, result, begun)

    def _continue(self, session: Session, observation: Observation, result: str, begun: float) -> None:
        seconds = self._clock.monotonic() - begun
        known, is_borne_out = session.ending, creation_claim.is_borne_out(session, observation, begun)
        claimed = creation_claim.refute(session) if creation_claim.is_refuted(session, observation, begun) else None
        session.record(observation)
        step = self._active_rules.rules.polling.next_step(session, observation)
        self._note(session, observation, result, seconds, step)
        if claimed is not None:
            self._log_refuted_claim(session, claimed)
        if isinstance(step, PollAgain):
            self._scheduler.add(session, self._clock.monotonic() + step.delay, is_hinted=step.is_hinted)
        else:
            # So its deadline was true: what was known then counts, as for a session without a claim.
            self._end(session, known if is_borne_out and isinstance(known, SessionResult) else step.ending)

    def _end(self, session: Session, observation: Observation | None) -> None:
        self._hints.ended(session)
        self._ended(session, observation)

    def _log_refuted_claim(self, session: Session, claimed: float) -> None:
        session.note_corrected_creation(self._clock.time(), claimed)
        log.warning(
            "creation_time_corrected",
            session_id=session.session_id,
            claimed=timestamp(claimed),
            sent_at=timestamp(session.sent_at),
            consequence="AWS still knows the session, so it is younger than claimed: the sent time is used",
        )

    def admit(self, session: Session) -> None:
        """Begin to poll a session."""
        at = self._active_rules.rules.polling.first_poll(session)
        self._scheduler.add(session, at, is_hinted=session.hint is not None)

    def may_be_older(self, session: Session, created_monotonic: float) -> None:
        """A message gives this creation time for a session, so AWS may forget it earlier.

        That moves a poll once per session, or a sender could cause any number of calls. The deadline stays.
        """
        kept, forgotten = final_poll_at(session), created_monotonic + session.lifetime - lead_seconds(session)
        if forgotten < kept and not session.is_brought_forward:
            session.is_brought_forward = True
            kept = max(forgotten, self._clock.monotonic())
        self._scheduler.bring_forward(session, kept)

    def give_up(self, session: Session) -> None:
        """Decide a session whose call outlasts its time, by what is known; the call's result is dropped."""
        begun = self.calls.claim(session)
        if begun is None or session.is_abandoned:
            return
        seconds = self._clock.monotonic() - begun
        fault = CallTimedOut(f"the session's time ran out while a call for it hung, for {seconds:.0f} s so far")
        session.record(fault)
        self._active_rules.rules.polling.forget(session)
        self._note(session, fault, _label(fault), seconds, Ended(fault))
        self._end(session, session.ending)

    def _ask(self, session_id: str) -> Observation:
        try:
            return self._results.get(session_id)
        except PollError as fault:
            # The session keeps its last fault: a traceback would keep every frame of the call, answer included.
            fault.__traceback__ = fault.__cause__ = fault.__context__ = None
            return fault

    def _count(self, result: str, lag: float, seconds: float) -> None:
        self._polls(result).inc()
        self._metrics.poll_lag.observe(max(0.0, lag))
        self._metrics.poll_duration.observe(seconds)

    def _report_service(self, observation: Observation) -> None:
        """Report to readiness what this poll says about the service itself."""
        if isinstance(observation, PollError) and not self._record_fault(observation):
            return
        self._unreachable = 0
        self.calls.answered_at = self._clock.monotonic()
        self._readiness.mark_recovered("endpoint")
        if not isinstance(observation, Throttled):  # a throttle may come before credentials are checked
            self._readiness.mark_recovered("credentials")

    def _record_fault(self, fault: PollError) -> bool:
        """Whether the service is available, judging by this fault; if not, readiness is told why."""
        if isinstance(fault, OperatorError):
            self._mark_unavailable(
                "credentials", fault, "sessions wait until their deadline; none is rejected because of it"
            )
            return False
        if isinstance(fault, UnreadableAnswer):
            return False  # perhaps about one session: it does not tell whether the service is up
        if isinstance(fault, EndpointFault):
            if self._endpoint.is_at_fault:  # else there was no answer to judge by
                self._mark_unavailable(
                    "endpoint",
                    fault,
                    "sessions wait until their deadline; none is rejected because of it",
                    NOT_THE_API,
                )
            return False
        if isinstance(fault, TransientPollError) and not isinstance(fault, Throttled):
            self._unreachable += 1
            if self._unreachable >= UNREACHABLE_AFTER:
                self._mark_unavailable("endpoint", fault, "polling goes on with backoff")
            return False
        return True

    def _mark_unavailable(self, part: str, fault: PollError, consequence: str, state: str = "") -> None:
        self._readiness.mark_unavailable(part, fault, consequence, state=state, fault=_label(fault))

    def _note(
        self, session: Session, observation: Observation, result: str, seconds: float, step: PollAgain | Ended
    ) -> None:
        error = str(observation) if isinstance(observation, PollError) else ""
        wait = step.delay if isinstance(step, PollAgain) else None
        session.note_poll(self._clock.time(), result, seconds, error=error, wait=wait)
        if _stdlib_log.isEnabledFor(logging.DEBUG):
            log.debug(
                "polled",
                session_id=session.session_id,
                policy=session.policy,
                result=result,
                seconds=round(seconds, 4),
                **({"error": error} if error else {}),
                **({"next": round(wait, 3)} if wait is not None else {}),
            )


def _label(observation: Observation) -> str:
    return observation.status.lower() if isinstance(observation, SessionResult) else observation.result.value
