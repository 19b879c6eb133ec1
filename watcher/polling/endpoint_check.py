"""Whether answers that are not the API's concern one session, or come from something in the API's place."""

from collections.abc import Callable
from itertools import count
from threading import Lock

from watcher.domain.errors import EndpointFault, PermanentPollError, PollError, UnknownStatus, UnreadableAnswer
from watcher.domain.model import SessionResult
from watcher.domain.ports import SessionResults
from watcher.polling.policy import Observation

NOBODY = "00000000-0000-0000-0000-000000000000"
"""A session id that no session has, polled to see what answers."""

MOST_ROWS = 1000
"""Number of sessions whose unreadable answers are tracked at once; in an outage, none are."""


class EndpointCheck:
    """Keeps sessions from being rejected because of what a proxy or captive portal says.

    An unreadable answer counts against its session only if the endpoint has shown that it is the API since the last
    one that counted, and before this call began. Proper answers for other sessions show that; without any, a session
    that does not exist is polled. So calls under way when an outage ended never count. Thread-safe.
    """

    def __init__(self, results: SessionResults) -> None:
        self._results = results
        self._lock = Lock()
        self._moments = count(1)  # increasing numbers: only the order matters
        self._proved_at = 0
        self._counted_at: dict[str, int] = {}
        """When the latest unreadable answer in each session's series counted."""
        self.is_at_fault = False

    def ask(self, session_id: str, call: Callable[[str], Observation]) -> Observation:
        """The result of `call`, or the endpoint's fault instead."""
        began = self._moment()
        observation = call(session_id)
        if is_proof(observation):
            self._proved(session_id)
        if not is_unreadable(observation):
            return observation
        counts = self._count(session_id, began)
        if not self.is_at_fault:
            self.ask_again()
        return observation if counts else EndpointFault(f"{observation}; it may be the endpoint's fault")

    def ask_again(self) -> bool:
        """Whether the endpoint is the API: poll a session that does not exist."""
        try:
            self._results.get(NOBODY)
        except PollError as error:
            if not is_proof(error):
                self.is_at_fault = self.is_at_fault or is_unreadable(error)
                return False
        self._proved(NOBODY)
        return True

    def _moment(self) -> int:
        with self._lock:
            return next(self._moments)

    def _proved(self, session_id: str) -> None:
        with self._lock:
            self._proved_at = next(self._moments)
            self.is_at_fault = False
            self._counted_at.pop(session_id, None)

    def _count(self, session_id: str, began: int) -> bool:
        """Whether this one counts; the first of a series does unless the endpoint is at fault."""
        with self._lock:
            before = self._counted_at.get(session_id)
            counts = not self.is_at_fault if before is None else before < self._proved_at < began
            if counts:
                if len(self._counted_at) >= MOST_ROWS:
                    self._counted_at.clear()
                self._counted_at[session_id] = next(self._moments)
            return counts


def is_unreadable(observation: Observation) -> bool:
    """Whether nothing shows that the API answered. An unknown status comes from the API, and may be a new one."""
    return isinstance(observation, UnreadableAnswer) and not isinstance(observation, UnknownStatus)


def is_proof(observation: Observation) -> bool:
    """Whether only the API can have given this answer; a throttle, a server error or a denial may be a proxy's."""
    return isinstance(observation, SessionResult | PermanentPollError | UnknownStatus)
