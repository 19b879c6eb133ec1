"""What is in flight: all leases from receipt to ack, and a session for each session id and policy."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import ceil, inf
from operator import attrgetter
from threading import Condition

from watcher.domain.limits import MAX_MESSAGE_BYTES
from watcher.domain.model import Lease, SessionKey
from watcher.sessions import creation_claim
from watcher.sessions.session import Session
from watcher.telemetry.named_lock import NamedLock

MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024
"""Maximum bytes of contexts and their events in flight: a limit on sessions alone does not bound memory, because a
context may have 240 KiB."""

MAX_SESSION_BYTES = 5 * MAX_MESSAGE_BYTES
"""Maximum bytes that one message adds: one per character for its context, and four for its event; see
`_context_bytes` in the consumer. Room is checked before a message is received, so there has to be enough for the
largest."""

_extended_at, _deadline, _leases = attrgetter("extended_at"), attrgetter("deadline"), attrgetter("leases")


class InFlight:
    """The table of everything between receipt and ack.

    `queue.max_in_flight` bounds the number of their messages: one for almost every session. The bytes of their
    contexts are bounded, too.

    A second message for a session in flight is merged into it. A session holds the leases of a few messages; more are
    not needed, and would let a sender who repeats a message fill the table. Leases are in the table, and so are
    extended, from their receipt until just before they are acked, dead-lettered or released.
    """

    LEASES_HELD = 4
    """Messages of one session that are held until it is decided: if the first gets lost, the next is there."""

    def __init__(self, limit: int, changed: Condition | None = None) -> None:
        """`limit`: messages. `changed` is what waits for room, and its lock guards the table."""
        self._limit = limit
        self._sessions: dict[str, dict[str, Session]] = {}
        """By policy and session id: dicts keyed by strings take less memory than one keyed by pairs."""
        self._fresh: dict[Lease, Lease] = {}
        """Leases that have no session yet. The others are held by their sessions."""
        self._messages = 0
        """Leases that sessions hold."""
        self._context_bytes = 0
        self._is_closed = False
        self._is_released = False
        lock = NamedLock("sessions in flight")
        self._changed = changed or Condition(lock)  # type: ignore[arg-type] # enough of a lock

    def __len__(self) -> int:
        return sum(map(len, self._sessions.values()))

    def wait_for_room(self, seconds: float) -> int:
        """How many more messages fit; waits up to `seconds` for room for one, unless closed."""
        with self._changed:
            if not self._room() and not self._is_closed:
                self._changed.wait(seconds)
            return self._room()

    def _room(self) -> int:
        bytes_left = MAX_IN_FLIGHT_BYTES - self._context_bytes
        return max(0, min(self._limit - self._messages, bytes_left // MAX_SESSION_BYTES))

    def close(self) -> None:
        """Wake everyone waiting for room, so that the drain is not delayed."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def track(self, leases: Iterable[Lease], now: float) -> bool:
        """Add new leases, to be extended; False, without adding any, once everything was released."""
        with self._changed:
            if self._is_released:
                return False
            for lease in leases:
                lease.extended_at = now
                self._fresh[lease] = lease
            return True

    def untrack(self, leases: Iterable[Lease]) -> None:
        """Remove leases without a session that are about to be dead-lettered or released."""
        with self._changed:
            for lease in leases:
                self._fresh.pop(lease, None)

    def take_fresh(self, leases: Iterable[Lease]) -> list[Lease]:
        """Remove those of these leases that no session holds, and return them."""
        with self._changed:
            return [held for lease in leases if (held := self._fresh.pop(lease, None)) is not None]

    def merge(
        self, key: SessionKey, lease: Lease, created_at: float | None, created_monotonic: float
    ) -> Session | None:
        """Add a lease to the session with this `key`; returns the session, None if there is none.

        Of two creations the later one counts, see `creation_claim.merge`; `created_monotonic` is `created_at` on the
        monotonic clock. A message without one (None) does not count: it may have been sent long after.

        The lease stays without a session if that holds enough, none of them on the same message.
        """
        with self._changed:
            session = self._find(key)
            if session is None:
                return None
            if created_at is not None:
                creation_claim.merge(session, created_at, created_monotonic)
            held = session.leases
            if len(held) < self.LEASES_HELD or any(one.message_id == lease.message_id for one in held):
                self._bind(session, lease)
            return session

    def add(self, session: Session, lease: Lease) -> bool:
        """Add a new session, under its first lease; False if that is no longer in the table (lost, or released)."""
        with self._changed:
            if lease not in self._fresh:
                return False
            self._sessions.setdefault(session.policy, {})[session.session_id] = session
            self._context_bytes += session.context_bytes
            self._bind(session, lease)
            return True

    def of(self, session_id: str) -> list[Session]:
        """The sessions with this id: one for each policy."""
        with self._changed:
            return [found for known in self._sessions.values() if (found := known.get(session_id))]

    def _find(self, key: SessionKey) -> Session | None:
        return self._sessions.get(key.policy, {}).get(key.session_id)

    def _bind(self, session: Session, lease: Lease) -> None:
        held = self._fresh.pop(lease, None)
        if held is not None:
            session.add_lease(held)
            self._messages += 1

    def _all(self) -> Iterator[Session]:
        return chain.from_iterable(sessions.values() for sessions in self._sessions.values())

    def due_for_extension(self, due: float, along: float = -inf, full: int = 1) -> list[Lease]:
        """The leases last taken or extended at or before `due` (monotonic), longest ago first.

        If there are any, leases up to `along` fill up their last batch of `full`.
        """
        with self._changed:
            held = chain(self._fresh, chain.from_iterable(map(_leases, self._all())))
            latest = max(due, along)
            known = sorted([lease for lease in held if lease.extended_at <= latest], key=_extended_at)
            count = sum(lease.extended_at <= due for lease in known)
        return known[: ceil(count / full) * full]

    def mark_extended(self, leases: Iterable[Lease], now: float) -> None:
        """Record that these were extended at `now`."""
        with self._changed:
            for lease in leases:
                lease.extended_at = now

    def mark_lost(self, lease: Lease) -> bool:
        """Remove a lost lease; False if it was no longer in the table.

        A session that loses its last lease is abandoned: another watcher has its message, and decides it.
        """
        with self._changed:
            if self._fresh.pop(lease, None) is not None:
                return True
            session, lease.session = lease.session, None
            if not isinstance(session, Session):
                return False
            self._messages -= 1
            self._changed.notify()
            if not session.leases:
                session.is_abandoned = True
                self._remove(session)
            return True

    def finish(self, session: Session) -> Sequence[Lease]:
        """Remove a finished session and return its leases, to be acked.

        Its leases are no longer extended from here on, which has to stop before the delete.
        """
        with self._changed:
            leases = self._detach(session)
            self._remove(session)
            return leases

    def _detach(self, session: Session) -> list[Lease]:
        leases = session.leases
        for lease in leases:
            lease.session = None
        self._messages -= len(leases)
        return leases

    def _remove(self, session: Session) -> None:
        if self._find(session.key) is session:
            del self._sessions[session.policy][session.session_id]
            self._context_bytes -= session.context_bytes
        self._changed.notify()

    def release_all(self) -> list[Lease]:
        """Remove everything and return its leases, nearest deadline first; late answers are dropped."""
        with self._changed:
            self._is_released = True
            sessions = sorted(self._all(), key=_deadline)
            leases = [*self._fresh, *(lease for session in sessions for lease in self._detach(session))]
            for session in sessions:
                session.is_abandoned = True
            self._sessions.clear()
            self._context_bytes = 0
            self._fresh.clear()
            self._changed.notify_all()
            return leases
