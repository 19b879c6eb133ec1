"""Calls that take up to ten events: how AWS's services want them, and what becomes of those they don't take."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.errors import Refusal, SinkError
from watcher.model import DecisionEvent

MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024
"""Of one call, all entries together. SQS, SNS and EventBridge take this much without being asked for more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the service's form, and its size in bytes as the service counts it."""

    fields: Mapping[str, Any]
    size: int


Untaken = Mapping[int, str | Refusal]
"""By place, why an entry was not taken: a refusal if it is for what the entry is."""

Call = Callable[[Sequence[Mapping[str, Any]]], Untaken]
"""Makes one call; returns what of it was not taken. Raises SinkError when nothing was."""


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
        untaken: dict[int, str | Refusal] = dict.fromkeys(range(len(events)), "")
        for group in _groups((place, self._entry(event)) for place, event in enumerate(events)):
            try:
                left = self._send_group([entry for _, entry in group])
            except SinkError as error:
                raise SinkError(str(error), error.retry_after, set(untaken), _refused(untaken)) from error
            for number, (place, entry) in enumerate(group):
                if number in left:
                    untaken[place] = _with_size(left[number], entry.size)
                else:
                    del untaken[place]
        if untaken:
            first = next(iter(untaken.values()))
            words = f"{len(untaken)} of {len(events)} events not taken: {_why(first)}"
            raise SinkError(words, untaken=set(untaken), refused=_refused(untaken))

    def _send_group(self, entries: Sequence[Entry]) -> Untaken:
        try:
            return self._call([entry.fields for entry in entries])
        except SinkError as error:
            if error.refused:
                return error.refused if len(entries) == 1 else self._send_apart(entries)
            if entries[0].size <= MAX_BYTES:
                raise
            return {0: str(error)}  # too large for a batch, so it went alone: the others need not wait for it

    def _send_apart(self, entries: Sequence[Entry]) -> Untaken:
        """Each in a call of its own: a call that is refused as a whole doesn't say for which of its entries."""
        left: dict[int, str | Refusal] = {}
        for place, entry in enumerate(entries):
            try:
                left.update((place, why) for why in self._send_group([entry]).values())
            except SinkError as error:  # not raised: what was taken before must not be sent twice
                return left | dict.fromkeys(range(place, len(entries)), str(error))
        return left


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


def _with_size(why: str | Refusal, size: int) -> str | Refusal:
    """The refusal, with the size that the service looked at, and the limit where it can't have told a higher one."""
    if isinstance(why, str):
        return why
    over = f", more than the usual {MAX_BYTES}" if size > MAX_BYTES else ""
    return why._replace(why=f"an entry of {size} bytes{over}: {why.why}")


def _why(why: str | Refusal) -> str:
    return why if isinstance(why, str) else why.why


def _refused(untaken: Untaken) -> Mapping[int, Refusal]:
    return {place: why for place, why in untaken.items() if isinstance(why, Refusal)}
