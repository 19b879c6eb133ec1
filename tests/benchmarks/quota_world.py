"""Watchers that share one quota, in virtual time: what bench_rate.py measures."""

import copy
import heapq
import random
from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple, Protocol

WORKERS = 16
"""Calls that a watcher has under way at once: the default of polling.concurrency."""

FASTEST_CALL, SLOWEST_CALL = 0.03, 0.06
LATEST_WAKE = 0.001


class Limiter(Protocol):
    @property
    def rate(self) -> float: ...
    def acquire(self, now: float) -> float: ...
    def on_response(self, now: float, *, throttled: bool) -> None: ...


Make = Callable[[random.Random], Limiter]
Work = Callable[[int, float, int], float]
"""Seconds until a watcher (its number) has work again, at a time, after so many calls that were served."""

Call = tuple[float, int, bool]
"""When it began, whose it was, whether it was throttled."""


class Quota:
    """A token bucket of `burst` seconds' worth of calls, but at least one call."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self._burst = rate, burst
        self._tokens = self._size = max(1.0, rate * burst)
        self._at = self._open_at = 0.0

    def close(self, until: float) -> None:
        """Throttle every call until then."""
        self._open_at = until

    def take(self, now: float) -> bool:
        tokens = min(self._size, self._tokens + (now - self._at) * self.rate)
        self._at = now
        is_served = tokens >= 1.0 and now >= self._open_at
        self._tokens = tokens - is_served
        return is_served

    def change(self, rate: float, now: float) -> None:
        self._tokens = min(self._size, self._tokens + (now - self._at) * self.rate)
        self._at, self.rate = now, rate
        self._size = max(1.0, rate * self._burst)
        self._tokens = min(self._size, self._tokens)


def always(number: int, now: float, taken: int) -> float:
    """More work than any rate lets through."""
    return 0.0


class World:
    """Watchers that share a quota. Calls last `slower` times as long as they usually do."""

    def __init__(
        self, make: Make, watchers: int, quota: Quota, seed: int, *, work: Work = always, slower: float = 1.0
    ) -> None:
        self.quota = quota
        self._work, self._slower = work, slower
        self.calls: list[Call] = []
        self.now = 0.0
        self._make = make
        self._random = random.Random(seed)
        self._limiters: list[Limiter] = []
        self._gone: set[int] = set()
        self._under_way: list[int] = []
        self._taken: list[int] = []
        self._events: list[tuple[float, int, int, bool | None]] = []
        self._tickets = 0
        for _ in range(watchers):
            self.join()

    @property
    def rate(self) -> float:
        """Calls a second that all present watchers together are allowed."""
        return sum(self._limiters[number].rate for number in self.present)

    @property
    def present(self) -> list[int]:
        return [number for number in range(len(self._limiters)) if number not in self._gone]

    def join(self) -> None:
        number = len(self._limiters)
        self._limiters.append(self._make(random.Random(self._random.random())))
        self._under_way.append(0)
        self._taken.append(0)
        self._plan(self.now + self._random.random() * 0.2, number, None)

    def leave(self) -> None:
        self._gone.add(self.present[0])

    def branch(self) -> "World":
        """This world as it is now, for a future of its own, without what was called so far."""
        calls, self.calls = self.calls, []
        try:
            return copy.deepcopy(self)
        finally:
            self.calls = calls

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        events = self._events
        while events[0][0] <= until:
            at, _, number, throttled = heapq.heappop(events)
            if throttled is None:
                self._ask(number, at)
            else:
                self._end(number, at, throttled=throttled)
        self.now = until

    def _plan(self, at: float, number: int, throttled: bool | None) -> None:
        # None: the watcher's leader looks for leave to call; else a call's end.
        self._tickets += 1
        heapq.heappush(self._events, (at, self._tickets, number, throttled))

    def _ask(self, number: int, now: float) -> None:
        """Call until there is no work, no leave or no worker."""
        if number in self._gone:
            return
        limiter, chance = self._limiters[number], self._random.random
        while self._under_way[number] < WORKERS:
            if (idle := self._work(number, now, self._taken[number])) > 0:
                self._plan(now + idle, number, None)
                return
            if (delay := limiter.acquire(now)) > 0:
                self._plan(now + delay + chance() * LATEST_WAKE, number, None)
                return
            throttled = not self.quota.take(now)
            self.calls.append((now, number, throttled))
            self._under_way[number] += 1
            self._taken[number] += not throttled
            lasts = self._slower * (FASTEST_CALL + (SLOWEST_CALL - FASTEST_CALL) * chance())
            self._plan(now + lasts, number, throttled)

    def _end(self, number: int, now: float, *, throttled: bool) -> None:
        self._limiters[number].on_response(now, throttled=throttled)
        self._under_way[number] -= 1
        if self._under_way[number] == WORKERS - 1:
            self._plan(now, number, None)


class Steady(NamedTuple):
    """Shares of 1: of the quota used, of the calls throttled, and how far off the mean the furthest watcher was."""

    used: float
    throttled: float
    uneven: float


def steady(world: World, begin: float, end: float) -> Steady:
    """What happened in a stretch of time in which the world didn't change."""
    served = dict.fromkeys(world.present, 0)
    throttles = 0
    for at, number, throttled in world.calls:
        if begin <= at < end:
            throttles += throttled
            served[number] += not throttled
    total = sum(served.values())
    mean = total / len(served)
    uneven = max(abs(count - mean) for count in served.values()) / mean if mean else 0.0
    return Steady(total / world.quota.rate / (end - begin), throttles / max(1, total + throttles), uneven)


class Found(NamedTuple):
    """What has to be there again for a quota to count as found."""

    used: float = 0.0
    throttled: float = 1.0


def found_after(world: World, begin: float, found: Found, window: float = 5.0) -> float:
    """Seconds from `begin` to the first window in which it is so; infinite if there is none."""
    times = [call[0] for call in world.calls]
    at = begin
    while at + window <= world.now:
        calls = world.calls[bisect_left(times, at) : bisect_left(times, at + window)]
        throttles = sum(call[2] for call in calls)
        served = len(calls) - throttles
        if served >= found.used * world.quota.rate * window and throttles <= found.throttled * len(calls):
            return at - begin
        at += 0.5
    return float("inf")
