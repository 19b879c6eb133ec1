"""Whether answers that are not the API's are the fault of one session, or of whatever answers in the API's place."""

from itertools import count
from threading import Lock

from watcher.errors import EndpointFault, PermanentPollError, PollError, UnknownStatus, UnreadableAnswer
from watcher.model import SessionResult
from watcher.policy import UNREADABLE_LIMIT, Observation
from watcher.ports import SessionResults
from watcher.watch import Watch

NOBODY = "00000000-0000-0000-0000-000000000000"
"""A session id that is asked for to see what answers; no session has it."""

AN_OUTAGE = 2
"""Sessions with unreadable answers, and none with a proper one in between, that make the endpoint the culprit."""

MOST_STREAKS = 1000
"""Sessions whose unreadable answers are followed at once. More of them are an outage, and need no proof each."""


class EndpointCheck:
    """Nobody is rejected for what a proxy or captive portal says.

    A session is given up for its unreadable answers only if the same endpoint answered somebody else properly since
    they began. If nobody else was polled, a session that does not exist is asked for. What was under way
    when an outage ended is held against nobody. For several threads.
    """

    def __init__(self, results: SessionResults) -> None:
        self._results = results
        self._lock = Lock()
        self._moments = count(1)
        self._proved_at = 0
        """The moment of the latest proper answer. Moments are numbers in order: who came first is all that counts."""
        self._began_at: dict[str, int] = {}
        """When each session's row of unreadable answers began."""
        self._unreadable_since_proof: set[str] = set()
        self._excused: set[str] = set()
        """Sessions with a row of unreadable answers when an outage ended: their next one may have been under way."""
        self.is_at_fault = False

    def judge(self, watch: Watch, observation: Observation) -> Observation:
        """`observation`, or the endpoint's fault in its place. Call it before `watch.saw(observation)`."""
        if not is_unreadable(observation):
            if is_proof(observation):
                self._proved(watch.session_id)
            return observation
        is_excused = self._take_excuse(watch.session_id)
        is_proved = self._is_proved_since(watch.session_id)
        if not is_excused:
            if is_proved or (watch.unreadable < UNREADABLE_LIMIT - 1 and not self.is_at_fault):
                return observation
            if not self.is_at_fault and self.ask_again() and not self._take_excuse(watch.session_id):
                return observation
        return EndpointFault(f"{observation}; others got nothing of the API either")

    def ask_again(self) -> bool:
        """Whether the endpoint knows the API: ask for a session that does not exist."""
        try:
            self._results.get(NOBODY)
        except PollError as error:
            if not is_proof(error):
                self.is_at_fault = self.is_at_fault or is_unreadable(error)
                return False
        self._proved(NOBODY)
        return True

    def _proved(self, session_id: str) -> None:
        with self._lock:
            self._proved_at = next(self._moments)
            self.is_at_fault = False
            self._began_at.pop(session_id, None)
            self._excused.discard(session_id)
            if len(self._unreadable_since_proof) >= AN_OUTAGE:
                self._excused.update(self._began_at)
            self._unreadable_since_proof.clear()

    def _take_excuse(self, session_id: str) -> bool:
        with self._lock:
            is_excused = session_id in self._excused
            self._excused.discard(session_id)
            return is_excused

    def _is_proved_since(self, session_id: str) -> bool:
        with self._lock:
            if len(self._began_at) >= MOST_STREAKS:
                self._began_at.clear()
                self._excused.clear()
            self._unreadable_since_proof.add(session_id)
            return self._proved_at > self._began_at.setdefault(session_id, next(self._moments))


def is_unreadable(observation: Observation) -> bool:
    """Whether nothing shows that the API has answered. An unknown status is its own, and may be a new one."""
    return isinstance(observation, UnreadableAnswer) and not isinstance(observation, UnknownStatus)


def is_proof(observation: Observation) -> bool:
    """Whether only the API can have answered that; a throttle, a server's error or a denial may be a proxy's."""
    return isinstance(observation, SessionResult | PermanentPollError | UnknownStatus)
