"""Batch calls of SQS: ten entries each, several at once, each entry's answer looked at."""

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any

from watcher.ports import Clock
from watcher.queues.sqs_client import SqsCaller
from watcher.queues.sqs_faults import INVALID_RECEIPTS, SqsFault, entry_fault

SIZE = 10
"""Entries that SQS takes in one call."""

WORKERS = 48
"""Calls at once: 5,000 leases are 500 calls, five seconds of them when each takes half a second."""

ATTEMPTS = 8
"""Tries of one entry within one call of ours: with every fifth call throttled, three entries in a million fail."""

FIRST_BACKOFF, LONGEST_BACKOFF = 0.2, 1.0
"""Seconds before the second try, doubled for each more up to the longest, less up to half of it at random."""

Entry = Mapping[str, Any]


class Batches:
    """Runs batch operations; shared by threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closing = Event()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="sqs")

    def run(
        self, caller: SqsCaller, operation: str, entries: Sequence[Entry], seconds: float
    ) -> list[SqsFault | None]:
        """What became of each entry, in order: None if it was done.

        A failed entry that may yet succeed is tried again, without those that did. After `seconds` no more tries
        begin: what was not done by then keeps its last fault.
        """
        deadline = self._clock.monotonic() + seconds
        work = partial(self._batch, caller, operation, deadline=deadline)
        batches = [entries[start : start + SIZE] for start in range(0, len(entries), SIZE)]
        # One batch needs no other thread, and still works when the pool is closed already.
        outcomes = map(work, batches) if len(batches) == 1 else self._pool.map(work, batches)
        return [fault for outcome in outcomes for fault in outcome]

    def close(self) -> None:
        """Interrupt the backoffs and end the threads, each after the call that it is in."""
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)

    def _batch(
        self, caller: SqsCaller, operation: str, entries: Sequence[Entry], *, deadline: float
    ) -> list[SqsFault | None]:
        outcome: dict[int, SqsFault | None] = dict.fromkeys(
            range(len(entries)), SqsFault(f"{caller.shown}: no time was left to call it", is_transient=True)
        )
        pending = list(outcome)
        for attempt in range(ATTEMPTS):
            if attempt and self._closing.wait(_backoff(attempt)):
                break
            if self._clock.monotonic() >= deadline:
                break
            outcome |= _call(caller, operation, {index: entries[index] for index in pending})
            pending = [index for index in pending if (fault := outcome[index]) and fault.is_transient]
            if not pending:
                break
        return [outcome[index] for index in range(len(entries))]


def _backoff(attempt: int) -> float:
    return min(FIRST_BACKOFF * 2.0 ** (attempt - 1), LONGEST_BACKOFF) * random.uniform(0.5, 1.0)


def _call(caller: SqsCaller, operation: str, entries: Mapping[int, Entry]) -> dict[int, SqsFault | None]:
    """One call, and what it did to each entry."""
    try:
        answer = caller.call(operation, Entries=[{"Id": str(index), **entry} for index, entry in entries.items()])
    except SqsFault as fault:
        if fault.code in INVALID_RECEIPTS and len(entries) > 1:
            # A server that refuses a whole batch for one of its entries doesn't say for which one.
            return {index: _call(caller, operation, {index: entry})[index] for index, entry in entries.items()}
        return dict.fromkeys(entries, fault)
    failed = {item.get("Id"): item for item in answer.get("Failed") or ()}
    done = {item.get("Id") for item in answer.get("Successful") or ()}
    return {index: _fault(str(index), done, failed, caller, operation) for index in entries}


def _fault(
    entry_id: str, done: set[Any], failed: Mapping[Any, dict[str, Any]], caller: SqsCaller, operation: str
) -> SqsFault | None:
    if entry_id in failed:
        return entry_fault(failed[entry_id], operation, caller.shown)
    if entry_id in done:
        return None
    return SqsFault(f"{caller.shown}: the answer says nothing of an entry", is_transient=True)
