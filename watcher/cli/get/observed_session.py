"""One observed session: the results of its polls, and how the daemon would decide it.

The answer goes unchanged to stdout, and through the daemon's parser to the decision. The parser removes the images,
so it works on a copy; and it needs them as bytes, whose digests are in the decision.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from watcher.config import Settings
from watcher.decisions.cloud_event import decision_event
from watcher.decisions.rules import decide
from watcher.domain.errors import PermanentPollError, PollError
from watcher.domain.model import DEFAULT_POLICY, DecisionRules, SessionResult
from watcher.domain.ports import Clock
from watcher.rekognition.answer import parse_answer
from watcher.rekognition.errors import translate
from watcher.sessions.session import Session

Ask = Callable[[], Any]
Observation = SessionResult | PollError


class Observed:
    """The polls of one run. `answer` is the latest answer unchanged, `error` what the latest call raised, if it did.

    The session's creation is not known here; its time counts from the start of the command.
    """

    def __init__(self, session_id: str, settings: Settings, clock: Clock) -> None:
        now = clock.time()
        self.session = Session(
            session_id,
            DEFAULT_POLICY,
            created_at=now,
            wall_offset=now - clock.monotonic(),
            lifetime=settings.polling.session_timeout,
        )
        self.answer: Any = None
        self.error: Exception | None = None
        self.latest: Observation | None = None
        self._rules = settings.decision.rules(DEFAULT_POLICY) or DecisionRules()
        self._clock = clock

    def poll(self, ask: Ask) -> Observation:
        """Make one call and parse its answer like the daemon."""
        try:
            self.answer, self.error = ask(), None
        except Exception as error:  # noqa: BLE001 - as for the daemon's polls, it belongs to the call
            self.error = error
            self.latest = translate(error)
        else:
            self.latest = read(self.session.key.session_id, self.answer)
        self.session.record(self.latest)
        return self.latest

    @property
    def status(self) -> str:
        """The latest status, or the fault instead; for people."""
        if isinstance(self.latest, SessionResult):
            return self.latest.status.value
        return str(self.latest)

    @property
    def has_ended(self) -> bool:
        """Whether no later answer could change the decision."""
        if isinstance(self.latest, SessionResult):
            return self.latest.status.is_terminal
        return isinstance(self.latest, PermanentPollError)

    def decision(self, source: str, *, is_over: bool) -> str:
        """The decision's event as one line of JSON; if it is not over yet, a line that says so."""
        if not is_over:
            return _undecided(self.session.key.session_id, self.status)
        decision = decide(self.latest, self._rules)
        event = decision_event(
            self.session, decision, self.latest, self._rules, source=source, now=self._clock.time()
        )
        return event.body


def read(session_id: str, answer: Any) -> Observation:
    """The daemon's result for an answer, or its error."""
    try:
        return parse_answer(session_id, _with_bytes(answer) if isinstance(answer, Mapping) else {})
    except PollError as fault:
        return fault


def _undecided(session_id: str, status: str) -> str:
    """Not an event: there is nothing to decide before the session has ended."""
    note = "the session has not ended; --wait polls until it has"
    return json.dumps(
        {"sessionId": session_id, "decision": None, "last": status, "note": note}, separators=(",", ":")
    )


def _with_bytes(value: Any) -> Any:
    """A copy with every image as bytes instead of base64; invalid base64 is left out."""
    if isinstance(value, Mapping):
        return {name: _decoded(member) if name == "Bytes" else _with_bytes(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_bytes(member) for member in value]
    return value


def _decoded(image: Any) -> bytes | None:
    try:
        return base64.b64decode(image)
    except (binascii.Error, TypeError, ValueError):
        return None
