"""SIGHUP to `watcher run`, and which file it reads then."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Daemon, put_on_queue
from watcher.simulator import SessionScript, Simulator

Start = Callable[..., Daemon]

STRICT = "[decision]\nthreshold = 95.0\n[decision.policies.payout]\nthreshold = 97.0\n"


@pytest.mark.parametrize("variable", ["", "watcher.toml"])
def test_a_settings_file_that_is_gone_fails_a_reload_however_it_was_named(
    tmp_path: Path, simulator: Simulator, start: Start, variable: str
) -> None:
    settings = tmp_path / "watcher.toml"
    settings.write_text(STRICT)
    daemon = start(WATCHER_CONFIG=variable)
    daemon.wait_for_event("started")
    settings.unlink()
    daemon.send(signal.SIGHUP)
    (problem,) = daemon.wait_for_event("reload_failed")["problems"]
    assert problem.startswith("watcher.toml can't be read (")
    assert "watcher_config_last_reload_successful 0.0" in daemon.get("/metrics")
    subject = simulator.create_session(SessionScript(in_progress_for=1, confidence=90.0))
    put_on_queue(tmp_path, subject)
    (decision,) = daemon.wait_for_decisions(1)
    assert (decision["data"]["outcome"], decision["data"]["threshold"]) == ("not_live", 95.0)
    settings.write_text(STRICT.replace("95", "96"))
    daemon.send(signal.SIGHUP)
    assert daemon.wait_for_event("reloaded")["applied"] == ["decision.threshold"]


def test_a_folder_that_is_gone_fails_a_reload(tmp_path: Path, start: Start) -> None:
    (tmp_path / "watcher.toml").write_text(STRICT)
    daemon = start()
    daemon.wait_for_event("started")
    shutil.rmtree(tmp_path)
    daemon.send(signal.SIGHUP)
    assert daemon.wait_for_event("reload_failed")["problems"][0].startswith("watcher.toml can't be read (")
    assert "watcher_config_last_reload_successful 0.0" in daemon.get("/metrics")
