"""The calls under way: whose session each of them asks for, and since when."""

from math import inf

from watcher.sessions.session import Session


class ActiveCalls:
    """Who claims a session goes on with it: its worker once it is over, or whoever gives it up before.

    Times are monotonic seconds. Each change is one step of a dict, so that no lock is needed for it.
    """

    def __init__(self) -> None:
        self._since: dict[Session, float] = {}
        self._unclaimed: dict[Session, float] = {}
        self.answered_at = -inf
        """When the service last answered any call."""

    def begin(self, session: Session, now: float) -> None:
        """A worker asks for this session."""
        self._since[session] = self._unclaimed[session] = now

    def end(self, session: Session) -> bool:
        """The call is over; whether its worker is to go on with the session: not if the call was given up."""
        self._since.pop(session, None)
        return self.claim(session) is not None

    def claim(self, session: Session) -> float | None:
        """Take the session over from its call; when that began, None if somebody else was first."""
        return self._unclaimed.pop(session, None)

    def outlasting(self, now: float, after_deadline: float, late: float) -> list[Session]:
        """Those whose call goes on `after_deadline` seconds after their session's deadline.

        A call that began after the deadline has `late` seconds.
        """
        return [
            session
            for session, since in _pairs(self._unclaimed)
            if now >= (since + late if since > session.deadline else session.deadline + after_deadline)
        ]

    def waiting(self, now: float, least: float) -> list[float]:
        """Of the calls that wait for `least` seconds and more, given up or not: for how long."""
        return [now - since for _, since in _pairs(self._since) if now - since >= least]


def _pairs(calls: dict[Session, float]) -> list[tuple[Session, float]]:
    return list(calls.items())  # one step: they may change meanwhile
