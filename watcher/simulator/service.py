"""The two operations, without a socket: from a target and a body to an answer and its delivery."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from watcher.simulator import wire
from watcher.simulator.calls import CallLog, CallRecord
from watcher.simulator.faults import AS_IT_IS, NO_FAULTS, Call, Delivery, FaultPlan, plan
from watcher.simulator.quota import QuotaTable
from watcher.simulator.results import results, session_request
from watcher.simulator.scenario import Scenario
from watcher.simulator.sessions import CreateRequest, SessionScript, SimulatedSession
from watcher.simulator.store import SessionStore
from watcher.simulator.validation import RequestValidator

Clock = Callable[[], float]
OnCall = Callable[[CallRecord], None]
OnCreate = Callable[[SimulatedSession], None]


@dataclass(frozen=True, slots=True)
class TimedReply:
    """An answer, how long to wait before it, and how to deliver it."""

    reply: wire.Reply
    latency: float = 0.0
    delivery: Delivery = AS_IT_IS


@dataclass(slots=True)
class _Asked:
    """The state of a call while it is being processed."""

    at: float
    operation: str
    session_id: str
    faults: FaultPlan = NO_FAULTS


class LivenessService:
    """Face Liveness as seen by one account. Thread-safe; never sleeps, never uses a socket."""

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock,
        time_scale: float = 1.0,
        on_call: OnCall | None = None,
        on_create: OnCreate | None = None,
    ) -> None:
        """`clock` returns seconds that never go back; session time runs `time_scale` times as fast.

        `on_create` gets each new session, in the thread that serves the call.
        """
        self._on_call = on_call
        self._on_create = on_create
        self._scenario = scenario
        self._clock = clock
        self._time_scale = time_scale
        self._creation = threading.Lock()
        # Two streams: random faults must not change which sessions a seed gives.
        self._rng = Random(scenario.seed)
        self._chance = Random(None if scenario.seed is None else f"{scenario.seed}/faults")
        self._validator = RequestValidator(scenario.validation_error)
        self.store = SessionStore(time_scale, scenario.expired_for)
        self.quotas = QuotaTable(scenario.quotas, clock(), time_scale)
        self.calls = CallLog()

    def handle(self, target: str, body: bytes) -> TimedReply:
        """One call. `target` is the X-Amz-Target header; every error is an answer, none is raised."""
        now = self._clock()
        operation = target.removeprefix(wire.TARGET_PREFIX)
        if operation not in wire.OPERATIONS or not target.startswith(wire.TARGET_PREFIX):
            return self._refuse(_Asked(now, "", ""), wire.ApiError(wire.UNKNOWN_OPERATION))
        try:
            members = wire.decode(body)
        except wire.ApiError as error:
            return self._refuse(_Asked(now, operation, ""), error)
        return self._perform(now, operation, members)

    def create(
        self,
        request: CreateRequest,
        script: SessionScript | None = None,
        session_id: str | None = None,
        created_ago: float = 0.0,
    ) -> SimulatedSession:
        """A new session, or the current one with the same token.

        Raises:
            ValueError: the id is in use, or the token chooses an ending that does not exist.
        """
        now = self._clock()
        with self._creation:
            if request.token and (same := self.store.with_token(request.token, now)) is not None:
                return same
            session = SimulatedSession(
                id=session_id or str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
                script=script or self._scenario.script(self._rng, request.token),
                request=request,
                created_at=now - created_ago / self._time_scale,
            )
            self.store.add(session)
        if self._on_create is not None:
            self._on_create(session)
        return session

    def check_id(self, session_id: str) -> None:
        """Raises ValueError for an id that a results call would reject."""
        try:
            self._validator.check(wire.GET, {"SessionId": session_id})
        except wire.ApiError as error:
            raise ValueError(error.message) from error

    def status(self, session: SimulatedSession) -> str | None:
        """The status that a results call would see now; None for not found."""
        return session.status(self._clock(), self._time_scale, self._scenario.expired_for)

    def _perform(self, at: float, operation: str, members: dict[str, Any]) -> TimedReply:
        session = self._session(members) if operation == wire.GET else None
        asked = _Asked(at, operation, _loggable(members.get("SessionId")))
        poll = self.store.count_poll(session) if session else 0
        call = Call(operation, self.calls.number(operation), poll)
        # The quota is in front of the service: a call over quota does not reach the service or its faults.
        if (code := self.quotas.refuse(operation, at)) is not None:
            return self._refuse(asked, wire.ApiError(code))
        own = session.script.faults if session else ()
        asked.faults = plan(own + self._scenario.faults, call, self._chance)
        try:
            if asked.faults.error is not None:
                raise asked.faults.error
            answer = self._answer(operation, members, session)
        except wire.ApiError as error:
            return self._refuse(asked, error)
        asked.session_id, result = answer["SessionId"], answer.get("Status", "OK")
        return self._finish(asked, result, wire.encode(asked.faults.change(answer)))

    def _session(self, members: dict[str, Any]) -> SimulatedSession | None:
        session_id = members.get("SessionId")
        return self.store.get(session_id) if isinstance(session_id, str) else None

    def _answer(self, operation: str, members: dict[str, Any], session: SimulatedSession | None) -> dict[str, Any]:
        self._validator.check(operation, members)
        if operation == wire.CREATE:
            return {"SessionId": self._created(session_request(members)).id}
        status = self.status(session) if session else None
        if session is None or status is None:
            raise wire.ApiError(wire.SESSION_NOT_FOUND)
        return results(session, status, self._scenario.image_size)

    def _created(self, request: CreateRequest) -> SimulatedSession:
        try:
            return self.create(request)
        except ValueError as error:
            raise wire.ApiError(wire.INVALID_PARAMETER, str(error)) from error

    def _refuse(self, asked: _Asked, error: wire.ApiError) -> TimedReply:
        return self._finish(asked, error.code, wire.encode_error(error, asked.operation))

    def _finish(self, asked: _Asked, result: str, reply: wire.Reply) -> TimedReply:
        delivery = asked.faults.delivery
        http = {"stall": 0, "reset": 0, "http_error": delivery.http}.get(delivery.kind, reply.http)
        if delivery.kind not in {"send", "drip"}:
            result = delivery.kind
        call = CallRecord(asked.at, asked.operation, asked.session_id, result, http, asked.faults.kinds)
        self.calls.add(call)
        if self._on_call is not None:
            self._on_call(call)
        return TimedReply(reply, asked.faults.latency, delivery)


def _loggable(session_id: object) -> str:
    """An id as the client sent it, if it is safe in a log line."""
    return session_id[:36] if isinstance(session_id, str) and session_id.isprintable() else ""
