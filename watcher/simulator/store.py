"""All sessions by id and by ClientRequestToken, with a limit on how many are remembered."""

import threading
from collections import OrderedDict

from watcher.simulator.limits import LIMITS
from watcher.simulator.sessions import LIFE_SECONDS, SimulatedSession


class SessionStore:
    """Thread-safe. Sessions are kept in the order of their creation, oldest first."""

    def __init__(
        self, time_scale: float = 1.0, expired_for: float = LIFE_SECONDS, max_sessions: int = LIMITS.sessions
    ) -> None:
        """`time_scale` and `expired_for` say when a session is over (see sessions.status_at)."""
        self._life = LIFE_SECONDS / time_scale
        self._keep_for = max((LIFE_SECONDS + expired_for) / time_scale, LIMITS.remembered_seconds)
        self._max_sessions = max_sessions
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, SimulatedSession] = OrderedDict()
        self._by_token: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, session_id: str) -> SimulatedSession | None:
        """The session, or None if it was never created or is forgotten."""
        return self._sessions.get(session_id)

    def with_token(self, token: str, now: float) -> SimulatedSession | None:
        """The current session that was created with `token`."""
        with self._lock:
            session = self._sessions.get(self._by_token.get(token, ""))
            return session if session is not None and now - session.created_at < self._life else None

    def add(self, session: SimulatedSession) -> None:
        """Add `session`, and forget those that are long over. Raises ValueError if its id is in use."""
        with self._lock:
            if session.id in self._sessions:
                raise ValueError(f"session id {session.id} is in use: give another")
            self._sessions[session.id] = session
            if session.request.token:
                self._by_token[session.request.token] = session.id
            self._forget(session.created_at)

    def count_poll(self, session: SimulatedSession) -> int:
        """The number of this results call of the session, from 1."""
        with self._lock:
            session.polls += 1
            return session.polls

    def _forget(self, now: float) -> None:
        while self._sessions:
            oldest = next(iter(self._sessions.values()))
            if len(self._sessions) <= self._max_sessions and now - oldest.created_at < self._keep_for:
                return
            del self._sessions[oldest.id]
            if self._by_token.get(oldest.request.token) == oldest.id:
                del self._by_token[oldest.request.token]
