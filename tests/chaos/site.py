"""What the watchers of a chaos test stand on, and what a test does to them."""

import re
import signal
import time
from contextlib import closing
from pathlib import Path

from tests.acceptance.conftest import Daemon
from tests.chaos.waiting import wait_until
from tests.moto import CREDENTIALS
from tests.stack import aws_client
from tests.support import run_watcher, watcher_process
from watcher.domain.model import LedgerEntry
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock

QUICK = SessionScript(created_for=0, in_progress_for=3)
NEVER = SessionScript(ending="IN_PROGRESS")
GET = "GetFaceLivenessSessionResults"
EMPTY_LOOKS = 10


class Site:
    """A queue at moto, a local Rekognition endpoint, and watchers that share both and a ledger."""

    def __init__(self, folder: Path, moto_url: str, simulator: Simulator, suffix: str = "") -> None:
        self.folder = folder
        self.simulator = simulator
        self.daemons: list[Daemon] = []
        self.client = aws_client("sqs", moto_url)
        self.queue_url = self.create_queue("sessions", suffix)
        self.dead_letter_url = self.create_queue("dead", suffix)
        self.environment = {
            **CREDENTIALS,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_REKOGNITION": simulator.url,
            "WATCHER_HTTP__PORT": "0",
            "WATCHER_QUEUE__URL": self.queue_url,
            "WATCHER_QUEUE__TYPE": "sqs",
            "WATCHER_QUEUE__DEAD_LETTER_URL": self.dead_letter_url,
            "WATCHER_QUEUE__ENDPOINT_URL": moto_url,
            "WATCHER_LEDGER__URL": "sqlite:///ledger.db",
            "WATCHER_POLLING__SESSION_TIMEOUT": "36",
            "WATCHER_POLLING__MIN_INTERVAL": "0.5",
            "WATCHER_POLLING__MAX_INTERVAL": "2",
            "WATCHER_POLLING__CONCURRENCY": "4",
        }

    def create_queue(self, name: str, suffix: str) -> str:
        attributes = {"FifoQueue": "true"} if suffix else {}
        url: str = self.client.create_queue(QueueName=name + suffix, Attributes=attributes)["QueueUrl"]
        return url

    def command(self, *arguments: str) -> str:
        """Run the watcher's command to its end; returns its stdout."""
        done = run_watcher(self.folder, *arguments, stdin=b"", **self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, **settings: str) -> Daemon:
        daemon = Daemon(watcher_process(self.folder, "run", **(self.environment | settings)))
        self.daemons.append(daemon)
        return daemon

    def feed(self, count: int, script: SessionScript) -> list[str]:
        """Create sessions and send their ids."""
        ids = [self.simulator.create_session(script) for _ in range(count)]
        for begin in range(0, count, 10):
            batch = ids[begin : begin + 10]
            entries = [{"Id": str(n), "MessageBody": session} for n, session in enumerate(batch)]
            answer = self.client.send_message_batch(QueueUrl=self.queue_url, Entries=entries)
            assert len(answer["Successful"]) == len(entries)
        return ids

    def depth(self, url: str = "") -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def wait_until_empty(self) -> None:
        """Wait for an empty queue. One look is not enough: the two counts are not taken at the same moment, and a
        message whose lease runs out between them is in neither."""
        empty_looks = 0

        def is_empty() -> bool:
            nonlocal empty_looks
            empty_looks = empty_looks + 1 if self.depth() == (0, 0) else 0
            return empty_looks >= EMPTY_LOOKS

        wait_until(is_empty, "empty")

    def ledger(self) -> list[LedgerEntry]:
        with closing(SqliteLedger(self.folder / "ledger.db", SystemClock())) as ledger:
            return list(ledger.after(0, 100_000))

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.close()
        self.client.close()


def stop(daemon: Daemon) -> float:
    """SIGTERM, and the seconds until it has ended, with exit 0."""
    begun = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0, daemon.log
    return time.monotonic() - begun


def in_flight(daemon: Daemon) -> int:
    found = re.search(r"^watcher_sessions_in_flight (\S+)", daemon.get("/metrics"), re.MULTILINE)
    assert found
    return int(float(found[1]))


def polls_of(site: Site, session: str) -> int:
    return sum(call.session_id == session and call.operation == GET for call in site.simulator.calls)
