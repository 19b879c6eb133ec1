"""What a queue of SQS costs a session, in calls and in CPU: `bench_sqs.py [--quick] [--true-time] [--rates 10,25]`.

The real `watcher run` takes sessions off a light stand-in for SQS, which counts the calls. They come in a steady
stream, one by one, so that nothing but the watcher makes batches of them. Time runs ten times as fast as in life for
sessions and leases: in life they last 5 to 35 seconds, and their leases 60. So extensions are dearer than in life,
where ten times as many leases share their calls: `--true-time` takes minutes, and measures just that. In the same
seconds a bare loop of boto3 calls polls: what a poll costs there is the bar for the CPU of a session's queue side.
"""

import argparse
import http.client
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.bench_watcher import verdict
from tests.benchmarks.processes import (
    WATCHER,
    BareLoop,
    Contestant,
    Load,
    cpu_seconds,
    create_sessions,
    first_line,
    simulator,
    spawn,
    wait_until,
)

BAR_CALLS = 0.35
"""SQS calls a session when busy, at most. The other bar is the CPU of one poll."""

TIME_SCALE = 10
SESSION_TIME, LEASE_TIME, TRUE_SECONDS = (5, 35), 60, 60.0
SCENARIO = """[[endings]]
name = "live"
created_for = 0
in_progress_for = { uniform = [5, 35] }
"""

SETTINGS = """[aws]
endpoint_url = "{endpoint}"
[queue]
url = "{sqs}/000000000000/sessions"
type = "sqs"
visibility_timeout = {lease:g}
[polling]
min_interval = {min_interval:g}
max_interval = {max_interval:g}
[ledger]
url = "sqlite:///{folder}/ledger.db"
[[sinks]]
type = "file"
path = "{folder}/decisions"
[http]
port = 0
[log]
format = "json"
"""

PRODUCER = "SendMessageBatch"
WARM_UP = 30
POLLS = Load(rate=200.0, threads=16, lease=300.0)
"""The bare loop of bench_watcher.py."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Streams that are measured one after the other: sessions a second of each, the busy one last, and seconds.

    `time_scale`: how many times as fast as in life sessions and leases end.
    """

    rates: Sequence[float]
    seconds: float
    time_scale: float = TIME_SCALE


@dataclass(frozen=True, slots=True)
class Found:
    """SQS calls a session by operation, of each stream; of the last one CPU microseconds a session by part, and a
    poll's."""

    calls: list[dict[str, float]]
    parts: dict[str, float]
    poll: float


class Sqs(Contestant):
    """See light_sqs.py."""

    def __init__(self) -> None:
        super().__init__("SQS", spawn([sys.executable, str(Path(__file__).with_name("light_sqs.py"))]))
        self.url = first_line(self.process)
        self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc)

    def send(self, session_id: str) -> None:
        """One message."""
        entries = [{"Id": "0", "MessageBody": session_id}]
        body = json.dumps({"QueueUrl": f"{self.url}/000000000000/sessions", "Entries": entries})
        self._connection.request("POST", "/", body, {"X-Amz-Target": f"AmazonSQS.{PRODUCER}"})
        self._connection.getresponse().read()

    def report(self) -> Counter[str]:
        """Calls so far by operation, the producer's left out, and `left`: messages not deleted yet."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        report: Counter[str] = Counter(json.loads(self._line()))
        del report[PRODUCER]
        return report

    def end(self) -> None:
        self._connection.close()
        super().end()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


class SqsRun(Contestant):
    """`watcher run` with a stopwatch on its queue side; see instrumented_sqs.py."""

    def __init__(self, endpoint: str, sqs: str, folder: Path, time_scale: float) -> None:
        self._spent = folder / "spent.json"
        config, log = folder / "watcher.toml", folder / "log"
        scaled = {"lease": LEASE_TIME / time_scale, "min_interval": 3 / time_scale, "max_interval": 10 / time_scale}
        config.write_text(SETTINGS.format(endpoint=endpoint, sqs=sqs, folder=folder, **scaled))
        script = str(Path(__file__).with_name("instrumented_sqs.py"))
        command = [sys.executable, script, str(self._spent), "run", "--config", str(config)]
        with log.open("w") as stderr:
            super().__init__("watcher", spawn(command, stderr.fileno()))
        wait_until(lambda: '"started"' in log.read_text(), self.process)

    def reset(self) -> None:
        """Set the stopwatch back."""
        self.process.send_signal(signal.SIGUSR1)

    def parts(self) -> dict[str, float]:
        """CPU seconds by part, once it has ended."""
        spent: dict[str, float] = json.loads(self._spent.read_text())
        return spent


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    seconds = TRUE_SECONDS if options.true_time else 6.0 if options.quick else 15.0
    plan = Plan(options.rates or ((50,) if options.quick else (5, 10, 25, 50)), seconds)
    plan = replace(plan, time_scale=1) if options.true_time else plan
    report(plan, measure(plan))


def measure(plan: Plan) -> Found:
    with tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        folder = Path(place)
        sqs = Sqs()
        opened.callback(sqs.end)
        waiting = opened.enter_context(simulator(folder))
        loop = BareLoop("plain", waiting, create_sessions(waiting, 100), POLLS, folder)
        opened.callback(loop.end)
        endpoint = opened.enter_context(sessions(folder, plan.time_scale))
        run = SqsRun(endpoint, sqs.url, folder, plan.time_scale)
        opened.callback(run.end)
        stream(sqs, endpoint, WARM_UP, max(plan.rates))
        calls = [stream(sqs, endpoint, round(rate * plan.seconds), rate) for rate in plan.rates[:-1]]
        rate = plan.rates[-1]
        count = round(rate * plan.seconds)
        run.reset()
        polls, cpu = loop.polls(), cpu_seconds(loop.process.pid)
        calls.append(stream(sqs, endpoint, count, rate))
        poll = (cpu_seconds(loop.process.pid) - cpu) / (loop.polls() - polls)
        run.end()
        parts = {part: seconds / count * 1e6 for part, seconds in run.parts().items()}
        return Found(calls, parts, poll * 1e6)


def stream(sqs: Sqs, endpoint: str, count: int, rate: float) -> dict[str, float]:
    """Let `count` sessions come, and wait until all are done with; returns SQS calls a session by operation."""
    before, begun = sqs.report(), time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        sqs.send(*create_sessions(endpoint, 1))
    wait_until(lambda: not sqs.report()["left"], sqs.process)
    after = sqs.report()
    return {operation: (after[operation] - before[operation]) / count for operation in after if operation != "left"}


@contextmanager
def sessions(folder: Path, time_scale: float) -> Iterator[str]:
    """A Rekognition endpoint whose sessions end."""
    scenario = folder / "sessions.toml"
    scenario.write_text(SCENARIO)
    options = ["--scenario", str(scenario), "--time-scale", str(time_scale)]
    endpoint = Contestant("sessions", spawn([*WATCHER, "simulate", *options]))
    try:
        yield first_line(endpoint.process)
    finally:
        endpoint.end()


def report(plan: Plan, found: Found) -> None:
    first, last, lease = (seconds / plan.time_scale for seconds in (*SESSION_TIME, LEASE_TIME))
    print(f"{plan.seconds:.0f} s of sessions, each lives for {first:g} to {last:g} s, under a lease of {lease:g} s\n")
    print(f"{'SQS calls a session':<32}" + "".join(f"{f'{rate:g}/s':>9}" for rate in plan.rates))
    for operation in sorted({name for calls in found.calls for name in calls}):
        print(f"  {operation:<30}" + "".join(f"{calls.get(operation, 0.0):>9.3f}" for calls in found.calls))
    totals = [sum(calls.values()) for calls in found.calls]
    print(f"  {'all':<30}" + "".join(f"{total:>9.3f}" for total in totals))
    verdict(f"SQS calls a session at {plan.rates[-1]:g}/s", totals[-1], BAR_CALLS, "")
    print(f"\n{f'CPU us a session at {plan.rates[-1]:g}/s, queue side':<40}")
    for part, cost in sorted(found.parts.items(), key=lambda item: -item[1]):
        print(f"  {part:<38}{cost:>9.0f}")
    whole = sum(found.parts.values())
    print(f"  {'all':<38}{whole:>9.0f}\n  {'one poll: boto3 in a bare loop':<38}{found.poll:>9.0f}")
    verdict("CPU of a session's queue side, against one poll", whole / found.poll, 1.0, "")


def rates(text: str) -> tuple[float, ...]:
    return tuple(float(rate) for rate in text.split(","))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a minute instead of two; the busy stream only")
    parser.add_argument("--true-time", action="store_true", help="sessions and leases that last as long as in life")
    parser.add_argument("--rates", type=rates, help="sessions a second, one stream after the other")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
