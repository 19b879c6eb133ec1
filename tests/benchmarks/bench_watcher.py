"""What the whole watcher costs: `python tests/benchmarks/bench_watcher.py [--quick]`.

`watcher run` with few and with many sessions waiting, and a bare loop of the same boto3 calls in as many threads,
all at the same rate against one local endpoint, each in a process of its own. They take turns of a few seconds, the
others stopped meanwhile, so that whatever else the machine does falls on all of them. A last watcher has a stopwatch
on its parts: it tells what the difference to the bare loop is spent on.
"""

import argparse
import random
import sys
import tempfile
import tracemalloc
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.bench_scheduler import make_session
from tests.benchmarks.instrumented import CALL
from tests.benchmarks.processes import (
    LOOPS,
    BareLoop,
    Contestant,
    InstrumentedRun,
    Load,
    WatcherRun,
    create_sessions,
    simulator,
)

BAR_MEGABYTES = 120.0
BAR_GROWTH = 1.2
"""The issue's bars: resident memory with 10,000 waiting, and CPU of a poll against that with 100 waiting."""

FEW = 100
LIFE = 180.0
"""Seconds that a session can be watched."""

PLAIN = LOOPS["plain"]
STOPWATCH = "the same with a stopwatch on its parts"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: sessions waiting in the large watcher, turns of each process and their seconds."""

    many: int
    rounds: int
    seconds: float
    rate: float = 200.0
    threads: int = 16


@dataclass(frozen=True, slots=True)
class Found:
    """CPU microseconds of a poll by contestant and by part; of the large watcher the polls and its memory in MB."""

    cpu: dict[str, float]
    parts: dict[str, float]
    polls: float
    memory: dict[str, float]


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    plan = Plan(many=2_000, rounds=3, seconds=1.0) if options.quick else Plan(many=10_000, rounds=9, seconds=3.0)
    found = measure(plan)
    report_cpu(plan, found)
    report_memory(plan, found)
    report_parts(plan, found)


def watched(waiting: int) -> str:
    """The name of a watcher in the table."""
    return f"watcher run, {waiting:,} sessions waiting"


def measure(plan: Plan) -> Found:
    with tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        folder = Path(place)
        url = opened.enter_context(simulator(folder))
        ids = create_sessions(url, plan.many)
        # A process runs a fifth of the time: with a lease five times the default it beats as often a poll.
        load = Load(rate=plan.rate, threads=plan.threads, lease=300.0)
        contestants: list[Contestant] = []

        def enter(contestant: Contestant) -> None:
            opened.callback(contestant.end)
            contestant.ready()
            contestants.append(contestant)

        for kind in LOOPS:
            enter(BareLoop(kind, url, ids, load, folder))
        enter(WatcherRun(watched(FEW), url, ids[:FEW], load, folder / "few"))
        large = WatcherRun(watched(plan.many), url, ids, load, folder / "many")
        enter(large)
        instrumented = InstrumentedRun(STOPWATCH, url, ids, load, folder / "instrumented")
        enter(instrumented)
        for _ in range(plan.rounds):
            for contestant in random.sample(contestants, len(contestants)):
                contestant.turn(plan.seconds)
        memory = large.memory()
        results = {contestant.name: contestant.result() for contestant in contestants}
        cpu = {name: seconds / polls * 1e6 for name, (polls, seconds) in results.items()}
        polls = large.polls()
        instrumented.end()
        return Found(cpu, instrumented.parts(), polls, memory)


def report_cpu(plan: Plan, found: Found) -> None:
    print(
        f"{plan.rate:.0f} polls a second, {plan.threads} threads, {plan.rounds} turns of {plan.seconds:.0f} s each\n"
    )
    print(f"{'':<42}  {'CPU us a poll':>13}  {'of the bare loop':>16}")
    for name, cpu in found.cpu.items():
        print(f"{name:<42}  {cpu:>13.0f}  {cpu / found.cpu[PLAIN]:>16.2f}")
    growth = found.cpu[watched(plan.many)] / found.cpu[watched(FEW)]
    verdict("CPU of a poll, many waiting against few", growth, BAR_GROWTH, "")


def report_memory(plan: Plan, found: Found) -> None:
    rss, peak, pss = (found.memory[name] for name in ("VmRSS", "VmHWM", "Pss"))
    print(f"\nmemory with {plan.many:,} waiting after {found.polls:,.0f} polls: RSS {rss:.1f} MB, ", end="")
    print(f"at most {peak:.1f}, PSS {pss:.1f}")
    verdict("RSS", peak, BAR_MEGABYTES, " MB")
    entry, core = trail_entry(), 1e6 / found.cpu[watched(plan.many)]
    print(f"each poll adds {entry:.0f} bytes to a session's trail: after {LIFE:.0f} s")
    for what, rate in (("at this rate", plan.rate), ("at the most polls that one core can make", core)):
        later = peak + max(0.0, rate * LIFE - found.polls) * entry / 2**20
        print(f"  {what + f' ({rate:.0f}/s)':<48}  {later:>6.1f} MB")


def report_parts(plan: Plan, found: Found) -> None:
    """Say what a poll's CPU is spent on; the stopwatch's own cost is in each part."""
    whole = found.cpu[STOPWATCH]
    rest = "all else: threads, interpreter, signs of life"
    parts = found.parts | {rest: whole - sum(found.parts.values())}
    print(f"\n{f'a poll with {plan.many:,} waiting, by part':<47}  {whole:>8.0f}")
    for name, cost in sorted(parts.items(), key=lambda part: -part[1]):
        print(f"  {name:<45}  {cost:>8.1f}")
    colder = found.parts[CALL] - found.cpu[LOOPS["watcher"]]
    print(f"botocore takes {colder:+.0f} us against its bare loop: the same code, in the middle of other work")


def verdict(what: str, value: float, bar: float, unit: str) -> None:
    print(f"{'met' if value <= bar else 'MISSED'}: {what}: {value:.2f} of {bar:g}{unit}")


def trail_entry() -> float:
    """Bytes that one poll adds to a session."""
    sessions = [make_session(number) for number in range(100)]
    tracemalloc.start()
    for number, session in enumerate(sessions):
        for poll in range(100):
            session.note_poll(number + poll / 7, "in_progress", poll / 70, wait=poll / 3)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 10_000


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a minute instead of three; fewer sessions")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
