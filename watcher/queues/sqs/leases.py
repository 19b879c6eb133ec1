"""Operations on leases of an SQS queue: extend, delete, release. Each entry of a batch answer is checked."""

from collections.abc import Sequence
from threading import Lock

from watcher.domain.errors import PartialExtendError, QueueError
from watcher.domain.model import Lease
from watcher.domain.ports import Clock
from watcher.queues.sqs.batches import BatchCaller, Entry
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.constants import BATCHING
from watcher.queues.sqs.errors import INVALID_RECEIPTS, SqsFault
from watcher.queues.sqs.held_leases import HeldLeases


class Leases:
    """The leases of one queue, which last `seconds`.

    A failed entry is retried a few times. Those that still fail raise QueueError; those that succeeded are
    remembered, so that the whole call can be repeated.
    """

    def __init__(self, caller: SqsCaller, batches: BatchCaller, clock: Clock, seconds: int) -> None:
        self.held = HeldLeases(clock, seconds)
        self._caller = caller
        self._batches = batches
        self._clock = clock
        self._seconds = seconds
        self._lock = Lock()
        self._acked: set[Lease] = set()

    def extend(self, leases: Sequence[Lease]) -> list[Lease]:
        """A full visibility time-out from now for each; returns those that are lost.

        Raises:
            PartialExtendError: some were not extended; extending all of them again is harmless.
        """
        held, lost = self.held.sort_out(leases)
        since = self._clock.monotonic()
        # Well within the two fifths of a lease after which it is extended: the next extension must not wait for this
        # one.
        done, refused, failed = self._change(held, self._seconds, min(self._seconds / 4, BATCHING.lease_seconds))
        self.held.renew(done, since)
        lost = _ordered(leases, [*lost, *refused])
        if failed:
            done_or_lost = {*done, *lost}
            remaining = [lease for lease in dict.fromkeys(leases) if lease not in done_or_lost]
            text = _summary(failed, len(held), "leases were not extended")
            raise PartialExtendError(text, remaining, lost) from failed[0]
        return lost

    def ack(self, leases: Sequence[Lease]) -> list[Lease]:
        """Delete the messages; returns those whose lease was lost, according to SQS or to the clock."""
        with self._lock:
            before = self._acked.intersection(leases)
        held, lost = self.held.sort_out([lease for lease in leases if lease not in before])
        entries = [{"ReceiptHandle": lease.receipt} for lease in held]
        done, refused, failed = self._run("delete_message_batch", held, entries, BATCHING.lease_seconds)
        self.held.drop(done)
        with self._lock:
            # Remembered only after a failure, for the call that repeats it: these must not look lost then.
            self._acked -= before
            if failed:
                self._acked |= before | set(done)
        if failed:
            raise QueueError(_summary(failed, len(leases), "messages were not deleted")) from failed[0]
        return _ordered(leases, [*lost, *refused])

    def release(self, leases: Sequence[Lease], seconds: float) -> None:
        """Release the messages at once, in this order, within `seconds`; lost ones are skipped."""
        held, _ = self.held.sort_out(leases)
        done, _, failed = self._change(_ordered(leases, held), 0, seconds, is_bound=True)
        self.held.drop(done)
        if failed:
            what = "messages were not released, their leases expire"
            raise QueueError(_summary(failed, len(held), what)) from failed[0]

    def _change(
        self, leases: Sequence[Lease], timeout: int, seconds: float, *, is_bound: bool = False
    ) -> tuple[list[Lease], list[Lease], list[SqsFault]]:
        entries = [{"ReceiptHandle": lease.receipt, "VisibilityTimeout": timeout} for lease in leases]
        return self._run("change_message_visibility_batch", leases, entries, seconds, is_bound=is_bound)

    def _run(
        self,
        operation: str,
        leases: Sequence[Lease],
        entries: Sequence[Entry],
        seconds: float,
        *,
        is_bound: bool = False,
    ) -> tuple[list[Lease], list[Lease], list[SqsFault]]:
        """The leases that succeeded, those that SQS says are lost, and the faults of the rest."""
        faults = self._batches.run(self._caller, operation, entries, seconds, is_bound=is_bound)
        outcome = list(zip(leases, faults, strict=True))
        done = [lease for lease, fault in outcome if fault is None]
        refused = [lease for lease, fault in outcome if fault and fault.code in INVALID_RECEIPTS]
        self.held.drop(refused)
        return done, refused, [fault for fault in faults if fault and fault.code not in INVALID_RECEIPTS]


def _summary(faults: Sequence[SqsFault], total: int, what: str) -> str:
    return f"{len(faults)} of {total} {what}: {faults[0]}"


def _ordered(leases: Sequence[Lease], chosen: Sequence[Lease]) -> list[Lease]:
    members = set(chosen)
    return [lease for lease in dict.fromkeys(leases) if lease in members]
