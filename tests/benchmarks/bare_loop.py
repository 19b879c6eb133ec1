"""The least that polling can cost: threads that call GetFaceLivenessSessionResults, and nothing else.

Started by bench_watcher.py and bench_calls.py as a process of its own. For each line on stdin it prints how many
calls it has made.
"""

import argparse
import sys
import threading
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from watcher.config import AwsSettings
from watcher.rekognition import build_client


def main() -> None:
    options = parse()
    client = make_client(options.client, options.url, options.threads)
    ids = options.ids.read_text().split()
    calls = [0] * options.threads
    step = options.threads / options.rate if options.rate else 0.0

    def loop(number: int) -> None:
        due = time.monotonic() + step * number / options.threads
        for session_id in cycle(ids[number :: options.threads]):
            if step:
                time.sleep(max(0.0, due - time.monotonic()))
            client.get_face_liveness_session_results(SessionId=session_id)
            calls[number] += 1
            due = max(due + step, time.monotonic())  # what was missed while the process stood still stays missed

    for number in range(options.threads):
        threading.Thread(target=loop, args=(number,), daemon=True).start()
    for _ in sys.stdin:
        print(sum(calls), flush=True)


def make_client(kind: str, url: str, threads: int) -> Any:
    """`plain`: boto3's own client with one attempt a call; `watcher`: the watcher's, its calls bounded in time."""
    if kind == "watcher":
        return build_client(AwsSettings(endpoint_url=url), concurrency=threads)
    config = Config(max_pool_connections=threads, retries={"total_max_attempts": 1, "mode": "standard"})
    return boto3.client("rekognition", region_name="us-east-1", endpoint_url=url, config=config)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", choices=["plain", "watcher"], required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--ids", type=Path, required=True, help="file of session ids")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="calls a second, of all threads; 0: no limit")
    return parser.parse_args()


if __name__ == "__main__":
    main()
