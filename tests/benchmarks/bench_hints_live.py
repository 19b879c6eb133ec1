"""The watcher with hints in real time: `python tests/benchmarks/bench_hints_live.py [--seconds N] [--flood N]`.

The real command, an SQLite queue and a local endpoint with a quota of 25 calls a second. Four sessions a second begin
and last log-normally (median 20 s, sigma 0.5; one in ten never ends). S3's messages on the queue announce 95 % of the
ends. Beside it a back end as everyone writes it, which asks once when a hint comes. Measured once the schedule has
seen some 500 sessions.

With `--flood N`, as many seconds follow in which N false hints a second come: equally many for an eighth of the
sessions, for ids that nobody knows, and for sessions that are decided. The other sessions are compared.
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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest.mock import patch
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

import boto3

from tests.moto import CREDENTIALS
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import Scenario, SessionScript, Simulator
from watcher.simulator.hints import HintKind, HintSettings
from watcher.util.clock import SystemClock

QUOTA, PER_SECOND, MEDIAN, SIGMA, NEVER, SHARE = 25.0, 4.0, 20.0, 0.5, 0.1, 0.95
WARM_UP = 150.0
"""Seconds until the schedule has seen some 500 sessions."""

HINTED = Scenario(hints=HintSettings(HintKind.S3, share=SHARE))

CONFIG = """
[aws]
endpoint_url = "{url}"
region = "us-east-1"
[queue]
url = "sqlite:///{folder}/watcher.db"
[http]
port = 0
[log]
level = "error"
[[sinks]]
name = "decisions"
type = "file"
path = "{folder}/decisions.jsonl"
"""


NOTIFICATION = (
    '{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"liveness-images"},'
    '"object":{"key":"%s/reference.jpg"}}}]}'
)

Ends = dict[str, tuple[float, float]]
"""By session: when it was created, and when it ends (epoch; inf: never)."""

Events = dict[str, dict[str, Any]]
"""The decisions, by session."""


class HintOnly:
    """A back end that asks once, when the hint comes."""

    def __init__(self) -> None:
        self.decided: dict[str, float] = {}
        self.calls = 0
        self._pool = ThreadPoolExecutor(8)
        self.simulator = Simulator(HINTED, rate_limit=QUOTA, send_hints=self._hinted, seed=1)
        self._client: Any = boto3.client("rekognition", endpoint_url=self.simulator.url, region_name="us-east-1")

    def _hinted(self, bodies: Sequence[str]) -> None:
        for body in bodies:
            key = json.loads(body)["Records"][0]["s3"]["object"]["key"]
            self._pool.submit(self._ask, next(part for part in key.split("/") if len(part) == 36))

    def _ask(self, session_id: str) -> None:
        self.calls += 1
        if self._client.get_face_liveness_session_results(SessionId=session_id)["Status"] == "SUCCEEDED":
            self.decided.setdefault(session_id, time.time())


class Flood:
    """S3's notifications, all false: as many for some sessions, for decided ones, and for made-up ids."""

    def __init__(self, queue: SqliteQueue, per_second: int, ends: Ends, decisions: Path) -> None:
        self._queue, self._per_second, self._ends, self._decisions = queue, per_second, ends, decisions
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self.sent = 0

    @staticmethod
    def is_target(session_id: str) -> bool:
        """Whether it is one of the sessions that false hints name: an eighth."""
        return session_id[0] in "01"

    def start(self) -> None:
        self._decided = list(events(self._decisions))
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread.ident:
            self._thread.join()

    def _run(self) -> None:
        at, chance = time.monotonic(), random.Random(1)
        while not self._stop.wait(max(0.0, at - time.monotonic())):
            at, now = at + 0.1, time.time()
            recent = [one for one, (created, _) in list(self._ends.items()) if created > now - 60]
            known = [one for one in recent if self.is_target(one)]
            third = self._per_second // 30
            ids = [*chance.choices(known, k=third), *chance.choices(self._decided, k=third)]
            ids += [str(UUID(int=chance.getrandbits(128))) for _ in range(third)]
            self._queue.send([NOTIFICATION % one for one in ids])
            self.sent += len(ids)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240.0, help="seconds of sessions that are measured")
    parser.add_argument("--flood", type=int, default=0, metavar="N", help="false hints a second, later")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, CREDENTIALS):
        queue = SqliteQueue(Path(folder) / "watcher.db", 60.0, SystemClock())
        other = HintOnly()
        with closing(queue), Simulator(HINTED, rate_limit=QUOTA, send_hints=queue.send, seed=1) as simulator:
            config = Path(folder) / "watcher.toml"
            config.write_text(CONFIG.format(url=simulator.url, folder=folder))
            daemon = subprocess.Popen([sys.executable, "-m", "watcher", "run", "--config", str(config)])
            ends, decisions = Ends(), Path(folder) / "decisions.jsonl"
            feed([simulator, other.simulator], queue, WARM_UP + options.seconds, ends)
            calm, memory, flood = len(ends), resident(daemon.pid), Flood(queue, options.flood, ends, decisions)
            if options.flood:
                flood.start()
                feed([simulator, other.simulator], queue, options.seconds, ends)
                grown, depth = resident(daemon.pid) - memory, queue.depth().visible
                flood.end()
            wait_for_decisions(decisions, len(ends))
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
            found = events(decisions)
            show(dict(list(ends.items())[:calm]), found, other)
            if options.flood:
                show_flood(ends, calm, found)
                print(f"{flood.sent / options.seconds:.0f} false hints a second, {depth} left; {grown:+.0f} MB")


def feed(simulators: Sequence[Simulator], queue: SqliteQueue, seconds: float, ends: Ends) -> None:
    """Begin sessions for so long, noted in `ends`."""
    chance = random.Random(len(ends))
    begun = at = time.monotonic()
    while at < begun + seconds:
        at += chance.expovariate(PER_SECOND)
        time.sleep(max(0.0, at - time.monotonic()))
        lasts = chance.lognormvariate(0.0, SIGMA) * MEDIAN
        is_over = chance.random() >= NEVER and lasts < 175.0
        script = SessionScript(
            ending="SUCCEEDED" if is_over else "IN_PROGRESS", created_for=2.0, in_progress_for=max(0.1, lasts - 2.0)
        )
        session_id = simulators[0].create_session(script, bucket="liveness-images")
        for simulator in simulators[1:]:
            simulator.create_session(script, session_id=session_id, bucket="liveness-images")
        now = time.time()
        ends[session_id] = now, now + lasts if is_over else float("inf")
        queue.send([json.dumps({"sessionId": session_id})])


def resident(pid: int) -> float:
    """The memory of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def wait_for_decisions(path: Path, number: int) -> None:
    until = time.monotonic() + 200.0
    while time.monotonic() < until and len(events(path)) < number:
        time.sleep(1.0)


def events(path: Path) -> Events:
    """The decisions, by session id."""
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {event["data"]["sessionId"]: event for event in found}


def show(ends: Ends, found: Events, other: HintOnly) -> None:
    first = min(created for created, _ in ends.values()) + WARM_UP
    chosen = {session_id: end for session_id, (created, end) in ends.items() if created >= first}
    over = {session_id: end for session_id, end in chosen.items() if end < float("inf")}
    delays = delays_of(over, found)
    polls = sum(found[one]["data"]["polls"] for one in chosen) / len(chosen)
    lost = len(ends.keys() - found.keys())
    print(f"{len(chosen)} sessions, {len(over)} of them ended, after {len(ends) - len(chosen)} to learn from")
    print(f"{'':<24} calls/decision   p50 s   p95 s  undecided")
    print(f"{'watcher run':<24} {polls:14.2f} {at(delays, 0.5):7.2f} {at(delays, 0.95):7.2f} {lost:10}")
    alone = sorted(other.decided[one] - end for one, end in over.items() if one in other.decided)
    missed = len(over) - len(alone)
    calls = other.calls / len(ends)
    print(
        f"{'one call with the hint':<24} {calls:14.2f} {at(alone, 0.5):7.2f} {at(alone, 0.95):7.2f} {missed:10}"
        f" ({missed / len(over):.1%} of those that ended)"
    )


def show_flood(ends: Ends, calm: int, found: Events) -> None:
    """The sessions that no false hint names, without and with a flood."""
    first = min(created for created, _ in ends.values()) + WARM_UP
    for label, part in (("the others, calm", list(ends.items())[:calm]), ("in the flood", list(ends.items())[calm:])):
        over = {
            one: end
            for one, (created, end) in part
            if created >= first and end < float("inf") and not Flood.is_target(one)
        }
        delays = delays_of(over, found)
        print(f"{label:<24} {len(over):5} sessions {at(delays, 0.5):7.2f} {at(delays, 0.95):7.2f}")


def delays_of(over: dict[str, float], found: Events) -> Sequence[float]:
    """Seconds from the end of these sessions to their decisions, sorted."""
    return sorted(datetime.fromisoformat(found[one]["time"]).timestamp() - end for one, end in over.items())


def at(delays: Sequence[float], share: float) -> float:
    return delays[min(len(delays) - 1, int(share * len(delays)))]


if __name__ == "__main__":
    main()
