"""The demo from beginning to end."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from watcher.cli.demo.comparison import compare
from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.display import open_display
from watcher.cli.demo.hints import Hinted, HintedSimulator, hinted
from watcher.cli.demo.plan import DemoPlan, make_plan
from watcher.cli.demo.process import DaemonProcess, start_daemon
from watcher.cli.demo.producer import Producer
from watcher.cli.demo.snapshot import Scrape, Snapshot, scrape
from watcher.cli.demo.summary import Report, print_report
from watcher.cli.demo.workspace import DemoError, Workspace, open_workspace
from watcher.config import Settings
from watcher.domain.errors import WatcherError
from watcher.domain.ports import Clock, Queue
from watcher.queues import open_dead_letters, open_queue
from watcher.simulator import Simulator
from watcher.util.clock import SystemClock

_GET = "GetFaceLivenessSessionResults"
_THROTTLES = ("ThrottlingException", "ProvisionedThroughputExceededException")


@dataclass(frozen=True, slots=True)
class Stage:
    """All running parts."""

    plan: DemoPlan
    workspace: Workspace
    settings: Settings
    simulator: Simulator
    queue: Queue
    daemon: DaemonProcess


def run_demo(sessions: int, seed: int, keep: Path | None) -> bool:
    """Run it, with progress on stderr and the summary on stdout; returns whether every decision is as scripted.

    Raises:
        DemoError: the daemon did not start, died or did not stop, or a folder, port or queue is unavailable.
    """
    plan = make_plan(sessions, seed)
    with ExitStack() as stack:
        try:
            stage = _set_up(plan, seed, keep, stack)
            seconds, problems = play(stage, SystemClock(), time.sleep)
            stage.daemon.stop()
            report = _report(stage, seconds, problems)
        except (WatcherError, OSError) as error:
            raise DemoError(str(error)) from error
        print_report(report)
        return report.is_good


def _set_up(plan: DemoPlan, seed: int, keep: Path | None, stack: ExitStack) -> Stage:
    workspace = stack.enter_context(open_workspace(keep))
    hinted_simulator = HintedSimulator(seed)
    simulator = stack.enter_context(hinted_simulator.simulator)
    settings = workspace.furnish(simulator.url).settings
    queue = open_queue(settings, SystemClock())
    stack.callback(queue.close)
    hinted_simulator.announce_on(queue)
    stack.callback(simulator.close)  # before the queue, on which it announces
    daemon = stack.enter_context(start_daemon(workspace))
    return Stage(plan, workspace, settings, simulator, queue, daemon)


def play(stage: Stage, clock: Clock, sleep: Callable[[float], None]) -> tuple[float, list[str]]:
    """Produce and watch until all is decided; returns the seconds that it took, and what went wrong.

    Raises:
        DemoError: the daemon died.
        QueueError: the queue can't be written or read.
    """
    begun_at = clock.monotonic()
    feeder = Producer(stage.plan, stage.simulator, stage.queue, clock, Event())
    limit = DEMO.overtime + 2 * len(stage.plan.sessions) / DEMO.feed_rate
    numbers = Scrape()
    with feeder.feeding(), open_display(stage.simulator.url, stage.daemon.metrics_url) as display:
        while True:
            is_over = _is_over(stage, feeder)
            numbers = scrape(stage.daemon) or numbers
            elapsed = clock.monotonic() - begun_at
            display.show(Snapshot(elapsed, len(stage.plan.sessions), feeder.begun, numbers, is_over))
            if is_over:
                return elapsed, []
            if elapsed >= limit:
                return elapsed, [f"not done within {limit:.0f} s: {_left(stage.queue)} messages are left"]
            stage.daemon.check()
            sleep(DEMO.interval)


def _is_over(stage: Stage, feeder: Producer) -> bool:
    """Whether all was sent, and acked: a message stays on the queue until its decision has been delivered."""
    if feeder.error is not None:
        raise feeder.error
    return feeder.is_done and _left(stage.queue) == 0


def _left(queue: Queue) -> int:
    depth = queue.depth()
    return depth.visible + depth.leased


def _report(stage: Stage, seconds: float, problems: list[str]) -> Report:
    dead = _dead_letters(stage)
    calls = stage.simulator.counts().get(_GET, {})
    text = stage.workspace.decisions.read_text(encoding="utf-8", errors="replace")
    comparison = compare(stage.plan, text.splitlines(), dead)
    return Report(
        comparison=comparison,
        sessions=len(stage.plan.sessions),
        calls=sum(calls.values()),
        refused=sum(calls.get(code, 0) for code in _THROTTLES),
        dead=dead.total(),
        seconds=seconds,
        problems=tuple(problems),
        hints=_hinted(stage, comparison.decided_at),
    )


def _hinted(stage: Stage, decided_at: Mapping[str, float]) -> Hinted:
    planned = (session for session in stage.plan.sessions if session.script is not None)
    sessions = [stage.simulator.session(session.session_id) for session in planned]
    announced = (hint.session.id for hint in stage.simulator.hints if hint.is_true)
    return hinted(sessions, announced, decided_at, time.time() - time.monotonic())


def _dead_letters(stage: Stage) -> Counter[str]:
    with open_dead_letters(stage.settings, SystemClock()) as letters:
        return Counter(letter.reason for letter in letters.list(limit=1000))
