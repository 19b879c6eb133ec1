"""Somebody sets the wall clock under real watchers: no session notices."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Daemon
from tests.moto import CREDENTIALS, MotoServer
from tests.stack import aws_client
from tests.support import run_watcher, watcher_process
from watcher.simulator import SessionScript, Simulator

pytestmark = pytest.mark.timeout(400)  # twenty processes, one after the other

HOOK = Path(__file__).parent / "stepped"
STEPS = [-60, 60, -200, 200, -3600, 3600]
SESSIONS = 10
"""Sessions that are watched while the clock is set. Those of the next step are sent by the new time."""

POLLS = 3
"""Polls of each session after the step. The queue is looked at for expired leases in between."""

LENGTH = 20.0
"""Seconds that a session takes, by the simulator's clock, which the test moves."""

SCRIPT = SessionScript(created_for=0, in_progress_for=LENGTH)


class SteppedSite:
    """Watchers and producers on one machine, whose wall clock the test sets."""

    def __init__(self, folder: Path, queue: dict[str, str]) -> None:
        self.folder = folder
        self.simulated = 0.0
        self.simulator = Simulator(seed=1, clock=lambda: self.simulated)
        self.simulator.set_rate_limit(100_000)  # a quota would need a clock that goes on
        self.daemons: list[Daemon] = []
        self.offsets = [0.0]
        self._step_file = folder / "step"
        self.set_clock(0)
        self.environment = {
            **CREDENTIALS,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_REKOGNITION": self.simulator.url,
            "PYTHONPATH": f"{HOOK}:{os.environ.get('PYTHONPATH', '')}",
            "CLOCK_STEP_FILE": str(self._step_file),
            "WATCHER_HTTP__PORT": "0",
            "WATCHER_POLLING__MIN_INTERVAL": "0.2",
            "WATCHER_POLLING__MAX_INTERVAL": "0.5",
            **queue,
        }

    def set_clock(self, seconds: float) -> None:
        """Set the machine's wall clock, to so many seconds from the true time."""
        new = self._step_file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._step_file)
        self.offsets.append(seconds)

    def start(self, count: int) -> None:
        """Start watchers; each has its first look at the clock behind it."""
        self.daemons = [Daemon(watcher_process(self.folder, "run", **self.environment)) for _ in range(count)]
        for daemon in self.daemons:
            daemon.wait_for_event("started")

    def send(self, count: int) -> list[str]:
        """Create sessions and enqueue them, as a program on this machine does."""
        ids = [self.simulator.create_session(SCRIPT) for _ in range(count)]
        done = run_watcher(self.folder, "enqueue", *ids, stdin=b"", **self.environment)
        assert done.returncode == 0, done.stderr
        return ids

    def decisions(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """All decisions for these sessions so far."""
        found = [event["data"] for daemon in self.daemons for event in list(daemon.decisions)]
        return [data for data in found if data["sessionId"] in ids]

    def wait_for_decisions(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        begun = time.monotonic()
        while len({data["sessionId"] for data in self.decisions(ids)}) < len(ids):
            assert time.monotonic() - begun < 60, f"{len(self.decisions(ids))} of {len(ids)} were decided"
            time.sleep(0.05)
        return self.decisions(ids)

    def wait_for_polls(self, ids: Sequence[str], count: int) -> None:
        """Wait until each of these was polled so often from now on, or decided."""
        begun, before = time.monotonic(), len(self.simulator.calls)
        while True:
            polls = Counter(call.session_id for call in self.simulator.calls[before:])
            decided = {data["sessionId"] for data in self.decisions(ids)}
            if all(polls[session] >= count or session in decided for session in ids):
                return
            assert time.monotonic() - begun < 60, "not all were polled"
            time.sleep(0.05)


Make = Callable[[dict[str, str]], SteppedSite]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    sites: list[SteppedSite] = []

    def site(queue: dict[str, str]) -> SteppedSite:
        sites.append(SteppedSite(tmp_path, queue))
        return sites[-1]

    yield site
    for made in sites:
        for daemon in made.daemons:
            daemon.close()
        made.simulator.close()


def steps_change_nothing(site: SteppedSite, *, is_stamped_here: bool) -> None:
    begun = time.time()
    for step in STEPS:
        offset = site.offsets[-1]
        ids = site.send(SESSIONS)
        site.wait_for_polls(ids, 1)
        site.set_clock(offset + step)
        site.wait_for_polls(ids, POLLS)
        assert site.decisions(ids) == [], f"decided by a step of {step} s alone"
        site.simulated += LENGTH
        decided = site.wait_for_decisions(ids)
        assert [data["outcome"] for data in decided] == ["live"] * SESSIONS, (step, decided)
        for data in decided:
            created = datetime.fromisoformat(data["createdAt"]).timestamp()
            stamped = offset if is_stamped_here else 0.0  # SQS has a clock of its own
            assert begun + stamped - 1 <= created <= time.time() + stamped, (step, data)
    everything = [event["subject"] for daemon in site.daemons for event in daemon.decisions]
    assert len(everything) == len(set(everything)) == len(STEPS) * SESSIONS


@pytest.mark.parametrize("watchers", [1, 2])
def test_on_sqlite_no_session_notices_a_step_of_the_wall_clock(make: Make, watchers: int) -> None:
    site = make({})
    site.start(watchers)
    steps_change_nothing(site, is_stamped_here=True)
    for daemon in site.daemons:
        daemon.wait_for_event("clock_stepped")


def test_on_sqs_no_session_notices_a_step_of_the_wall_clock(make: Make, moto: MotoServer) -> None:
    client = aws_client("sqs", moto.url)
    url = client.create_queue(QueueName="stepped")["QueueUrl"]
    client.close()
    site = make(
        {
            "WATCHER_QUEUE__URL": url,
            "WATCHER_QUEUE__TYPE": "sqs",
            "WATCHER_QUEUE__ENDPOINT_URL": moto.url,
            "WATCHER_LEDGER__URL": "sqlite:///ledger.db",
        }
    )
    site.start(1)
    steps_change_nothing(site, is_stamped_here=False)
