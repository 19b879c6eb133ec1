"""Several real watchers on one queue: the one that receives a hint is rarely the one that watches the session.

They poll when they receive a session and then hardly ever, so that only a hint explains an early decision. With
WATCHER_TEST_REPLICAS=8 and `pytest -s -k how_long`, this prints how long that takes with eight of them.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from tests.moto import CREDENTIALS, MotoServer
from tests.stack import create_stack
from watcher.config import Settings, load
from watcher.domain.model import LedgerEntry, SessionKey
from watcher.ledgers import open_reader
from watcher.queues import open_queue
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock

REPLICAS = int(os.environ.get("WATCHER_TEST_REPLICAS", "2"))

CAMERA = SessionScript(created_for=0, in_progress_for=40)
"""Ten seconds with the fixture's simulator: time for a slow machine to receive and poll all sessions."""

RARELY = {
    "WATCHER_POLLING__STRATEGY": "backoff",
    "WATCHER_POLLING__MIN_INTERVAL": "40",
    "WATCHER_POLLING__MAX_INTERVAL": "40",
    "WATCHER_LOG__LEVEL": "debug",
    "WATCHER_DECISION__POLICIES": '{"payout": {"threshold": 95.0}}',
}


class Fleet:
    """Watchers on one queue and one ledger, and what their sessions went through."""

    def __init__(
        self, folder: Path, environment: dict[str, str], start: Callable[..., Daemon], simulator: Simulator
    ) -> None:
        self._environment = environment
        self._start = start
        self._simulator = simulator
        self._settings: Settings = load(None, {}, environment, folder).settings
        self._opened = ExitStack()
        self._queue = self._opened.enter_context(closing(open_queue(self._settings, SystemClock())))
        self.daemons: list[Daemon] = []

    def start(self, **settings: str) -> Daemon:
        """One more watcher, which receives messages by now."""
        daemon = self._start(**self._environment | settings)
        self.daemons.append(daemon)
        daemon.wait_for_event("started")
        return daemon

    def begin(self, count: int, policy: str = "default") -> list[str]:
        """New sessions, each of which some watcher watches: it has been polled."""
        session_ids = [self._simulator.create_session(CAMERA) for _ in range(count)]
        self._queue.send([json.dumps({"sessionId": one, "policy": policy}) for one in session_ids])
        self._wait(lambda: all(self.polls(one) for one in session_ids), "first polls")
        return session_ids

    def end(self, session_ids: Sequence[str]) -> None:
        """Wait until the camera of all of them is off, which nobody notices."""
        self._wait(lambda: all(self._simulator.status(one) == "SUCCEEDED" for one in session_ids), "ends")
        assert [self.polls(one) for one in session_ids] == [["IN_PROGRESS"]] * len(session_ids)

    def notify(self, session_id: str) -> None:
        """S3's notification that the reference image is there."""
        key = f"checks/{session_id}/reference.jpg"
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}
        self._queue.send([json.dumps({"Records": [record]})])

    def polls(self, session_id: str) -> list[str]:
        """What its polls found."""
        return [call.result for call in self._simulator.calls if call.session_id == session_id and is_poll(call)]

    def polled_at(self, session_id: str) -> float:
        """When its latest poll was answered, by the monotonic clock."""
        return max(call.at for call in self._simulator.calls if call.session_id == session_id and is_poll(call))

    def decided(self, session_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The data of the decisions, once all are there; each was made once, by any watcher."""

        def found() -> list[dict[str, Any]]:
            return [event["data"] for daemon in self.daemons for event in daemon.decisions]

        self._wait(lambda: {one["sessionId"] for one in found()} >= set(session_ids), "decisions")
        by_id = {one["sessionId"]: one for one in found()}
        assert len(by_id) == len(found())
        return [by_id[one] for one in session_ids]

    def hints(self, session_id: str, policy: str = "default") -> list[str]:
        """The sources of the hints in its trail, in the order of the trail; polls are `poll`."""
        key = SessionKey(session_id, policy)
        entry: LedgerEntry = self._ledger().find([key])[key]
        return [step.get("source", step["event"]) for step in json.loads(entry.trail)]

    def close(self) -> None:
        """Close the queue; the daemons are the fixture's."""
        self._opened.close()

    def _ledger(self) -> Any:
        return self._opened.enter_context(closing(open_reader(self._settings, SystemClock())))

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"no {what}; logs: {[daemon.log[-5:] for daemon in self.daemons]}"
            time.sleep(0.02)


def is_poll(call: Any) -> bool:
    """Whether this is a poll, not a creation."""
    return bool(call.operation.startswith("Get"))


@pytest.fixture
def sqlite(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Queue, ledger and hint log in one file."""
    return environment | RARELY | {"WATCHER_QUEUE__URL": f"sqlite:///{tmp_path / 'watcher.db'}"}


@pytest.fixture
def dynamodb(environment: dict[str, str], moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The stack's queue and table."""
    stack = create_stack(moto.url)
    aws = {
        **CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": stack["Region"],
        "AWS_ENDPOINT_URL_DYNAMODB": moto.url,
        "AWS_ENDPOINT_URL_SQS": moto.url,
        "NO_PROXY": "*",
    }
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    return {
        **environment,
        **RARELY,
        **aws,
        "WATCHER_QUEUE__URL": stack["QueueUrl"],
        "WATCHER_QUEUE__TYPE": "sqs",
        "WATCHER_LEDGER__URL": stack["LedgerUrl"],
    }


@pytest.fixture(params=["sqlite", "dynamodb"])
def fleet(
    request: pytest.FixtureRequest, tmp_path: Path, start: Callable[..., Daemon], simulator: Simulator
) -> Iterator[Fleet]:
    environment: dict[str, str] = request.getfixturevalue(request.param)
    with closing(Fleet(tmp_path, environment, start, simulator)) as fleet:
        yield fleet


def start_with_receiver(fleet: Fleet, sessions: int, **settings: str) -> tuple[list[str], Daemon]:
    """A watcher with as many sessions as it takes, and another one, which receives everything else."""
    fleet.start(WATCHER_QUEUE__MAX_IN_FLIGHT=str(sessions))
    watched = fleet.begin(sessions, "payout")
    return watched, fleet.start(**settings)


def test_a_hint_that_another_watcher_receives_decides_the_session(fleet: Fleet, tmp_path: Path) -> None:
    (first, second), _ = start_with_receiver(fleet, 2)
    fleet.end([first, second])
    fleet.notify(first)
    (decision,) = fleet.decided([first])
    assert (decision["outcome"], decision["policy"], decision["threshold"]) == ("live", "payout", 95.0)
    assert fleet.hints(first, "payout") == ["received", "poll", "replica", "poll"]
    assert fleet.polls(second) == ["IN_PROGRESS"]
    assert not [event for daemon in fleet.daemons[1:] for event in daemon.decisions]


def test_a_hint_outlives_the_watcher_that_received_it(fleet: Fleet) -> None:
    """Killed at once: it may not have acked, or not have written. Then another one polls in time without the hint."""
    (session_id,), receiver = start_with_receiver(fleet, 1)
    fleet.end([session_id])
    fleet.notify(session_id)
    receiver.wait_for_event("hint_received", result="unknown")
    receiver.send(signal.SIGKILL)
    (decision,) = fleet.decided([session_id])
    assert (decision["outcome"], decision["policy"]) == ("live", "payout")


def test_a_watcher_that_keeps_no_ledger_uses_its_own_hints_and_passes_none_on(
    sqlite: dict[str, str], tmp_path: Path, start: Callable[..., Daemon], simulator: Simulator
) -> None:
    with closing(Fleet(tmp_path, sqlite | {"WATCHER_LEDGER__URL": "none"}, start, simulator)) as fleet:
        (watched,), receiver = start_with_receiver(fleet, 1)
        (own,) = fleet.begin(1)
        fleet.end([watched, own])
        fleet.notify(watched)
        receiver.wait_for_event("hint_received", result="unknown")
        fleet.notify(own)
        assert [one["outcome"] for one in fleet.decided([own])] == ["live"]
        assert fleet.polls(watched) == ["IN_PROGRESS"]
        assert [line["event"] for line in receiver.log if line["level"] in ("error", "critical")] == []


def test_how_long_a_hint_takes_to_the_poll(fleet: Fleet) -> None:
    """No limit is checked: this machine may be busy."""
    for _ in range(REPLICAS):
        fleet.start()
    session_ids = fleet.begin(6 * REPLICAS)
    fleet.end(session_ids)
    sent = {}
    for session_id in session_ids:
        sent[session_id] = time.monotonic()
        fleet.notify(session_id)
        time.sleep(0.2)
    decisions = fleet.decided(session_ids)
    assert {one["outcome"] for one in decisions} == {"live"}
    sources = [source for one in session_ids for source in fleet.hints(one) if source in ("s3", "replica")]
    assert len(sources) == len(session_ids)
    delays = sorted(fleet.polled_at(one) - sent[one] for one in session_ids)
    p95 = quantiles(delays, n=20)[-1]
    print(
        f"\n{REPLICAS} replicas, {len(delays)} hints, {sources.count('replica')} passed on: "
        f"p50 {median(delays):.2f} s, p95 {p95:.2f} s, longest {delays[-1]:.2f} s"
    )
