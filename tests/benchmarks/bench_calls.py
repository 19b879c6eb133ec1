"""How many calls a second, and CPU a call: `python tests/benchmarks/bench_calls.py [--quick] [--aiobotocore PYTHON]`.

The whole watcher (queue, schedule, decision, ledger, log, metrics, sink) beside bare loops of the same call: stock
boto3 in threads, the watcher's own client in threads, and aiobotocore in tasks, if a Python that has it is given.
All against one local endpoint that answers after 50 ms, in turns, each in a process of its own; calls are counted by
the endpoint. Small answers: a session lasts some seconds, and so a few polls. Large ones: each poll ends its session,
with five images inline, a megabyte in all, which the watcher has to hash. Whatever else the machine does falls on all
of them, but not evenly: on a busy machine CPU a call is the figure to trust. `cores` are those that were busy, the
endpoint's among them: where one process takes more than half of the machine, two can't do twice as much.

Our own code is measured twice. Inside: all CPU of a whole watcher less what its threads spend in botocore's call. And
as the difference to the watcher's client alone: that counts, too, what botocore's call takes longer for the caches it
shares with the rest.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.instrumented import CALL, POLLS
from tests.benchmarks.processes import PATIENCE, WATCHER, cpu_seconds, spawn
from tests.benchmarks.service import Endpoint, end, endpoint
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.util.clock import SystemClock

HERE = Path(__file__).parent
STOCK, STOCK_MORE, OWN = "boto3, 32 threads", "boto3, 64 threads", "the watcher's client, 64 threads"
AIO, ONE, TWO = "aiobotocore, 64 tasks", "watcher run, concurrency 64", "two of it"
INSIDE = "our own code, inside of it"
BARS = {"small": 1.4, "large": 2.0}
"""Calls a second against stock boto3 with 32 threads."""
BAR_TWO = 1.6
BAR_OWN = 100.0
"""Microseconds of CPU a poll that is no part of the call itself."""

WATCHED = 1500
"""Sessions at once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds of all contestants; of each turn the first calls and seconds, that don't count, and those that do."""

    rounds: int = 5
    warm_up: float = 1.5
    seconds: float = 3.0
    first: int = 1000
    sessions: int = 9000


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one turn."""

    calls: float
    cpu: float
    cores: float
    """Calls a second, CPU microseconds a call, and cores that were busy, the endpoint's among them."""


Contestant = Callable[[str, Sequence[str], Path], list[subprocess.Popen[str]]]
"""Starts processes that poll the URL for these sessions, with a folder of their own."""

TIMES = "times.json"
"""In that folder: what a stopwatch leaves there."""


def loop(kind: str, threads: int) -> Contestant:
    def start(url: str, ids: Sequence[str], folder: Path) -> list[subprocess.Popen[str]]:
        (folder / "ids").write_text("\n".join(ids[:WATCHED]))
        words = ["--client", kind, "--threads", str(threads), "--rate", "0", "--url", url, "--ids", folder / "ids"]
        return [spawn([sys.executable, str(HERE / "bare_loop.py"), *map(str, words)])]

    return start


def aiobotocore(python: str) -> Contestant:
    def start(url: str, ids: Sequence[str], folder: Path) -> list[subprocess.Popen[str]]:
        (folder / "ids").write_text("\n".join(ids[:WATCHED]))
        words = ["--tasks", "64", "--url", url, "--ids", str(folder / "ids")]
        return [spawn([python, str(HERE / "aiobotocore_loop.py"), *words])]

    return start


def watchers(count: int, *, timed: bool = False) -> Contestant:
    """So many processes that share one SQLite queue; `timed`: with a stopwatch on their calls."""

    def start(url: str, ids: Sequence[str], folder: Path) -> list[subprocess.Popen[str]]:
        queue = SqliteQueue(folder / "watcher.db", 300.0, SystemClock())
        queue.send(ids)
        queue.close()
        (folder / "watcher.toml").write_text(settings(url, folder))
        with (folder / "log").open("w") as log:
            command = [sys.executable, str(HERE / "instrumented_calls.py"), str(folder / TIMES)] if timed else WATCHER
            words = [*command, "run", "--config", str(folder / "watcher.toml")]
            return [spawn(words, log.fileno()) for _ in range(count)]

    return start


def settings(url: str, folder: Path) -> str:
    """Waits so short that CPU and concurrency are what limits; the learned schedule would make few calls."""
    return f"""[aws]
endpoint_url = "{url}"
[queue]
url = "sqlite:///{folder / "watcher.db"}"
visibility_timeout = 300
max_in_flight = {WATCHED}
[polling]
strategy = "backoff"
min_interval = 0.1
max_interval = 1.0
concurrency = 64
max_rate = 3000
[[sinks]]
type = "file"
path = "{folder / "decisions"}"
[http]
port = 0
[log]
format = "json"
"""


def take_turn(name: str, start: Contestant, service: Endpoint, plan: Plan) -> Turn:
    """Start it, let it warm up, measure, end it."""
    chance = random.Random()
    ids = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(plan.sessions)]
    with tempfile.TemporaryDirectory() as folder:
        before = service.calls()
        processes = start(service.url, ids, Path(folder))
        try:
            until = time.monotonic() + PATIENCE
            while service.calls() < before + plan.first:
                if time.monotonic() > until or any(process.poll() is not None for process in processes):
                    raise SystemExit(f"{processes[0].args!r} does not poll")
                time.sleep(0.1)
            time.sleep(plan.warm_up)
            if name == INSIDE:
                return measure_inside(processes[0], Path(folder) / TIMES, service, plan.seconds)
            return measure(processes, service, plan.seconds)
        finally:
            for process in processes:
                end(process)


def measure(processes: list[subprocess.Popen[str]], service: Endpoint, seconds: float) -> Turn:
    def look() -> tuple[float, int, float, float]:
        own, others = sum(cpu_seconds(process.pid) for process in processes), cpu_seconds(service.pid)
        return time.monotonic(), service.calls(), own, others

    before = look()
    time.sleep(seconds)
    took, made, cpu, others = (then - now for then, now in zip(look(), before, strict=True))
    return Turn(made / took, cpu / max(1, made) * 1e6, (cpu + others) / took)


def measure_inside(process: subprocess.Popen[str], times: Path, service: Endpoint, seconds: float) -> Turn:
    """The CPU of a watcher without that of its calls, which a stopwatch takes from here to its end."""
    process.send_signal(signal.SIGUSR1)
    turn = measure([process], service, seconds)
    process.terminate()
    process.wait(PATIENCE)
    spent = json.loads(times.read_text())
    return Turn(turn.calls, turn.cpu - spent[CALL] / spent[POLLS] * 1e6, turn.cores)


def compare(size: str, contestants: dict[str, Contestant], plan: Plan) -> dict[str, Turn]:
    """The median turn of each."""
    turns: dict[str, list[Turn]] = {name: [] for name in contestants}
    with endpoint(size) as service:
        for _ in range(plan.rounds):
            for name in random.sample(list(contestants), len(contestants)):
                turns[name].append(take_turn(name, contestants[name], service, plan))
    return {name: middle(of) for name, of in turns.items()}


def middle(turns: Sequence[Turn]) -> Turn:
    """The median of each figure."""
    calls, cpu, cores = ([getattr(turn, name) for turn in turns] for name in ("calls", "cpu", "cores"))
    return Turn(median(calls), median(cpu), median(cores))


def report(size: str, found: dict[str, Turn]) -> None:
    head = f"{size} answers, 50 ms"
    print(f"\n{head:<36}  {'calls/s':>8}  {'of boto3':>8}  {'CPU us a call':>13}  {'of boto3':>8}  {'cores':>5}")
    stock = found[STOCK]
    for name, turn in found.items():
        if name == INSIDE:
            continue
        calls, cpu = turn.calls / stock.calls, turn.cpu / stock.cpu
        print(f"{name:<36}  {turn.calls:>8.0f}  {calls:>8.2f}  {turn.cpu:>13.0f}  {cpu:>8.2f}  {turn.cores:>5.2f}")
    if AIO not in found:
        print(f"{AIO:<36}  not measured: give a Python that has it with --aiobotocore")
    verdict("calls a second against boto3 with 32 threads", found[ONE].calls / stock.calls, BARS[size])
    if AIO in found:
        verdict("calls a second against aiobotocore", found[ONE].calls / found[AIO].calls, 1.0)
    verdict("two processes against one", found[TWO].calls / found[ONE].calls, BAR_TWO)
    if size == "small":
        own = found[INSIDE].cpu
        print(f"{'met' if own <= BAR_OWN else 'MISSED'}: our own code, inside: {own:.0f} of {BAR_OWN:.0f} us a poll")
        print(f"its difference to the client alone: {found[ONE].cpu - found[OWN].cpu:.0f} us")


def verdict(what: str, value: float, bar: float) -> None:
    print(f"{'met' if value >= bar else 'MISSED'}: {what}: {value:.2f} of {bar:g}")


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    plan = Plan(rounds=1, warm_up=0.5, seconds=1.0, first=100, sessions=4000) if options.quick else Plan()
    contestants = {
        STOCK: loop("plain", 32),
        STOCK_MORE: loop("plain", 64),
        OWN: loop("watcher", 64),
        ONE: watchers(1),
        TWO: watchers(2),
    }
    if options.aiobotocore:
        contestants[AIO] = aiobotocore(options.aiobotocore)
    for size in options.size or BARS:
        report(size, compare(size, contestants | inside(size), plan))


def inside(size: str) -> dict[str, Contestant]:
    """The watcher with a stopwatch on its calls. With large answers, what they cost hides our own code."""
    return {INSIDE: watchers(1, timed=True)} if size == "small" else {}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--size", choices=list(BARS), action="append", help="answers of this size only")
    parser.add_argument("--aiobotocore", default=os.environ.get("WATCHER_BENCH_AIOBOTOCORE"), metavar="PYTHON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
