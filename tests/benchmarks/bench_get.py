"""How long one call takes, start to exit: `python tests/benchmarks/bench_get.py [--aws PATH] [--runs N]`.

`watcher get` and the real `aws` (AWS CLI v1: `--aws`, `$WATCHER_TEST_AWSCLI`, or the one on the path) ask the same
local endpoint in turns, each in a process of its own, with the same answer in the same form. Beside them, as the
floor, an interpreter that does nothing. Wall time and CPU time; the bar is on the medians of both.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

BAR = 2.0
"""The issue's bar: at least twice as fast as `aws`."""

ROOT = Path(__file__).parents[2]
SESSION_ID = "3f1d7e9a-0c52-4b8e-9d7f-2a6b1c0e4d5f"
NAME = "get-face-liveness-session-results"
IMAGE = {"S3Object": {"Bucket": "amzn-s3-demo-bucket", "Name": "reference.jpg"}}
ANSWER = {"SessionId": SESSION_ID, "Status": "SUCCEEDED", "Confidence": 97.3, "ReferenceImage": IMAGE}


class Cost(NamedTuple):
    """What one process took, in seconds."""

    wall: float
    cpu: float


class Handler(BaseHTTPRequestHandler):
    """Gives the one answer."""

    protocol_version = "HTTP/1.1"
    body = json.dumps(ANSWER).encode()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(command: Sequence[str], environment: dict[str, str]) -> tuple[Cost, bytes]:
    """One process from start to exit, and what it printed."""
    before, begun = cpu_of_children(), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True, timeout=60)
    return Cost(time.perf_counter() - begun, cpu_of_children() - before), done.stdout


def commands(aws: str, url: str) -> dict[str, list[str]]:
    """What is compared. The watcher starts as its installed command does: through its entry point."""
    call = ["--session-id", SESSION_ID, "--endpoint-url", url]
    entry = "import sys; from watcher.__main__ import main; sys.argv[0] = 'watcher'; sys.exit(main())"
    return {
        "python": [sys.executable, "-c", "pass"],
        "watcher get": [sys.executable, "-c", entry, "get", *call],
        "aws": [aws, "rekognition", NAME, *call],
    }


def compare(aws: str, runs: int, url: str) -> dict[str, list[Cost]]:
    """Costs by name; the first round warms the caches and doesn't count."""
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "AWS_ACCESS_KEY_ID": "A",
            "AWS_SECRET_ACCESS_KEY": "B",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for number in range(runs + 1):
            printed = set()
            for name, command in commands(aws, url).items():
                cost, output = measure(command, environment)
                if number:
                    costs.setdefault(name, []).append(cost)
                if name != "python":
                    printed.add(output)
            if len(printed) != 1:
                sys.exit("the two did not print the same")
    return costs


def report(costs: dict[str, list[Cost]]) -> bool:
    """Print the table; whether the bar is met."""
    print(f"{'':12} {'wall median':>12} {'wall least':>12} {'CPU median':>12}   (ms)")
    for name, found in costs.items():
        wall, least = median(cost.wall for cost in found), min(cost.wall for cost in found)
        print(f"{name:12} {wall * 1e3:12.0f} {least * 1e3:12.0f} {median(cost.cpu for cost in found) * 1e3:12.0f}")

    def ratio(part: str) -> float:
        aws, ours = (median(getattr(cost, part) for cost in costs[name]) for name in ("aws", "watcher get"))
        return float(aws / ours)

    wall, cpu = ratio("wall"), ratio("cpu")
    print(f"watcher get is {wall:.2f} times as fast as aws (CPU time: {cpu:.2f}); the bar is {BAR}")
    return min(wall, cpu) >= BAR


def main() -> None:
    """Run, report, and fail below the bar."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--aws", default=os.environ.get("WATCHER_TEST_AWSCLI") or shutil.which("aws"))
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    if not options.aws:
        sys.exit("no AWS CLI: give --aws PATH")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        is_met = report(compare(options.aws, options.runs, f"http://127.0.0.1:{server.server_port}"))
    finally:
        server.shutdown()
        server.server_close()
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
