"""The watches in flight: one for each session and policy, with the leases on every message that asked for it."""

from collections.abc import Sequence
from threading import Condition

from watcher.model import Lease, SessionKey
from watcher.watch import Watch


class InFlight:
    """The registry of watches from receipt to ack; its size is what `queue.max_in_flight` bounds.

    A second delivery for a session in flight joins the first. Leases stay on the books, and so are kept alive,
    until just before they are acked.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._watches: dict[SessionKey, Watch] = {}
        self._holders: dict[Lease, Watch] = {}
        self._is_shut = False
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._watches)

    def wait_for_room(self, seconds: float) -> int:
        """How many more sessions there is room for; waits up to `seconds` for the first, unless shut."""
        with self._changed:
            if len(self._watches) >= self._limit and not self._is_shut:
                self._changed.wait(seconds)
            return max(0, self._limit - len(self._watches))

    def shut(self) -> None:
        """Let nobody wait for room any more: a full house must not hold up the drain."""
        with self._changed:
            self._is_shut = True
            self._changed.notify_all()

    def join(self, key: SessionKey, lease: Lease, created_at: float) -> bool:
        """Put one more lease on the watch for `key`; False if there is none.

        The earlier creation counts: a message without one carries its sent time, which can only be later.
        """
        with self._changed:
            watch = self._watches.get(key)
            if watch is None:
                return False
            earlier_by = max(0.0, watch.created_at - created_at)
            watch.created_at -= earlier_by
            watch.born -= earlier_by
            watch.deadline -= earlier_by
            self._hold(watch, lease)
            return True

    def add(self, watch: Watch, lease: Lease) -> None:
        """A new watch, under its first lease."""
        with self._changed:
            self._watches[watch.key] = watch
            self._hold(watch, lease)

    def _hold(self, watch: Watch, lease: Lease) -> None:
        watch.leases.append(lease)
        self._holders[lease] = watch

    def leases(self) -> list[Lease]:
        """Every lease that has to be kept alive."""
        with self._changed:
            return [lease for watch in self._watches.values() for lease in watch.leases]

    def lose(self, lease: Lease) -> Watch | None:
        """Strike out a lost lease; returns the watch if it was its last: nobody here may decide that session now."""
        with self._changed:
            watch = self._holders.pop(lease, None)
            if watch is None:
                return None
            watch.leases.remove(lease)
            if watch.leases:
                return None
            watch.abandoned = True
            self._forget(watch)
            return watch

    def close(self, watch: Watch) -> Sequence[Lease]:
        """Take a finished watch off the books and return its leases, to be acked.

        From here on its leases are no longer kept alive: the beat has to stop before the delete.
        """
        with self._changed:
            for lease in watch.leases:
                self._holders.pop(lease, None)
            self._forget(watch)
            return watch.leases

    def _forget(self, watch: Watch) -> None:
        if self._watches.get(watch.key) is watch:
            del self._watches[watch.key]
        self._changed.notify()

    def abandon_all(self) -> list[Watch]:
        """Take everything off the books, nearest deadline first; late answers for these are dropped."""
        with self._changed:
            watches = sorted(self._watches.values(), key=lambda watch: watch.deadline)
            for watch in watches:
                watch.abandoned = True
            self._watches.clear()
            self._holders.clear()
            self._changed.notify_all()
            return watches
