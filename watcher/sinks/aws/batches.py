"""Calls with up to ten events in the form that AWS's services want, and the result of each event."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.domain.errors import SinkError
from watcher.domain.event_result import EventResult, EventStatus, not_attempted, results_or_error
from watcher.domain.model import DecisionEvent
from watcher.sinks.aws.target import CallFailed


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the service's format, and its size in bytes as the service counts it."""

    fields: Mapping[str, Any]
    size: int


Call = Callable[[Sequence[Mapping[str, Any]]], Sequence[EventResult]]
"""Makes one call; returns the result of each entry.

Raises CallFailed when the service answered the whole call with an error, SinkError when the sink is at fault.
"""


class BatchSender:
    """Sends events in calls of up to 10 entries and 256 KiB."""

    def __init__(self, entry: Callable[[DecisionEvent], Entry], call: Call) -> None:
        self._entry = entry
        self._call = call

    def send(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Send the events; returns the result of each.

        Raises:
            SinkError: none was attempted.
        """
        results: list[EventResult] = []
        error: SinkError | None = None
        try:
            for group in _groups(self._entry(event) for event in events):
                self._send_group(group, results)
        except SinkError as stopped:
            error = stopped
            results += [not_attempted(str(stopped))] * (len(events) - len(results))
        return results_or_error(results, error)

    def _send_group(self, entries: Sequence[Entry], results: list[EventResult]) -> None:
        """Add the result of each entry, in order.

        A call that fails as a whole doesn't say because of which entry, so it is repeated for each entry. The first
        entry that fails alone ends that: the service is down, or this entry is wrong.

        Raises:
            SinkError: nothing more should be sent; the results so far are valid.
        """
        try:
            told = self._call([entry.fields for entry in entries])
        except CallFailed as failure:
            if len(entries) > 1:
                for entry in entries:
                    self._send_group([entry], results)
                return
            results.append(_with_size(failure.result, entries[0].size))
            # An entry that is too large for a batch was sent alone: the others need not wait for it.
            if failure.result.status is EventStatus.FAILED and entries[0].size <= BATCH_LIMITS.size:
                raise SinkError(failure.result.reason) from failure
        else:
            results += [_with_size(result, entry.size) for result, entry in zip(told, entries, strict=True)]


def _groups(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Split into calls, in order. An entry over the limit is sent alone: the target may accept more."""
    group: list[Entry] = []
    size = 0
    for entry in entries:
        if group and (len(group) == BATCH_LIMITS.entries or size + entry.size > BATCH_LIMITS.size):
            yield group
            group, size = [], 0
        group.append(entry)
        size += entry.size
    if group:
        yield group


def _with_size(result: EventResult, size: int) -> EventResult:
    """A rejection with the size that the service counts, and the usual limit if it is above that."""
    if result.status is not EventStatus.REJECTED:
        return result
    over = f", more than the usual {BATCH_LIMITS.size}" if size > BATCH_LIMITS.size else ""
    return result._replace(reason=f"an entry of {size} bytes{over}: {result.reason}")
