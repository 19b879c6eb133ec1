"""The moments kept for last polls: no session is forgotten unseen because others were due first."""

import heapq
from math import inf

from watcher.policy import last_poll_at
from watcher.watch import Watch

FEWEST = 64
"""Guards below which it isn't worth while to clear out those of finished sessions."""

AHEAD = 20.0
"""Seconds before its moment that a last poll is brought forward at most, when too many fall together."""

SHARE = 0.8
"""Share of the rate that last polls are spread over; the rest is for new calls and for faults."""

_LOOK_EVERY = 1.0


class Guards:
    """A second heap beside the scheduler's, by the moments of last polls. The scheduler's lock guards it."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Watch]] = []
        self._number = 0
        self._looked_at = -inf

    def put(self, watch: Watch, at: float, waiting: int) -> None:
        """Guard a watch among `waiting` ones: from `at` on it goes before the rest."""
        if watch.guarded_at == at:
            return
        self._number += 1
        watch.guarded_at, watch.guard = at, self._number
        heapq.heappush(self._heap, (at, self._number, watch))
        if len(self._heap) > 2 * waiting + FEWEST:
            self._clear()

    def due(self, now: float) -> Watch | None:
        """The watch whose moment came first, if any has come."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, number, watch = heap[0]
            if watch.ticket and watch.guard == number and not watch.abandoned:
                return watch
            heapq.heappop(heap)
            if watch.guard == number:
                watch.guarded_at = -inf
        return None

    def spread(self, now: float, rate: float) -> None:
        """Bring last polls forward where more of them fall together than the rate (calls a second) can take."""
        if rate <= 0 or now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        step = 1.0 / (rate * SHARE)
        near = sorted(
            (last_poll_at(watch), number, watch)
            for at, number, watch in self._heap
            if at <= now + AHEAD and watch.ticket and watch.guard == number and watch.last_poll_by == inf
        )
        crowd = max((place for place, (at, *_) in enumerate(near) if now + place * step > at), default=-1)
        for place, (at, _, watch) in enumerate(near[: crowd + 1]):
            watch.last_poll_by = min(at, now + place * step)
            self.put(watch, watch.last_poll_by, len(self._heap))

    def _clear(self) -> None:
        """Drop those that don't wait: they would keep finished sessions in memory to their deadlines."""
        for _, _, watch in self._heap:
            if not watch.ticket:
                watch.guarded_at = -inf
        self._heap = [entry for entry in self._heap if entry[2].ticket and entry[2].guard == entry[1]]
        heapq.heapify(self._heap)
