"""The calls under way: whose session each of them asks for, and since when."""

from math import inf

from watcher.sessions.session import Watch


class ActiveCalls:
    """Who claims the watch of a call goes on with it: its worker once it is over, or whoever gives it up before.

    Times are monotonic seconds. Each change is one step of a dict, so that no lock is needed for it.
    """

    def __init__(self) -> None:
        self._since: dict[Watch, float] = {}
        self._unclaimed: dict[Watch, float] = {}
        self.answered_at = -inf
        """When the service last answered any call."""

    def begin(self, watch: Watch, now: float) -> None:
        """A worker asks for this watch's session."""
        self._since[watch] = self._unclaimed[watch] = now

    def end(self, watch: Watch) -> bool:
        """The call is over; whether its worker is to go on with the watch: not if the call was given up."""
        self._since.pop(watch, None)
        return self.claim(watch) is not None

    def claim(self, watch: Watch) -> float | None:
        """Take the watch over from its call; when that began, None if somebody else was first."""
        return self._unclaimed.pop(watch, None)

    def outlasting(self, now: float, after_deadline: float, late: float) -> list[Watch]:
        """Those whose call goes on `after_deadline` seconds after their session's deadline.

        A call that began after the deadline has `late` seconds.
        """
        return [
            watch
            for watch, since in _pairs(self._unclaimed)
            if now >= (since + late if since > watch.deadline else watch.deadline + after_deadline)
        ]

    def waiting(self, now: float, least: float) -> list[float]:
        """Of the calls that wait for `least` seconds and more, given up or not: for how long."""
        return [now - since for _, since in _pairs(self._since) if now - since >= least]


def _pairs(calls: dict[Watch, float]) -> list[tuple[Watch, float]]:
    return list(calls.items())  # one step: they may change meanwhile
