"""Which leases this process holds, by its own clock."""

from collections.abc import Iterable, Sequence
from threading import Lock

from watcher.model import Lease
from watcher.ports import Clock


class HeldLeases:
    """The leases in hand and when each runs out.

    SQS does not tell: a delete under a receipt that ran out succeeds, and may or may not take the message away from
    the watcher that has it now (API reference, DeleteMessage). So a lease counts from before the call that took it,
    which is never later than SQS's own count, and what ran out here is never acted upon again.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._ends: dict[Lease, float] = {}
        self._lock = Lock()

    def take(self, leases: Iterable[Lease], since: float) -> None:
        """New leases, asked for at `since` (monotonic)."""
        with self._lock:
            self._ends.update(dict.fromkeys(leases, since + self._seconds))

    def renew(self, leases: Iterable[Lease], since: float) -> None:
        """Extended at `since` (monotonic); one that was dropped meanwhile stays dropped."""
        with self._lock:
            ends = since + self._seconds
            self._ends.update({lease: ends for lease in leases if lease in self._ends})

    def drop(self, leases: Iterable[Lease]) -> None:
        """These are held no more."""
        with self._lock:
            for lease in leases:
                self._ends.pop(lease, None)

    def has(self, lease: Lease) -> bool:
        """Whether this one is held still."""
        return bool(self.sort_out([lease])[0])

    def sort_out(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        """Those of `leases` that are held, each once and the next to run out first; and those that are not."""
        now = self._clock.monotonic()
        with self._lock:
            ends = {lease: self._ends.get(lease, now) for lease in leases}
        held = sorted((lease for lease in ends if ends[lease] > now), key=ends.__getitem__)
        lost = [lease for lease in ends if ends[lease] <= now]
        self.drop(lost)
        return held, lost
