"""What is in flight: the leases on every message from receipt to ack, and one watch for each session and policy."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import ceil, inf
from operator import attrgetter
from threading import Condition

from watcher.domain.limits import MAX_MESSAGE_BYTES
from watcher.domain.model import Lease, SessionKey
from watcher.sessions import creation_claim
from watcher.sessions.session import Watch
from watcher.telemetry.named_lock import NamedLock

MOST_WEIGHT = 64 * 1024 * 1024
"""Bytes of contexts and their events that may be in flight: counting sessions alone bounds no memory, for a context
may have 240 KiB."""

HEAVIEST = 5 * MAX_MESSAGE_BYTES
"""Bytes that one message adds to them at most: one a character for its context, and four for its event; see `_weight`
of the consumer. Room is looked for before a message is received, so there has to be enough for the heaviest."""

_renewed_at, _deadline, _leases = attrgetter("renewed_at"), attrgetter("deadline"), attrgetter("leases")


class InFlight:
    """The books of everything between receipt and ack.

    `queue.max_in_flight` bounds the number of their messages: one for almost every watch. The weight of their
    contexts is bounded, too.

    A second delivery for a session in flight joins the first. Leases are on the books, and so are kept alive, from
    their receipt until just before they are acked, buried or released.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._watches: dict[str, dict[str, Watch]] = {}
        """By policy and session id: a dict of texts alone takes less than one of pairs."""
        self._fresh: dict[Lease, Lease] = {}
        """Leases that have no watch yet. The others are their watches' own."""
        self._messages = 0
        """Leases that watches hold."""
        self._weight = 0
        self._is_shut = False
        self._is_abandoned = False
        self._changed = Condition(NamedLock("sessions in flight"))  # type: ignore[arg-type] # enough of a lock

    def __len__(self) -> int:
        return sum(map(len, self._watches.values()))

    def wait_for_room(self, seconds: float) -> int:
        """How many more messages there is room for; waits up to `seconds` for the first, unless shut."""
        with self._changed:
            if not self._room() and not self._is_shut:
                self._changed.wait(seconds)
            return self._room()

    def _room(self) -> int:
        return max(0, min(self._limit - self._messages, (MOST_WEIGHT - self._weight) // HEAVIEST))

    def shut(self) -> None:
        """Let nobody wait for room any more: a full house must not hold up the drain."""
        with self._changed:
            self._is_shut = True
            self._changed.notify_all()

    def hold(self, leases: Iterable[Lease], now: float) -> bool:
        """Put fresh leases on the books, to be kept alive; False, and nothing is, once all was abandoned."""
        with self._changed:
            if self._is_abandoned:
                return False
            for lease in leases:
                lease.renewed_at = now
                self._fresh[lease] = lease
            return True

    def drop(self, leases: Iterable[Lease]) -> None:
        """Take leases without a watch off the books: they are about to be buried or released."""
        with self._changed:
            for lease in leases:
                self._fresh.pop(lease, None)

    def join(self, key: SessionKey, lease: Lease, created_at: float | None, born: float) -> Watch | None:
        """Put a lease on the watch that there is for `key`; returns that watch, None if there is none.

        Of two creations the later one counts, see `creation_claim.join`; `born` is the same on the monotonic clock.
        A message that gives none (None) has no say: it may be sent long after.
        """
        with self._changed:
            watch = self._find(key)
            if watch is None:
                return None
            if created_at is not None:
                creation_claim.join(watch, created_at, born)
            self._bind(watch, lease)
            return watch

    def add(self, watch: Watch, lease: Lease) -> bool:
        """A new watch, under its first lease; False if that is not on the books any more (lost, or abandoned)."""
        with self._changed:
            if lease not in self._fresh:
                return False
            self._watches.setdefault(watch.policy, {})[watch.session_id] = watch
            self._weight += watch.weight
            self._bind(watch, lease)
            return True

    def _find(self, key: SessionKey) -> Watch | None:
        return self._watches.get(key.policy, {}).get(key.session_id)

    def _bind(self, watch: Watch, lease: Lease) -> None:
        held = self._fresh.pop(lease, None)
        if held is not None:
            watch.put_under(held)
            self._messages += 1

    def _all(self) -> Iterator[Watch]:
        return chain.from_iterable(watches.values() for watches in self._watches.values())

    def to_renew(self, due: float, along: float = -inf, full: int = 1) -> list[Lease]:
        """The leases last taken or extended at or before `due` (monotonic), the longest ago first.

        If there are any, those of up to `along` fill what they leave empty of their last batch of `full`.
        """
        with self._changed:
            held = chain(self._fresh, chain.from_iterable(map(_leases, self._all())))
            latest = max(due, along)
            known = sorted([lease for lease in held if lease.renewed_at <= latest], key=_renewed_at)
            count = sum(lease.renewed_at <= due for lease in known)
        return known[: ceil(count / full) * full]

    def renewed(self, leases: Iterable[Lease], now: float) -> None:
        """Note that these were extended at `now`."""
        with self._changed:
            for lease in leases:
                lease.renewed_at = now

    def lose(self, lease: Lease) -> bool:
        """Strike out a lost lease; False if it was not on the books any more.

        A watch that loses its last lease is abandoned: another watcher has its message, and decides.
        """
        with self._changed:
            if self._fresh.pop(lease, None) is not None:
                return True
            watch, lease.watch = lease.watch, None
            if not isinstance(watch, Watch):
                return False
            self._messages -= 1
            self._changed.notify()
            if not watch.leases:
                watch.abandoned = True
                self._forget(watch)
            return True

    def close(self, watch: Watch) -> Sequence[Lease]:
        """Take a finished watch off the books and return its leases, to be acked.

        From here on its leases are no longer kept alive: the beat has to stop before the delete.
        """
        with self._changed:
            leases = self._let_go(watch)
            self._forget(watch)
            return leases

    def _let_go(self, watch: Watch) -> list[Lease]:
        leases = watch.leases
        for lease in leases:
            lease.watch = None
        self._messages -= len(leases)
        return leases

    def _forget(self, watch: Watch) -> None:
        if self._find(watch.key) is watch:
            del self._watches[watch.policy][watch.session_id]
            self._weight -= watch.weight
        self._changed.notify()

    def abandon_all(self) -> list[Lease]:
        """Take everything off the books and return its leases, nearest deadline first; late answers are dropped."""
        with self._changed:
            self._is_abandoned = True
            watches = sorted(self._all(), key=_deadline)
            leases = [*self._fresh, *(lease for watch in watches for lease in self._let_go(watch))]
            for watch in watches:
                watch.abandoned = True
            self._watches.clear()
            self._weight = 0
            self._fresh.clear()
            self._changed.notify_all()
            return leases
