"""The processes that bench_watcher.py measures, each on its own and stopped while it is not its turn."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from tests.benchmarks.instrumented import POLLS
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.util.clock import SystemClock

WATCHER = [sys.executable, "-m", "watcher"]
PATIENCE = 60.0
"""Seconds for a process to get where it should be."""

LOOPS = {"plain": "boto3's client in a bare loop", "watcher": "the watcher's client in a bare loop"}
"""Names of the bare loops by their kind of client."""

SCENARIO = """[[endings]]
name = "waiting"
status = "IN_PROGRESS"
created_for = 0
"""


@dataclass(frozen=True, slots=True)
class Load:
    """How hard everything is polled: calls a second, threads, seconds of a lease."""

    rate: float
    threads: int
    lease: float


class Contestant:
    """A process that polls. Between its turns it is stopped, so that it uses CPU only in them."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.process = process
        self._polls = self._cpu = 0.0

    def polls(self) -> float:
        """Polls since the process began; it has to be running."""
        raise NotImplementedError

    def ready(self) -> None:
        """Count from here, and wait for the first turn."""
        self._polls = self.polls()
        self._stop()
        self._cpu = cpu_seconds(self.process.pid)

    def turn(self, seconds: float) -> None:
        """Let it run for so long."""
        self.process.send_signal(signal.SIGCONT)
        time.sleep(seconds)
        self._stop()

    def result(self) -> tuple[float, float]:
        """Polls, and CPU seconds, of all its turns; it runs from here on."""
        cpu = cpu_seconds(self.process.pid) - self._cpu
        self.process.send_signal(signal.SIGCONT)
        return self.polls() - self._polls, cpu

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()

    def _stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED)


class BareLoop(Contestant):
    """See bare_loop.py; `client` is `plain` or `watcher`."""

    def __init__(self, client: str, url: str, ids: Sequence[str], load: Load, folder: Path) -> None:
        names = folder / "ids"
        names.write_text("\n".join(ids))
        options = {"client": client, "url": url, "ids": names, "threads": load.threads, "rate": load.rate}
        words = [word for option, value in options.items() for word in (f"--{option}", str(value))]
        super().__init__(
            LOOPS[client], spawn([sys.executable, str(Path(__file__).with_name("bare_loop.py")), *words])
        )
        wait_until(lambda: self.polls() > load.rate / 2, self.process)

    def polls(self) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class WatcherRun(Contestant):
    """`watcher run` with all of `ids` waiting in its SQLite queue."""

    def __init__(self, name: str, url: str, ids: Sequence[str], load: Load, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        queue = SqliteQueue(folder / "watcher.db", load.lease, SystemClock())
        queue.send(ids)
        queue.close()
        config, log = folder / "watcher.toml", folder / "log"
        config.write_text(settings(url, len(ids), load, folder))
        with log.open("w") as stderr:
            super().__init__(name, spawn([*self.words(), "run", "--config", str(config)], stderr.fileno()))
        wait_until(lambda: '"started"' in log.read_text(), self.process)
        self._port = next(json.loads(line)["port"] for line in log.read_text().splitlines() if '"started"' in line)
        wait_until(lambda: self._metric("watcher_sessions_in_flight") == len(ids), self.process)

    def words(self) -> list[str]:
        """The command, without its arguments."""
        return WATCHER

    def polls(self) -> float:
        return self._metric("watcher_polls_total")

    def memory(self) -> dict[str, float]:
        """MB: `VmRSS` resident now, `VmHWM` at most so far, `Pss` without the part that is other processes' too."""
        place = Path(f"/proc/{self.process.pid}")
        return numbers(place / "status") | numbers(place / "smaps_rollup")

    def _metric(self, name: str) -> float:
        """A metric, summed over its labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        families = text_string_to_metric_families(connection.getresponse().read().decode())
        connection.close()
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)


class InstrumentedRun(WatcherRun):
    """The same with a stopwatch on its parts; see instrumented.py."""

    def words(self) -> list[str]:
        return [sys.executable, str(Path(__file__).with_name("instrumented.py")), str(self._spent)]

    def ready(self) -> None:
        self.process.send_signal(signal.SIGUSR1)
        super().ready()

    def parts(self) -> dict[str, float]:
        """CPU microseconds a poll by part, once it has ended."""
        spent: dict[str, float] = json.loads(self._spent.read_text())
        polls = spent.pop(POLLS)
        return {part: seconds / polls * 1e6 for part, seconds in spent.items()}

    @property
    def _spent(self) -> Path:
        return self.folder / "spent.json"


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


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """A Rekognition endpoint whose sessions stay IN_PROGRESS for five hours."""
    scenario = folder / "scenario.toml"
    scenario.write_text(SCENARIO)
    process = spawn([*WATCHER, "simulate", "--scenario", str(scenario), "--time-scale", "0.01"])
    try:
        yield first_line(process)
    finally:
        Contestant("simulator", process).end()


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


def spawn(command: Sequence[str], stderr: int | None = None) -> subprocess.Popen[str]:
    """A process with made-up credentials, and nothing of this machine's AWS configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHER_"))}
    made_up = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true"}
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "*"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, text=True, env=kept | made_up | nothing)


def first_line(process: subprocess.Popen[str], seconds: float = PATIENCE) -> str:
    """What it prints first, such as its URL; ends the benchmark if it prints nothing."""
    assert process.stdout is not None
    has_printed, _, _ = select.select([process.stdout], [], [], seconds)
    line = process.stdout.readline().strip() if has_printed else ""
    if not line:
        raise SystemExit(f"{process.args!r} ended, or printed nothing for {seconds:g} s")
    return line


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Look five times a second, for a minute at most."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until or process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended, or is not ready after {PATIENCE:.0f} s")
        time.sleep(0.2)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def numbers(path: Path) -> dict[str, float]:
    """Lines of the form `Name: 123 kB`, in MB."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) / 1024 for row in rows if len(row) == 3 and row[2] == "kB"}
