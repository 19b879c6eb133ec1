"""Which leases this process holds, by its own clock."""

from collections.abc import Iterable, Sequence
from math import inf
from operator import attrgetter
from threading import Lock

from watcher.domain.model import Lease
from watcher.domain.ports import Clock

_held_until = attrgetter("held_until")
_NOT = -inf


class HeldLeases:
    """The leases in hand and when each runs out. That is kept on the leases: a hundred thousand may be in hand.

    SQS does not tell: a delete under a receipt that ran out succeeds, and may or may not take the message away from
    the watcher that has it now (API reference, DeleteMessage). So a lease counts from before the call that took it,
    which is never later than SQS's own count, and what ran out here is never acted upon again.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._lock = Lock()

    def take(self, leases: Iterable[Lease], since: float) -> None:
        """New leases, asked for at `since` (monotonic)."""
        with self._lock:
            self._set(leases, since + self._seconds)

    def renew(self, leases: Iterable[Lease], since: float) -> None:
        """Extended at `since` (monotonic); one that was dropped meanwhile stays dropped."""
        with self._lock:
            self._set((lease for lease in leases if lease.held_until > _NOT), since + self._seconds)

    def drop(self, leases: Iterable[Lease]) -> None:
        """These are held no more."""
        with self._lock:
            self._set(leases, _NOT)

    def has(self, lease: Lease) -> bool:
        """Whether this one is held still."""
        return bool(self.sort_out([lease])[0])

    def sort_out(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        """Those of `leases` that are held, each once and the next to run out first; and those that are not."""
        now = self._clock.monotonic()
        each = dict.fromkeys(leases)
        with self._lock:
            held = sorted((lease for lease in each if lease.held_until > now), key=_held_until)
            lost = [lease for lease in each if lease.held_until <= now]
            self._set(lost, _NOT)
        return held, lost

    @staticmethod
    def _set(leases: Iterable[Lease], until: float) -> None:
        for lease in leases:
            lease.held_until = until
