"""The calls under way: the session that each of them polls, and since when."""

from math import inf

from watcher.sessions.session import Session


class ActiveCalls:
    """Whoever claims a session continues with it: its worker after the call, or the watchdog that gives the call up.

    Times are monotonic seconds. Each change is a single dict operation, so no lock is needed.
    """

    def __init__(self) -> None:
        self._since: dict[Session, float] = {}
        self._unclaimed: dict[Session, float] = {}
        self.answered_at = -inf
        """When the service last answered any call."""

    def begin(self, session: Session, now: float) -> None:
        """A worker begins to poll this session."""
        self._since[session] = self._unclaimed[session] = now

    def end(self, session: Session) -> bool:
        """The call is over; returns whether its worker keeps the session: not if the call was given up."""
        self._since.pop(session, None)
        return self.claim(session) is not None

    def claim(self, session: Session) -> float | None:
        """Take the session over from its call; returns when that began, None if another thread was first."""
        return self._unclaimed.pop(session, None)

    def outlasting(self, now: float, after_deadline: float, late: float) -> list[Session]:
        """Sessions whose call is still under way `after_deadline` seconds after their deadline.

        A call that began after the deadline has `late` seconds.
        """
        return [
            session
            for session, since in _pairs(self._unclaimed)
            if now >= (since + late if since > session.deadline else session.deadline + after_deadline)
        ]

    def waiting(self, now: float, least: float) -> list[float]:
        """How long each call has waited that has waited `least` seconds or more, given up or not."""
        return [now - since for _, since in _pairs(self._since) if now - since >= least]


def _pairs(calls: dict[Session, float]) -> list[tuple[Session, float]]:
    return list(calls.items())  # one step: they may change meanwhile
