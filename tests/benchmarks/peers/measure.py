"""One peer through the phases: sessions that are over, sessions that arrive, sessions that wait."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.peers import lives
from tests.benchmarks.peers.figures import Row, Traffic, Waiting, delays, middle_rate, missed, percentile
from tests.benchmarks.peers.stage import Ended, Stalled, Surroundings, staged
from tests.benchmarks.peers.tree import used
from tests.benchmarks.peers.workers import Peer

UNLIMITED = 100_000.0
"""Calls a second: the watcher needs not to find out that there is no quota where the polls are few."""

SLACK = 15.0
"""Seconds that a decision may come later than a session is given up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        time_scale: how much faster than in life the arriving sessions live.
        arrivals: for each quota (calls a second, 0 for none) the sessions that arrive a second.
        seconds: for which they do.
        over: sessions that are over when they come; 0 leaves the phase out.
        waiting: numbers of sessions in flight at which memory is looked at, rising; none leaves the phase out.
        pace: sessions a second until they are.
        latency: seconds that the endpoint takes for a results call.
        patience: seconds without any progress after which a peer is given up.
    """

    time_scale: float = 4.0
    arrivals: tuple[tuple[float, float], ...] = ((0, 10), (25, 4))
    seconds: float = 30.0
    over: int = 2000
    waiting: tuple[int, ...] = (1000, 10_000)
    pace: float = 250.0
    latency: float = 0.05
    patience: float = 60.0

    def around(self, drawn: Sequence[lives.Life] = (), time_scale: float = 1.0, quota: float = 0.0) -> Surroundings:
        """For a worker."""
        sessions = 2 * max(self.over, len(drawn), *self.waiting, 50)
        return Surroundings(drawn, time_scale, quota, self.latency, sessions, self.patience)


def measure(peer: Peer, plan: Plan, progress: Callable[[str], None]) -> Row:
    """All phases; one that fails leaves its cells empty."""
    row = Row(peer.name, peer.waits, traffic={}, waiting=[])
    phases: dict[str, Callable[[], None]] = {"over": partial(_over, peer, plan, row)} if plan.over else {}
    for quota, arrivals in plan.arrivals:
        phases[f"quota {quota:g}"] = partial(_traffic, peer, plan, row, quota, arrivals)
    if plan.waiting:
        phases["waiting"] = partial(_waiting, peer, plan, row)
    for name, phase in phases.items():
        begun = time.monotonic()
        try:
            phase()
        except Ended as error:
            row.trouble = "; ".join(filter(None, (row.trouble, f"{name}: {error}")))
        progress(f"{peer.name}: {name}: {time.monotonic() - begun:.0f} s")
    return row


def _over(peer: Peer, plan: Plan, row: Row) -> None:
    with staged(peer, plan.around(), UNLIMITED) as stage:
        stage.warm_up()
        sessions = stage.create(lives.OVER, plan.over)
        before = set(stage.told())
        stage.worker.feed(sessions)
        stage.until(stage.lines, len(before) + plan.over)
        row.rate = middle_rate([told.at for name, told in stage.told().items() if name not in before])


def _traffic(peer: Peer, plan: Plan, row: Row, quota: float, arrivals: float) -> None:
    drawn = lives.draw(round(arrivals * plan.seconds))
    with staged(peer, plan.around(drawn, plan.time_scale, quota)) as stage:
        stage.warm_up()
        polls, throttled = stage.endpoint.polls()
        cpu, before = used(stage.worker.process.pid).cpu, stage.lines()
        made = []
        for number in paced(len(drawn), arrivals):
            made.append((stage.endpoint.create(f"s{number}"), drawn[number]))
            stage.worker.feed([made[-1][0]])
        with suppress(Stalled):  # what is not decided by then is counted as missed
            stage.until(stage.lines, before + len(made), stage.worker.work.life + SLACK)
        cpu = used(stage.worker.process.pid).cpu - cpu
        polls_then, throttled_then = stage.endpoint.polls()
        told, calls = stage.told(), max(1, polls_then - polls)
        late = delays(made, told, plan.time_scale)
        assert row.traffic is not None
        row.traffic[f"{quota:g}"] = Traffic(
            sessions=len(made),
            cpu_ms=cpu / len(made) * 1000,
            calls=calls / len(made),
            p50=percentile(late, 0.5),
            p95=percentile(late, 0.95),
            throttled=(throttled_then - throttled) / calls,
            missed=missed(made, told),
        )


def _waiting(peer: Peer, plan: Plan, row: Row) -> None:
    """Each session is polled once and then waits: what so many in flight take, not how they are polled."""
    with staged(peer, plan.around(), UNLIMITED, lives.LIFE_SECONDS / 2) as stage:
        stage.warm_up()
        polls, fed = stage.endpoint.polls()[0], 0
        for wanted in plan.waiting:
            for _ in paced((wanted - fed) // 10, plan.pace / 10):
                stage.worker.feed(stage.create(lives.WAITING, 10))
                if why := stage.worker.why_ended():
                    raise Ended(why)
            fed = wanted
            stage.until(lambda: stage.endpoint.polls()[0] - polls, fed)
            tree, broker = used(stage.worker.process.pid), used(stage.broker).rss if stage.broker else 0.0
            polled = stage.endpoint.polls()[0] - polls
            assert row.waiting is not None
            row.waiting.append(Waiting(wanted, polled, tree.rss, broker, tree.threads, tree.processes))


def paced(number: int, rate: float) -> Iterator[int]:
    """The numbers below `number`, so many a second."""
    begun = time.monotonic()
    for one in range(number):
        time.sleep(max(0.0, begun + one / rate - time.monotonic()))
        yield one
