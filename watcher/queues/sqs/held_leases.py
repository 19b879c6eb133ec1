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
    """The leases held and when each expires. There may be a hundred thousand, so the leases store the times.

    SQS does not say: a delete with an expired receipt succeeds, and may or may not take the message away from the
    watcher that has it now (API reference, DeleteMessage). So a lease counts from before the call that took it, which
    is never later than SQS's own count, and a lease that has expired here is never used again.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._lock = Lock()

    def take(self, leases: Iterable[Lease], since: float) -> None:
        """Add new leases, requested at `since` (monotonic)."""
        with self._lock:
            self._set(leases, since + self._seconds)

    def renew(self, leases: Iterable[Lease], since: float) -> None:
        """Record extensions at `since` (monotonic); a lease that was dropped meanwhile stays dropped."""
        with self._lock:
            self._set((lease for lease in leases if lease.held_until > _NOT), since + self._seconds)

    def drop(self, leases: Iterable[Lease]) -> None:
        """Remove these leases."""
        with self._lock:
            self._set(leases, _NOT)

    def has(self, lease: Lease) -> bool:
        """Whether this one is still held."""
        return bool(self.sort_out([lease])[0])

    def sort_out(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        """Those of `leases` that are held, each once and the next to expire first; and those that are not."""
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
