"""Calls that take up to ten events: how AWS's services want them, and what becomes of those they refuse."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.errors import SinkError
from watcher.model import DecisionEvent

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
    """Hands events over in calls of up to 10 entries and 256 KiB."""

    def __init__(self, entry: Callable[[DecisionEvent], Entry], call: Call) -> None:
        self._entry = entry
        self._call = call

    def send(self, events: Sequence[DecisionEvent]) -> None:
        """Hand over every event.

        Raises:
            SinkError: not all were taken; it says which.
        """
        untaken = dict.fromkeys(range(len(events)), "")
        for group in _groups((place, self._entry(event)) for place, event in enumerate(events)):
            try:
                refusals = self._send_group([entry for _, entry in group])
            except SinkError as error:
                raise SinkError(str(error), error.retry_after, set(untaken)) from error
            for number, (place, _) in enumerate(group):
                if number in refusals:
                    untaken[place] = refusals[number]
                else:
                    del untaken[place]
        if untaken:
            first = next(iter(untaken.values()))
            raise SinkError(f"{len(untaken)} of {len(events)} events not taken: {first}", untaken=set(untaken))

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
