"""The calls under way: whose session each of them asks for, and since when."""

from math import inf

from watcher.watch import Watch


class Calls:
    """Who takes a watch off this list goes on with it: the worker whose call is over, or who gives the call up.

    Times are monotonic seconds. Each change is one step of a dict, so that no lock is needed for it.
    """

    def __init__(self) -> None:
        self._since: dict[Watch, float] = {}
        self.answered_at = -inf
        """When the service last answered any call."""

    def begin(self, watch: Watch, now: float) -> None:
        """A worker asks for this watch's session."""
        self._since[watch] = now

    def end(self, watch: Watch) -> float | None:
        """Take it off the list; when its call began, None if somebody else took it off."""
        return self._since.pop(watch, None)

    def outlasting(self, now: float, grace: float) -> list[Watch]:
        """Those whose session's deadline has come while their call goes on for `grace` seconds or more."""
        return [watch for watch, since in self._copy() if now >= max(watch.deadline, since + grace)]

    def waiting(self, now: float, least: float) -> list[float]:
        """Of the calls that wait for `least` seconds and more: for how long."""
        return [now - since for _, since in self._copy() if now - since >= least]

    def _copy(self) -> list[tuple[Watch, float]]:
        return list(self._since.items())
