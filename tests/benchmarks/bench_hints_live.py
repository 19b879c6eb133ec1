"""The watcher with hints in real time: `python tests/benchmarks/bench_hints_live.py [--seconds N]`.

The real command, an SQLite queue and a local endpoint with a quota of 25 calls a second. Four sessions a second begin
and last log-normally (median 20 s, sigma 0.5; one in ten never ends). S3's messages on the queue announce 95 % of the
ends. Beside it a back end as everyone writes it, which asks once when a hint comes. Measured once the schedule has
seen some 500 sessions.
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
from typing import Any
from unittest.mock import patch

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


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240.0, help="seconds of sessions that are measured")
    seconds = parser.parse_args(arguments).seconds
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, CREDENTIALS):
        queue = SqliteQueue(Path(folder) / "watcher.db", 60.0, SystemClock())
        other = HintOnly()
        with closing(queue), Simulator(HINTED, rate_limit=QUOTA, send_hints=queue.send, seed=1) as simulator:
            config = Path(folder) / "watcher.toml"
            config.write_text(CONFIG.format(url=simulator.url, folder=folder))
            daemon = subprocess.Popen([sys.executable, "-m", "watcher", "run", "--config", str(config)])
            ends = feed([simulator, other.simulator], queue, WARM_UP + seconds)
            wait_for_decisions(Path(folder) / "decisions.jsonl", len(ends))
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
            show(ends, events(Path(folder) / "decisions.jsonl"), other)


def feed(simulators: Sequence[Simulator], queue: SqliteQueue, seconds: float) -> dict[str, tuple[float, float]]:
    """Begin sessions for so long; returns when each was created, and when it ends (epoch; inf: never)."""
    chance, ends = random.Random(1), dict[str, tuple[float, float]]()
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
    return ends


def wait_for_decisions(path: Path, number: int) -> None:
    until = time.monotonic() + 200.0
    while time.monotonic() < until and len(events(path)) < number:
        time.sleep(1.0)


def events(path: Path) -> dict[str, dict[str, Any]]:
    """The decisions, by session id."""
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {event["data"]["sessionId"]: event for event in found}


def show(ends: dict[str, tuple[float, float]], found: dict[str, dict[str, Any]], other: HintOnly) -> None:
    first = min(created for created, _ in ends.values()) + WARM_UP
    chosen = {session_id: end for session_id, (created, end) in ends.items() if created >= first}
    over = {session_id: end for session_id, end in chosen.items() if end < float("inf")}
    delays = sorted(datetime.fromisoformat(found[one]["time"]).timestamp() - end for one, end in over.items())
    polls = sum(found[one]["data"]["polls"] for one in chosen) / len(chosen)
    lost = len(ends) - len(found)
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


def at(delays: Sequence[float], share: float) -> float:
    return delays[min(len(delays) - 1, int(share * len(delays)))]


if __name__ == "__main__":
    main()
