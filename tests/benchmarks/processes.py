"""The processes that bench_watcher.py measures, and how it looks into them."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from watcher.clock import SystemClock
from watcher.queues.sqlite import SqliteQueue

WATCHER = [sys.executable, "-m", "watcher"]
PATIENCE = 60.0
"""Seconds for a process to get where it should be."""

SCENARIO = """[[endings]]
name = "waiting"
status = "IN_PROGRESS"
created_for = 0
"""


@dataclass(frozen=True, slots=True)
class Load:
    """How hard everything is polled: calls a second, threads, seconds of a lease, seconds of measurement."""

    rate: float
    threads: int
    lease: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen of a daemon: polls and CPU seconds in the window, memory in MB at its end."""

    polls: float
    cpu: float
    rss: float
    peak: float
    pss: float

    @property
    def microseconds(self) -> float:
        """CPU time of one poll."""
        return self.cpu / self.polls * 1e6


def environment() -> dict[str, str]:
    """Made-up credentials, and nothing of this machine's AWS configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHER_"))}
    made_up = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true"}
    return kept | made_up | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "*"}


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """A Rekognition endpoint whose sessions stay IN_PROGRESS for five hours."""
    scenario = folder / "scenario.toml"
    scenario.write_text(SCENARIO)
    command = [*WATCHER, "simulate", "--scenario", str(scenario), "--time-scale", "0.01"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def create_sessions(url: str, count: int) -> list[str]:
    """New sessions, over one connection and without an SDK, which would take most of the time."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {"X-Amz-Target": "RekognitionService.CreateFaceLivenessSession"}
    ids = []
    for _ in range(count):
        connection.request("POST", "/", "{}", headers)
        ids.append(json.loads(connection.getresponse().read())["SessionId"])
    connection.close()
    return ids


def bare_loop(client: str, url: str, ids: Sequence[str], load: Load, folder: Path) -> float:
    """CPU microseconds of one call in a loop that does nothing else; see bare_loop.py."""
    names = folder / "ids"
    names.write_text("\n".join(ids))
    options = {"client": client, "url": url, "ids": names, "threads": load.threads, "rate": load.rate}
    options |= {"warm": 1.5, "seconds": load.seconds}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, str(Path(__file__).with_name("bare_loop.py")), *words]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment()).stdout)
    return float(answer["cpu"] / answer["calls"] * 1e6)


def daemon(url: str, ids: Sequence[str], load: Load, folder: Path) -> Sample:
    """A daemon of its own with all of `ids` waiting, seen for `load.seconds`."""
    queue = SqliteQueue(folder / "watcher.db", load.lease, SystemClock())
    queue.send(ids)
    queue.close()
    config = folder / "watcher.toml"
    config.write_text(settings(url, len(ids), load, folder))
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen([*WATCHER, "run", "--config", str(config)], stderr=log, env=environment())
        try:
            port = wait_for_port(process, folder / "log")
            wait_until_waiting(process, port, len(ids))
            return watch(process.pid, port, load.seconds)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def settings(url: str, waiting: int, load: Load, folder: Path) -> str:
    """Waits so short that the rate is what limits, with few sessions as with many."""
    return f"""[aws]
endpoint_url = "{url}"
[queue]
url = "sqlite:///{folder / "watcher.db"}"
visibility_timeout = {load.lease}
max_in_flight = {waiting}
[polling]
min_interval = 0.1
max_interval = 0.2
concurrency = {load.threads}
max_rate = {load.rate}
[[sinks]]
type = "file"
path = "{folder / "decisions"}"
[http]
port = 0
[log]
format = "json"
"""


def wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port of /metrics, from the log."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"started"' in line:
                return int(json.loads(line)["port"])
        time.sleep(0.1)
    raise SystemExit(f"the daemon did not start: {log.read_text()}")


def wait_until_waiting(process: subprocess.Popen[bytes], port: int, waiting: int) -> None:
    """Until the daemon has taken in all there is."""
    until = time.monotonic() + PATIENCE
    while metric(port, "watcher_sessions_in_flight") < waiting:
        if time.monotonic() > until or process.poll() is not None:
            raise SystemExit("the daemon did not take in what is on the queue")
        time.sleep(0.5)


def watch(pid: int, port: int, seconds: float) -> Sample:
    """What the process does and needs, from now on."""
    polls = metric(port, "watcher_polls_total")
    cpu = cpu_seconds(pid)
    time.sleep(seconds)
    cpu = cpu_seconds(pid) - cpu
    rss, peak, pss = memory(pid)
    return Sample(metric(port, "watcher_polls_total") - polls, cpu, rss, peak, pss)


def metric(port: int, name: str) -> float:
    """A metric of the daemon, summed over its labels."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    families = text_string_to_metric_families(text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> tuple[float, float, float]:
    """MB: resident now, resident at most so far, and the share of it that is not other processes' too."""
    status = numbers(Path(f"/proc/{pid}/status"))
    return status["VmRSS"], status["VmHWM"], numbers(Path(f"/proc/{pid}/smaps_rollup"))["Pss"]


def numbers(path: Path) -> dict[str, float]:
    """Lines of the form `Name: 123 kB`, in MB."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) / 1024 for row in rows if len(row) == 3 and row[2] == "kB"}
