"""The end of a session's way: settled in the ledger and acked, or given back where a sink will not have it."""

from collections.abc import Callable, Sequence
from functools import partial

from watcher.delivery.batch_processor import Patience
from watcher.delivery.rejections import Refusals
from watcher.errors import LedgerError, QueueError
from watcher.inflight import InFlight
from watcher.ports import Ledger, Queue
from watcher.watch import Watch


class Settler:
    """Ends watches whose decision no sink is awaited for any more."""

    def __init__(
        self,
        *,
        queue: Queue,
        ledger: Ledger,
        in_flight: InFlight,
        refusals: Refusals,
        failed: Callable[[str, BaseException], None],
        worked: Callable[[str], object],
    ) -> None:
        """`failed` and `worked` are told of the "ledger" and the "queue"."""
        self._queue = queue
        self._ledger = ledger
        self._in_flight = in_flight
        self._refusals = refusals
        self._ledger_failed = partial(failed, "ledger")
        self._queue_failed = partial(failed, "queue")
        self._worked = worked

    def settle(self, batch: Sequence[Watch], patience: Patience) -> None:
        """Ack what every sink has; give back what one of them refused for good."""
        refused = [watch for watch in batch if watch.refused]
        try:
            if len(refused) < len(batch):
                self._ack([watch for watch in batch if not watch.refused], patience)
            if refused:
                self._give_back(refused, patience)
        except (QueueError, LedgerError):
            return  # halted: the messages come again, and the ledger answers whoever receives them then
        self._worked("queue")

    def _ack(self, batch: Sequence[Watch], patience: Patience) -> None:
        settled = [watch.key for watch in batch if not watch.abandoned]
        # Settled before acked: a crash between the two brings the message back and the same event goes out again.
        # The other way round, somebody who asks for this session once more might get no event at all.
        patience.call(partial(self._ledger.settle, settled), self._ledger_failed)
        self._worked("ledger")
        # Only now off the books: a ledger that is down for long must not cost the leases.
        acked = [lease for watch in batch for lease in self._in_flight.close(watch)]
        patience.call(partial(self._queue.ack, acked), self._queue_failed)

    def _give_back(self, batch: Sequence[Watch], patience: Patience) -> None:
        """These stay unsettled: a replay, once the sink is mended, hands them to that sink alone."""
        for watch in batch:
            if not watch.abandoned:
                self._refusals.note(watch.key, watch.refused)
        leases = [lease for watch in batch for lease in self._in_flight.close(watch)]
        patience.call(partial(self._queue.release, leases), self._queue_failed)
