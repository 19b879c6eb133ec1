"""Threads and pipes that stop: injected by the watcher's test hook, or by a reader that reads nothing."""

import os
import signal
from functools import partial

from tests.chaos.circumstances import Circumstances
from tests.chaos.process import WatcherProcess
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, Scenario, add, scenario
from tests.chaos.waiting import wait_until

NAMED = "/livez or /readyz names it within 30 s; SIGTERM and a restart lose nothing"

OURS = ("poller", "scheduler", "lease-extender", "consumer", "recorder", "acker", "deadline-watchdog")
"""Threads whose own code hangs: /livez."""

OUTSIDE = (
    "queue.receive",
    "queue.extend",
    "queue.ack",
    "ledger.record",
    "endpoint.get",
    "sink back-end.emit",
    "sink stdout.emit",
)
"""Calls that hang: /readyz."""


def _stalled(point: str, given: Circumstances) -> str:
    """It hangs for good; whoever watches health restarts the process, by SIGTERM and then by SIGKILL."""
    with Rig(given, ends_after=8.0) as rig:
        (watcher,) = rig.start_ready(WATCHER_TEST_STALL=f"{point}:0", WATCHER_SHUTDOWN__DRAIN_TIMEOUT="5")
        rig.feed(given.count(20))
        noticed = wait_until(lambda: _is_named(watcher, point), f"/livez or /readyz names {point}")
        watcher.expected_codes = {0, 1}
        watcher.send(signal.SIGTERM)
        ended = wait_until(lambda: not watcher.is_running, "its end")
        rig.start()
        rig.settle()
        return f"named after {noticed:.0f} s, ended {ended:.0f} s after SIGTERM; {rig.finish()}"


def _is_named(watcher: WatcherProcess, point: str) -> bool:
    """A thread by its role, on /livez; a call by the part that it belongs to, on /readyz."""
    part, _, _ = point.rpartition(".")
    if part:
        return any(problem["part"] == part for problem in watcher.problems())
    status, text = watcher.livez()
    return status != 200 and point in text


for _point in (*OURS, *OUTSIDE):
    add(
        Scenario(
            f"stalls-{_point.replace(' ', '-').replace('.', '-')}",
            "stalls",
            f"`{_point}` hangs",
            NAMED,
            Level.CI,
            partial(_stalled, _point),
        )
    )


@scenario("stalls", "stderr", "nobody reads stderr (a full pipe)", "decisions go on; SIGTERM drains", Level.SAMPLE)
def _stderr(given: Circumstances) -> str:
    with Rig(given) as rig:
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        _fill(theirs)
        os.set_blocking(theirs, True)
        watcher = rig.start({"WATCHER_LOG__LEVEL": "debug"}, stderr=theirs)
        rig.feed(given.count(60))
        rig.wait_for_deliveries(given.count(60))
        watcher.send(signal.SIGTERM)
        watcher.wait_for_end()
        os.close(ours)
        os.close(theirs)
        rig.start()
        rig.settle()
        return rig.finish()


@scenario(
    "stalls",
    "stdout",
    "nobody reads stdout (a full pipe)",
    "/readyz names it within 30 s; other sinks go on; SIGTERM ends it; nothing is lost",
)
def _stdout(given: Circumstances) -> str:
    with Rig(given) as rig:
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        _fill(theirs)
        os.set_blocking(theirs, True)
        watcher = rig.start({"WATCHER_SHUTDOWN__DRAIN_TIMEOUT": "5"}, stdout=theirs)
        rig.feed(given.count(20))
        rig.wait_for_deliveries(given.count(20))
        noticed, _ = watcher.wait_for_problem("sink stdout")
        watcher.send(signal.SIGTERM)
        watcher.wait_for_end()
        os.close(ours)
        os.close(theirs)
        rig.start()
        rig.settle()
        return f"named after {noticed:.0f} s; {rig.finish()}"


def _fill(pipe: int) -> None:
    try:
        while True:
            os.write(pipe, b"\n")
    except BlockingIOError:
        return
