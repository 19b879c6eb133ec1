"""What `watcher run` has learned is there after a restart, in the log and in the metrics."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Daemon, put_on_queue
from watcher.simulator import SessionScript, Simulator

QUICK = SessionScript(created_for=0, in_progress_for=1)


def serve(start: Callable[..., Daemon], simulator: Simulator, folder: Path, sessions: int) -> Daemon:
    ids = [simulator.create_session(QUICK) for _ in range(sessions)]
    put_on_queue(folder, *ids)
    daemon = start()
    assert {decision["subject"] for decision in daemon.wait_for_decisions(sessions)} == set(ids)
    return daemon


def test_what_was_learned_survives_a_restart(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon]
) -> None:
    first = serve(start, simulator, tmp_path, 80)
    metrics = first.get("/metrics")
    assert 'watcher_schedule_mode{mode="learned"} 1.0' in metrics
    (median,) = re.findall(r'watcher_schedule_duration_seconds{share="0.5"} (\S+)', metrics)
    (sessions,) = re.findall(r"^watcher_schedule_sessions (\S+)", metrics, re.MULTILINE)
    first.send(signal.SIGTERM)
    assert first.end() == 0
    second = serve(start, simulator, tmp_path, 2)
    learned = second.wait_for_event("schedule_mode_changed", mode="learned")
    assert learned["sessions"] == round(float(sessions))
    # A running watcher fits its curve after every few ends, a starting one with all of them: a quarter may be new.
    assert learned["median"] == pytest.approx(float(median), rel=0.25, abs=0.1)
