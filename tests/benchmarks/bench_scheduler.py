"""What scheduling one poll costs: `python tests/benchmarks/bench_scheduler.py [--quick]`.

The real scheduler, policy and sessions on a clock that moves only when nothing is due. One poll is the way round:
take the most urgent session, count an answer, ask the policy for the next step, put the session back. Beside it, as
floor and ceiling, the bare heap with random waits, and a coroutine in a tenacity `AsyncRetrying` of its own for each
session. All of them in the same run, in turns, as CPU time.
"""

import argparse
import asyncio
import gc
import heapq
import random
import selectors
import time
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial
from statistics import median
from typing import Any
from uuid import UUID

from tenacity import AsyncRetrying, retry_always, wait_exponential

from watcher.domain.model import Lease, SessionResult, SessionStatus
from watcher.polling.policy import PollAgain, PollPolicy
from watcher.polling.scheduler import Scheduler
from watcher.polling.strategies import backoff
from watcher.rate_limit import TokenBucket
from watcher.sessions.session import Session
from watcher.telemetry.health import Beat

BAR_MICROSECONDS = 50.0
"""The issue's bar for scheduling one poll."""

FIRST, LONGEST, GROWTH, JITTER = 1.0, 10.0, 1.6, 0.2
NEVER = 1e12
Round = Callable[[int], None]


class Time:
    """A clock without a lock: everything here runs in one thread."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def watcher_polls(waiting: int) -> Round:
    """The watcher's own parts with `waiting` sessions; the limiter is asked, and never says no."""
    clock = Time()
    scheduler = Scheduler(TokenBucket(1e9), clock, Beat(clock, "scheduler", is_shared=True))
    policy = PollPolicy(backoff(FIRST, LONGEST, GROWTH, JITTER), clock)
    answers = {}
    for number in range(waiting):
        session = make_session(number)
        answer = answers[session.key.session_id] = SessionResult(session.key.session_id, SessionStatus.IN_PROGRESS)
        session.record(answer)
        scheduler.add(session, random.uniform(0, LONGEST))

    def run(polls: int) -> None:
        for _ in range(polls):
            clock.now = max(clock.now, scheduler._confirmed.next_at())
            due = scheduler.take()
            assert due is not None
            answer = answers[due.session.key.session_id]
            due.session.record(answer)
            step = policy.next_step(due.session, answer)
            assert isinstance(step, PollAgain)
            scheduler.add(due.session, clock.now + step.delay)

    return run


def make_session(number: int) -> Session:
    """A session with the lease on its message, as the consumer makes it."""
    session = Session(str(UUID(int=number)), "default", 0.0, 0.0, NEVER)
    session.add_lease(Lease("0123456789abcdef", str(number)))
    return session


def heap_polls(waiting: int) -> Round:
    """Nothing but the heap: what an order of due times costs at least."""
    heap = [(random.uniform(0, LONGEST), number) for number in range(waiting)]
    heapq.heapify(heap)

    def run(polls: int) -> None:
        for _ in range(polls):
            at, number = heapq.heappop(heap)
            heapq.heappush(heap, (at + random.uniform(FIRST, LONGEST), number))

    return run


class JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, lets the clock jump to when the loop wants to be woken."""

    def __init__(self, clock: Time) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        self._clock.now += timeout or 0.0
        return super().select(0)


class CoroutinePolls:
    """A coroutine with an AsyncRetrying of its own for each session, on an event loop without real time."""

    def __init__(self, waiting: int) -> None:
        self._clock = Time()
        self._loop = asyncio.SelectorEventLoop(JumpingSelector(self._clock))
        self._loop.time = self._clock.monotonic  # type: ignore[method-assign]
        self._left = 0
        self._tasks = [self._loop.create_task(self._session()) for _ in range(waiting)]

    async def _session(self) -> None:
        await asyncio.sleep(random.uniform(0, LONGEST))
        wait = wait_exponential(multiplier=FIRST, exp_base=GROWTH, max=LONGEST)
        async for attempt in AsyncRetrying(wait=wait, retry=retry_always):
            with attempt:
                self._left -= 1
                if self._left <= 0:
                    self._loop.stop()

    def __call__(self, polls: int) -> None:
        self._left = polls
        self._loop.run_forever()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()


def microseconds(run: Round, polls: int) -> float:
    """CPU time of one poll."""
    begun = time.thread_time()
    run(polls)
    return (time.thread_time() - begun) / polls * 1e6


def bytes_each(waiting: int) -> float:
    """Memory of a waiting session in the scheduler, with its key and lease."""
    gc.collect()
    tracemalloc.start()
    clock = Time()
    scheduler = Scheduler(TokenBucket(1.0), clock, Beat(clock, "scheduler", is_shared=True))
    for number in range(waiting):
        scheduler.add(make_session(number), float(number))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / waiting


def measure(runs: Iterable[tuple[str, int, Round]], rounds: int, polls: int) -> dict[tuple[str, int], float]:
    """The median of each, over rounds in which all take their turn; the first round only warms up."""
    turns = list(runs)
    found: dict[tuple[str, int], list[float]] = {(name, waiting): [] for name, waiting, _ in turns}
    for number in range(rounds + 1):
        for name, waiting, run in random.sample(turns, len(turns)):
            spent = microseconds(run, polls)
            if number:
                found[name, waiting].append(spent)
    return {place: median(spent) for place, spent in found.items()}


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    random.seed(1)
    sizes = [100, 1_000, 10_000] if options.quick else [100, 1_000, 10_000, 100_000]
    rounds, polls = (3, 1_000) if options.quick else (9, 5_000)
    # 100,000 coroutines would take 700 MB and half a minute to start.
    coroutines = {
        waiting: CoroutinePolls(waiting) for waiting in sizes if waiting <= (1_000 if options.quick else 10_000)
    }
    makers: list[tuple[str, Callable[[int], Round]]] = [("watcher", watcher_polls), ("heap", heap_polls)]
    runs = [(name, waiting, make(waiting)) for name, make in makers for waiting in sizes]
    runs += [("coroutines", waiting, run) for waiting, run in coroutines.items()]
    gc.freeze()  # as between two of the collector's full runs: which of the others pays for one is chance
    found = measure(runs, rounds, polls)
    for run in coroutines.values():
        run.close()
    report(sizes, found, partial(bytes_each, 10_000), rounds, polls)


def report(
    sizes: list[int], found: dict[tuple[str, int], float], memory: Callable[[], float], rounds: int, polls: int
) -> None:
    print(f"Scheduling one poll: CPU microseconds, median of {rounds} rounds of {polls} polls each\n")
    print(f"{'sessions waiting':>16}  {'the watcher':>11}  {'bare heap':>9}  {'AsyncRetrying each':>18}")
    for waiting in sizes:
        cells = [found.get((name, waiting)) for name in ("watcher", "heap", "coroutines")]
        shown = ["-" if cell is None else f"{cell:.1f}" for cell in cells]
        print(f"{waiting:>16,}  {shown[0]:>11}  {shown[1]:>9}  {shown[2]:>18}")
    highest = max(spent for (name, _), spent in found.items() if name == "watcher")
    print(f"\nmemory of a waiting session: {memory():.0f} bytes")
    print(f"{'met' if highest < BAR_MICROSECONDS else 'MISSED'}: {highest:.1f} of {BAR_MICROSECONDS:.0f} us a poll")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of a minute")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
