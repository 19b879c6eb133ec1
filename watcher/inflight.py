"""What is in flight: the leases on every message from receipt to ack, and one watch for each session and policy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from operator import itemgetter
from threading import Condition

from watcher.model import Lease, SessionKey
from watcher.watch import Watch

MOST_WEIGHT = 64 * 1024 * 1024
"""Bytes of context that may be in flight: a message may have 256 KiB of it, so counting sessions bounds no memory."""


@dataclass(slots=True)
class _Hold:
    """A lease on the books: when (monotonic) it was last taken or extended, and its watch, once there is one."""

    renewed_at: float
    watch: Watch | None = None


class InFlight:
    """The books of everything between receipt and ack.

    The number of watches is what `queue.max_in_flight` bounds; the weight of their contexts is bounded, too.

    A second delivery for a session in flight joins the first. Leases are on the books, and so are kept alive, from
    their receipt until just before they are acked, buried or released.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._watches: dict[SessionKey, Watch] = {}
        self._holds: dict[Lease, _Hold] = {}
        self._weight = 0
        self._is_shut = False
        self._is_abandoned = False
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._watches)

    def wait_for_room(self, seconds: float) -> int:
        """How many more sessions there is room for; waits up to `seconds` for the first, unless shut."""
        with self._changed:
            if not self._room() and not self._is_shut:
                self._changed.wait(seconds)
            return self._room()

    def _room(self) -> int:
        return max(0, self._limit - len(self._watches)) if self._weight < MOST_WEIGHT else 0

    def shut(self) -> None:
        """Let nobody wait for room any more: a full house must not hold up the drain."""
        with self._changed:
            self._is_shut = True
            self._changed.notify_all()

    def hold(self, leases: Iterable[Lease], now: float) -> bool:
        """Put fresh leases on the books, to be kept alive; False, and nothing is, once all was abandoned."""
        with self._changed:
            if not self._is_abandoned:
                self._holds.update((lease, _Hold(now)) for lease in leases)
            return not self._is_abandoned

    def drop(self, leases: Iterable[Lease]) -> None:
        """Take leases without a watch off the books: they are about to be buried or released."""
        with self._changed:
            for lease in leases:
                self._holds.pop(lease, None)

    def join(self, key: SessionKey, lease: Lease, created_at: float) -> Watch | None:
        """Put a lease on the watch that there is for `key`; returns that watch, None if there is none.

        The earlier creation counts: a message without one carries its sent time, which can only be later.
        """
        with self._changed:
            watch = self._watches.get(key)
            if watch is None:
                return None
            earlier_by = max(0.0, watch.created_at - created_at)
            watch.created_at -= earlier_by
            watch.born -= earlier_by
            watch.deadline -= earlier_by
            self._bind(watch, lease)
            return watch

    def add(self, watch: Watch, lease: Lease) -> bool:
        """A new watch, under its first lease; False if that is not on the books any more (lost, or abandoned)."""
        with self._changed:
            if lease not in self._holds:
                return False
            self._watches[watch.key] = watch
            self._weight += watch.weight
            self._bind(watch, lease)
            return True

    def _bind(self, watch: Watch, lease: Lease) -> None:
        hold = self._holds.get(lease)
        if hold is not None:
            hold.watch = watch
            watch.leases.append(lease)

    def to_renew(self, due: float, along: float = -inf, full: int = 1) -> list[Lease]:
        """The leases last taken or extended at or before `due` (monotonic), the longest ago first.

        If there are any, those of up to `along` fill what they leave empty of their last batch of `full`.
        """
        with self._changed:
            held = ((hold.renewed_at, lease) for lease, hold in self._holds.items())
            known = sorted((found for found in held if found[0] <= max(due, along)), key=itemgetter(0))
        count = sum(renewed_at <= due for renewed_at, _ in known)
        return [lease for _, lease in known[: ceil(count / full) * full]]

    def renewed(self, leases: Iterable[Lease], now: float) -> None:
        """Note that these were extended at `now`."""
        with self._changed:
            for lease in leases:
                hold = self._holds.get(lease)
                if hold is not None:
                    hold.renewed_at = now

    def lose(self, lease: Lease) -> bool:
        """Strike out a lost lease; False if it was not on the books any more.

        A watch that loses its last lease is abandoned: another watcher has its message, and decides.
        """
        with self._changed:
            hold = self._holds.pop(lease, None)
            if hold is None:
                return False
            if hold.watch is not None:
                hold.watch.leases.remove(lease)
                if not hold.watch.leases:
                    hold.watch.abandoned = True
                    self._forget(hold.watch)
            return True

    def close(self, watch: Watch) -> Sequence[Lease]:
        """Take a finished watch off the books and return its leases, to be acked.

        From here on its leases are no longer kept alive: the beat has to stop before the delete.
        """
        with self._changed:
            for lease in watch.leases:
                self._holds.pop(lease, None)
            self._forget(watch)
            return watch.leases

    def _forget(self, watch: Watch) -> None:
        if self._watches.get(watch.key) is watch:
            del self._watches[watch.key]
            self._weight -= watch.weight
        self._changed.notify()

    def abandon_all(self) -> list[Lease]:
        """Take everything off the books and return its leases, nearest deadline first; late answers are dropped."""
        with self._changed:
            self._is_abandoned = True
            for watch in self._watches.values():
                watch.abandoned = True
            leases = sorted(
                self._holds, key=lambda lease: watch.deadline if (watch := self._holds[lease].watch) else -inf
            )
            self._watches.clear()
            self._weight = 0
            self._holds.clear()
            self._changed.notify_all()
            return leases
