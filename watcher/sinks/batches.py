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
        untaken: dict[int, str | Refusal] = {}
        judged = 0
        try:
            for group in _groups(self._entry(event) for event in events):
                for why in self._send_group(group):
                    if why is not None:
                        untaken[judged] = why
                    judged += 1
        except SinkError as error:
            untried = range(judged, len(events))
            places = {*untaken, *untried}
            raise SinkError(str(error), error.retry_after, places, _refused(untaken), untried) from error
        if untaken:
            words = f"{len(untaken)} of {len(events)} events not taken: {_why(next(iter(untaken.values())))}"
            raise SinkError(words, untaken=set(untaken), refused=_refused(untaken))

    def _send_group(self, entries: Sequence[Entry]) -> Iterator[str | Refusal | None]:
        """Why each entry was not taken, in order; None if it was.

        A call that fails as a whole doesn't say for which of its entries, so it is made again for each. The first
        that fails by itself ends that: the service is down, or this one is what is wrong, and the others are untried.

        Raises:
            SinkError: nothing more should be sent; what was told of the entries until then holds.
        """
        try:
            left = self._call([entry.fields for entry in entries])
        except SinkError as error:
            if len(entries) > 1:
                for entry in entries:
                    yield from self._send_group([entry])
                return
            yield _with_size(error.refused.get(0, str(error)), entries[0].size)
            # One that is too large for a batch went alone: the others need not wait for it.
            if not error.refused and entries[0].size <= MAX_BYTES:
                raise
        else:
            for place, entry in enumerate(entries):
                yield _with_size(left[place], entry.size) if place in left else None


def _groups(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Cut into calls, in order. An entry over the limit goes alone: the target may have been set to take more."""
    group: list[Entry] = []
    size = 0
    for entry in entries:
        if group and (len(group) == MAX_ENTRIES or size + entry.size > MAX_BYTES):
            yield group
            group, size = [], 0
        group.append(entry)
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
