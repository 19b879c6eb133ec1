"""Sending many messages to an SQS queue."""

from collections.abc import Sequence

from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.domain.errors import QueueError
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.constants import BATCHING
from watcher.queues.sqs.errors import SqsFault
from watcher.queues.sqs.messages import batches, check_bodies, entry, in_order


def send(caller: SqsCaller, runner: BatchCaller, bodies: Sequence[str]) -> None:
    """Send each body as a message.

    SQS has no transaction over batches. Messages that it would reject are found before anything is sent; a failure
    stops the later batches. In a FIFO queue batches are sent one after another, to keep the order.

    Raises:
        QueueError: it says how many were sent, and the positions of those that were not.
    """
    check_bodies(bodies)
    faults = send_entries(caller, runner, [entry(body, is_fifo=caller.is_fifo) for body in bodies])
    failed = [fault for fault in faults if fault]
    if failed:
        missing = in_order(lambda index: faults[index] is None, len(faults))
        raise QueueError(
            f"{failed[0]}; {len(bodies) - len(failed)} of {len(bodies)} messages were sent, not sent: {missing}"
        ) from failed[0]


def send_entries(
    caller: SqsCaller, runner: BatchCaller, entries: Sequence[dict[str, object]]
) -> list[SqsFault | None]:
    """Send these; returns the result of each, in order. After a failure the rest is not tried."""
    faults: list[SqsFault | None] = []
    round_size = BATCH_LIMITS.entries if caller.is_fifo else BATCH_LIMITS.entries * BATCHING.workers
    for batch in batches(entries, round_size):
        if any(faults):
            faults += [SqsFault(f"{caller.shown}: not tried", is_transient=True)] * len(batch)
        else:
            faults += runner.run(caller, "send_message_batch", batch, BATCHING.send_seconds)
    return faults
