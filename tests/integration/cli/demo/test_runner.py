from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support import ManualClock
from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.plan import make_plan
from watcher.cli.demo.runner import Stage, play
from watcher.cli.demo.workspace import DemoError, Workspace
from watcher.config import Settings
from watcher.domain.errors import QueueError
from watcher.domain.model import QueueDepth


@dataclass
class StandIn:
    """Simulator, queue and daemon in one: nothing happens but what `left` says of the queue."""

    left: list[int]
    dies: bool = False
    send_fails: bool = False
    url: str = "http://127.0.0.1:1"
    metrics_url: str = "http://127.0.0.1:1/metrics"
    host: str = "127.0.0.1"
    port: int = 1
    created: list[str] = field(default_factory=list)

    def create_session(self, _script: object, *, session_id: str, **_settings: object) -> None:
        self.created.append(session_id)

    def send(self, _bodies: Sequence[str]) -> None:
        if self.send_fails:
            raise QueueError("the disk is full")

    def depth(self) -> QueueDepth:
        return QueueDepth(visible=0, leased=self.left.pop(0) if len(self.left) > 1 else self.left[0])

    def check(self) -> None:
        if self.dies:
            raise DemoError("the daemon ended with exit code 3")


def play_with(stand_in: StandIn) -> tuple[float, list[str]]:
    clock = ManualClock()
    anything = cast("Any", stand_in)
    stage = Stage(make_plan(1, seed=1), Workspace(Path("unused")), Settings(), anything, anything, anything)
    return play(stage, clock, clock.advance)


def test_it_is_over_when_every_message_is_acked(capsys: pytest.CaptureFixture[str]) -> None:
    stand_in = StandIn(left=[1, 1, 0])
    seconds, problems = play_with(stand_in)
    assert problems == []
    assert seconds >= 1.0
    assert len(stand_in.created) == 1
    assert "demo: metrics of the daemon: http://127.0.0.1:1/metrics" in capsys.readouterr().err


def test_a_demo_that_does_not_end_is_ended() -> None:
    seconds, (problem,) = play_with(StandIn(left=[2]))
    assert DEMO.overtime <= seconds < DEMO.overtime + 1
    assert problem == "not done within 120 s: 2 messages are left"


def test_a_daemon_that_died_ends_the_demo() -> None:
    with pytest.raises(DemoError, match="exit code 3"):
        play_with(StandIn(left=[1], dies=True))


def test_a_queue_that_cannot_be_fed_ends_the_demo() -> None:
    with pytest.raises(QueueError, match="the disk is full"):
        play_with(StandIn(left=[1], send_fails=True))
