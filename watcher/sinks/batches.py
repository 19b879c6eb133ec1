"""Calls that take up to ten events: how AWS's services want them, and what becomes of those they refuse."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.errors import SinkError
from watcher.model import DecisionEvent
from watcher.sinks.untaken import Untaken

MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024
"""Of one call, all entries together. SQS, SNS and EventBridge take this much without being asked for more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the service's form, and its size in bytes as the service counts it."""

    fields: Mapping[str, Any]
    size: int


Call = Callable[[Sequence[Mapping[str, Any]]], Mapping[int, str]]
"""Makes one call; returns for each place in it that was refused, why. Raises SinkError when all were."""


class Batches:
    """Hands events over in calls of up to 10 entries and 256 KiB, and only those again that were not taken."""

    def __init__(self, entry: Callable[[DecisionEvent], Entry], call: Call) -> None:
        self._entry = entry
        self._call = call
        self._untaken = Untaken()

    def send(self, events: Sequence[DecisionEvent]) -> None:
        """Hand over all of a batch that was not taken before.

        Raises:
            SinkError: not all were taken; the same batch given again goes on where this ended.
        """
        left = self._untaken.of(events)
        refused: list[str] = []
        for group in _groups((place, self._entry(events[place])) for place in left):
            refusals = self._send_group([entry for _, entry in group])
            self._untaken.took(place for number, (place, _) in enumerate(group) if number not in refusals)
            refused += refusals.values()
        if refused:
            raise SinkError(f"{len(refused)} of {len(events)} events not taken: {refused[0]}")
        self._untaken.finish()

    def _send_group(self, entries: Sequence[Entry]) -> Mapping[int, str]:
        try:
            return self._call([entry.fields for entry in entries])
        except SinkError as error:
            if entries[0].size <= MAX_BYTES:
                raise
            return {0: str(error)}  # too large for a batch, so it went alone: the others need not wait for it


def _groups(entries: Iterable[tuple[int, Entry]]) -> Iterator[list[tuple[int, Entry]]]:
    """Cut into calls, in order. An entry over the limit goes alone: the target may have been set to take more."""
    group: list[tuple[int, Entry]] = []
    size = 0
    for place, entry in entries:
        if group and (len(group) == MAX_ENTRIES or size + entry.size > MAX_BYTES):
            yield group
            group, size = [], 0
        group.append((place, entry))
        size += entry.size
    if group:
        yield group
