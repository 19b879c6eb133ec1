"""SQS batch calls: ten entries each, several at once, and each entry's answer is checked."""

import random
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from threading import Event, Semaphore
from typing import Any

from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.domain.ports import Clock
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.constants import BATCHING
from watcher.queues.sqs.errors import INVALID_RECEIPTS, SqsFault, entry_fault
from watcher.util.parallel import for_each

Entry = Mapping[str, Any]


class BatchCaller:
    """Runs batch operations. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closing = Event()
        self._slots = Semaphore(BATCHING.workers)

    def run(
        self, caller: SqsCaller, operation: str, entries: Sequence[Entry], seconds: float, *, is_bound: bool = False
    ) -> list[SqsFault | None]:
        """The fault of each entry, in order; None if it succeeded.

        A failed entry that may still succeed is retried, without those that did. After `seconds` no more tries begin:
        what has not succeeded by then keeps its last fault. If `is_bound`, a call that is still under way then is
        abandoned, and the outcome of its entries is unknown.
        """
        deadline = self._clock.monotonic() + seconds
        faults: list[SqsFault | None] = [_unanswered(caller, seconds)] * len(entries)

        def work(start: int) -> None:
            batch = entries[start : start + BATCH_LIMITS.entries]
            # A single batch, such as an ack, does not wait behind the many calls of an extension.
            with self._slots if len(entries) > BATCH_LIMITS.entries else nullcontext():
                outcome = self._batch(caller, operation, batch, deadline=deadline)
            faults[start : start + len(batch)] = outcome

        for_each(
            work,
            range(0, len(entries), BATCH_LIMITS.entries),
            BATCHING.workers,
            seconds=seconds if is_bound else None,
        )
        return list(faults)

    def close(self) -> None:
        """Interrupt the backoffs. Callers have given up calls that are still under way."""
        self._closing.set()

    def _batch(
        self, caller: SqsCaller, operation: str, entries: Sequence[Entry], *, deadline: float
    ) -> list[SqsFault | None]:
        outcome: dict[int, SqsFault | None] = dict.fromkeys(
            range(len(entries)), SqsFault(f"{caller.shown}: no time left for the call", is_transient=True)
        )
        pending = list(outcome)
        for attempt in range(BATCHING.attempts):
            if attempt and self._closing.wait(_backoff(attempt)):
                break
            if self._clock.monotonic() >= deadline:
                break
            outcome |= _call(caller, operation, {index: entries[index] for index in pending})
            pending = [index for index in pending if (fault := outcome[index]) and fault.is_transient]
            if not pending:
                break
        return [outcome[index] for index in range(len(entries))]


def _unanswered(caller: SqsCaller, seconds: float) -> SqsFault:
    return SqsFault(f"{caller.shown}: no answer within the {seconds:.1f} s that were left", is_transient=True)


def _backoff(attempt: int) -> float:
    return min(BATCHING.first_backoff * 2.0 ** (attempt - 1), BATCHING.longest_backoff) * random.uniform(0.5, 1.0)


def _call(caller: SqsCaller, operation: str, entries: Mapping[int, Entry]) -> dict[int, SqsFault | None]:
    """One call, and its result for each entry."""
    try:
        batch = [{"Id": str(index), **entry} for index, entry in entries.items()]
        done, failed = caller.ask(operation, _told, Entries=batch)
    except SqsFault as fault:
        if fault.code in INVALID_RECEIPTS and len(entries) > 1:
            # A server that rejects a whole batch because of one entry doesn't say which one.
            return {index: _call(caller, operation, {index: entry})[index] for index, entry in entries.items()}
        return dict.fromkeys(entries, fault)
    return {index: _fault(str(index), done, failed, caller, operation) for index in entries}


def _told(answer: Mapping[str, Any]) -> tuple[set[str], dict[str, dict[str, Any]]]:
    """The ids of the entries that succeeded, and those that failed; raises AttributeError for an invalid answer."""
    failed = {str(item.get("Id")): item for item in answer.get("Failed") or ()}
    return {str(item.get("Id")) for item in answer.get("Successful") or ()}, failed


def _fault(
    entry_id: str, done: set[str], failed: Mapping[str, dict[str, Any]], caller: SqsCaller, operation: str
) -> SqsFault | None:
    if entry_id in failed:
        return entry_fault(failed[entry_id], operation, caller.shown)
    if entry_id in done:
        return None
    return SqsFault(f"{caller.shown}: the answer omits an entry", is_transient=True)
